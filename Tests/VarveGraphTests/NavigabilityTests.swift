// Tests that searches arrive in data made of tight clusters, where near links lead nowhere else.

import Testing
import VarveGraph
import VarveStorage

@Suite struct NavigabilityTests {
    /// Clusters far apart, each larger than a list.
    func tight(inOrder: Bool) -> ByteVectors {
        ByteVectors.clustered(
            rowCount: 3_000, dimension: 32, clusterCount: 10, seed: 31, inOrder: inOrder,
            spread: 40)
    }

    @Test(arguments: [false, true])
    func `a finished graph leads from cluster to cluster`(inOrder: Bool) throws {
        let vectors = tight(inOrder: inOrder)
        let growing = try GrowingGraph(table: vectors.table, capacity: vectors.rowCount)
        growing.insert(upTo: vectors.rowCount, runtime: SystemRuntime(), threadCount: 2)
        let graph = growing.finish(
            rowCount: vectors.rowCount, runtime: SystemRuntime(), threadCount: 2)
        #expect(graph.flaw == nil)
        #expect(graph.recall(vectors, width: 64) > 0.9)
    }

    @Test func `a graph of leaves leads from cluster to cluster`() {
        let vectors = tight(inOrder: false)
        var parameters = LeafJoinParameters()
        parameters.leafRowCount = 256
        let graph = buildByLeafJoin(
            table: vectors.table, rowCount: vectors.rowCount, parameters: parameters,
            runtime: SystemRuntime(), threadCount: 2
        ).graph
        #expect(graph.flaw == nil)
        #expect(graph.recall(vectors, width: 64) > 0.9)
    }

    @Test func `filling lists adds neighbours and takes none away`() {
        let vectors = ByteVectors.clustered(rowCount: 600, dimension: 6, seed: 32)
        var parameters = LeafJoinParameters()
        let bare = buildByLeafJoin(
            table: vectors.table, rowCount: 600, parameters: parameters,
            runtime: SystemRuntime(), threadCount: 2
        ).graph
        parameters.graph.fillsLists = true
        let filled = buildByLeafJoin(
            table: vectors.table, rowCount: 600, parameters: parameters,
            runtime: SystemRuntime(), threadCount: 2
        ).graph
        #expect(filled.flaw == nil)
        for (short, full) in zip(bare.lists, filled.lists) {
            #expect(Array(full.prefix(short.count)) == short)
        }
        let linkCounts = [bare, filled].map { $0.lists.reduce(0) { $0 + $1.count } }
        #expect(linkCounts[1] > linkCounts[0] + 600)
    }
}
