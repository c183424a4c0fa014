// Tests of graphs that take in rows.

import Testing
import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

@Suite struct GrowingGraphTests {
    func grown(
        _ vectors: ByteVectors, parameters: GraphParameters = GraphParameters(),
        threadCount: Int = 2
    ) throws -> GrowingGraph {
        let graph = try GrowingGraph(
            table: vectors.table, capacity: max(1, vectors.rowCount), parameters: parameters)
        graph.insert(
            upTo: vectors.rowCount, runtime: SystemRuntime(), threadCount: threadCount)
        return graph
    }

    func recall(_ graph: GrowingGraph, _ vectors: ByteVectors, width: Int) -> Double {
        let scratch = SearchScratch()
        var hits = 0
        for row in stride(from: 3, to: vectors.rowCount, by: vectors.rowCount / 50) {
            let truth = vectors.nearest(to: row, count: 10, limit: vectors.rowCount)
            graph.search(vectors.query(row), width: width, scratch: scratch)
            let found = (0..<min(10, scratch.resultCount)).map {
                scratch.result(at: $0).row.rawValue
            }
            hits += Set(truth).intersection(found).count
        }
        return Double(hits) / 500
    }

    @Test(arguments: [1, 2, 3, 63, 64, 65, 255, 256, 257, 1_000])
    func `a finished graph of any size is sound`(rowCount: Int) throws {
        let vectors = ByteVectors.clustered(rowCount: rowCount, dimension: 12, seed: 1)
        let graph = try grown(vectors)
        let adjacency = graph.finish(
            rowCount: rowCount, runtime: SystemRuntime(), threadCount: 2)
        #expect(adjacency.flaw == nil)
        #expect(adjacency.rowCount == rowCount)
    }

    @Test(arguments: [(1, 500), (2, 500), (1_536, 300), (4_096, 260)])
    func `any dimension will do`(dimension: Int, rowCount: Int) throws {
        let vectors = ByteVectors.clustered(rowCount: rowCount, dimension: dimension, seed: 2)
        let adjacency = try grown(vectors).finish(
            rowCount: rowCount, runtime: SystemRuntime(), threadCount: 2)
        #expect(adjacency.flaw == nil)
    }

    @Test(arguments: [2, 300, 3_000])
    func `equal vectors are all reachable`(rowCount: Int) throws {
        let vectors = ByteVectors(rowCount: rowCount, dimension: 8) { _, index in Float(index) }
        let adjacency = try grown(vectors).finish(
            rowCount: rowCount, runtime: SystemRuntime(), threadCount: 2)
        #expect(adjacency.flaw == nil)
    }

    @Test(arguments: [UInt64(1), 2, 3])
    func `search finds nearly all nearest rows`(seed: UInt64) throws {
        let vectors = ByteVectors.clustered(rowCount: 5_000, dimension: 24, seed: seed)
        let graph = try grown(vectors)
        let found = recall(graph, vectors, width: 64)
        #expect(found > 0.95, "seed \(seed)")
    }

    @Test func `rows that arrive cluster after cluster are found`() throws {
        let vectors = ByteVectors.clustered(
            rowCount: 6_000, dimension: 24, clusterCount: 12, seed: 4, inOrder: true)
        let found = recall(try grown(vectors), vectors, width: 64)
        #expect(found > 0.9)
    }

    @Test func `the graph does not depend on threads or tiers`() throws {
        let best = ByteVectors.clustered(rowCount: 3_000, dimension: 20, seed: 5)
        let scalar = ByteVectors.clustered(rowCount: 3_000, dimension: 20, seed: 5, tier: .scalar)
        let runtime = SystemRuntime()
        let first = try grown(best, threadCount: 1).finish(
            rowCount: 3_000, runtime: runtime, threadCount: 1)
        let second = try grown(best, threadCount: 4).finish(
            rowCount: 3_000, runtime: runtime, threadCount: 3)
        let third = try grown(scalar).finish(rowCount: 3_000, runtime: runtime, threadCount: 2)
        #expect(first.lists == second.lists)
        #expect(first.lists == third.lists)
        #expect(first.entryPoints == third.entryPoints)
    }

    @Test func `the schedule doubles, then grows by the hundredth`() {
        var ends: [Int] = [0]
        while let last = ends.last, last < 1_000_000 {
            ends.append(GrowingGraph.nextBatchEnd(indexed: last))
        }
        #expect(ends.prefix(9) == [0, 1, 2, 4, 8, 16, 32, 64, 128])
        for (start, end) in zip(ends, ends.dropFirst()).dropFirst(8) {
            #expect(end - start <= max(64, start / 50))
            #expect(end - start <= 2_048)
        }
    }

    @Test func `searches during insertion see the rows of their beginning`() throws {
        let vectors = ByteVectors.clustered(rowCount: 4_000, dimension: 16, seed: 6)
        let graph = try GrowingGraph(table: vectors.table, capacity: 4_000)
        let runtime = SystemRuntime()
        runtime.parallel(count: 3, threadCount: 3) { index in
            if index == 0 {
                graph.insert(upTo: 4_000, runtime: runtime, threadCount: 1)
                return
            }
            let scratch = SearchScratch()
            while graph.indexedRowCount < 4_000 {
                if graph.indexedRowCount == 0 { continue }
                let limit = graph.search(vectors.query(index * 17), width: 20, scratch: scratch)
                var last = RowDistance(distance: -1, row: scratch.result(at: 0).row)
                for place in 0..<scratch.resultCount {
                    let result = scratch.result(at: place)
                    #expect(result.row.index < limit && last < result)
                    last = result
                }
            }
        }
        #expect(graph.indexedRowCount == 4_000)
    }
}
