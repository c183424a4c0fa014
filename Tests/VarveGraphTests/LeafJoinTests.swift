// Tests of comparing many rows at once.

import Testing
import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

@Suite struct LeafJoinTests {
    /// What a leaf finds for every row, as distances and rows.
    func found(_ vectors: ByteVectors, count: Int) -> [[RowDistance]] {
        let leaf = PackedLeaf(space: GraphSpace(vectors.table))
        let rows = (0..<UInt32(vectors.rowCount)).map { $0 }
        var best = [UInt64](repeating: 0, count: rows.count * count)
        var counts = [UInt32](repeating: 0, count: rows.count)
        unsafe rows.withUnsafeBufferPointer { pointer in
            unsafe leaf.pack(pointer)
            unsafe leaf.nearest(
                to: pointer, skipsOwn: true, count: count, best: &best, counts: &counts)
        }
        return rows.indices.map { row in
            (0..<Int(counts[row])).map { RowDistance(key: best[row * count + $0]) }
        }
    }

    func expected(_ vectors: ByteVectors, count: Int) -> [[RowDistance]] {
        (0..<UInt32(vectors.rowCount)).map { row in
            let all = (0..<UInt32(vectors.rowCount)).filter { $0 != row }.map {
                RowDistance(distance: vectors.table.distance(row, $0), row: RowOrdinal($0))
            }
            return Array(all.sorted().prefix(count))
        }
    }

    @Test(arguments: KernelTier.available, [1, 2, 17, 100, 1_030])
    func `a leaf finds what single distances find`(tier: KernelTier, rowCount: Int) {
        for dimension in [1, 64, 100] {
            let vectors = ByteVectors.clustered(
                rowCount: min(rowCount, 7_000 / dimension + 100), dimension: dimension,
                seed: UInt64(rowCount), tier: tier)
            for count in [1, 7, 16, 17] {
                #expect(found(vectors, count: count) == expected(vectors, count: count))
            }
        }
    }

    @Test(arguments: KernelTier.available)
    func `whole numbers, equal rows and lifts are compared exactly`(tier: KernelTier) {
        let whole = ByteVectors.whole(rowCount: 90, dimension: 70, seed: 9, tier: tier)
        #expect(found(whole, count: 5) == expected(whole, count: 5))
        let equal = ByteVectors(rowCount: 40, dimension: 5, tier: tier) { _, index in
            Float(index)
        }
        #expect(found(equal, count: 5) == expected(equal, count: 5))
        // The estimates of such rows are all rounding.
        let close = ByteVectors(rowCount: 60, dimension: 40, tier: tier) { row, index in
            20_000 + Float(row * (index % 3)) / 64
        }
        #expect(found(close, count: 5) == expected(close, count: 5))
        let far = ByteVectors(rowCount: 33, dimension: 2_000, tier: tier) { row, index in
            index % 2 == 0 ? Float(row) : 1_000
        }
        #expect(found(far, count: 5) == expected(far, count: 5))
    }
}

@Suite struct BuildByLeafJoinTests {
    func built(
        _ vectors: ByteVectors, threadCount: Int = 2, leafRowCount: Int? = 64
    ) -> Adjacency {
        var parameters = LeafJoinParameters()
        parameters.leafRowCount = leafRowCount
        return buildByLeafJoin(
            table: vectors.table, rowCount: vectors.rowCount, parameters: parameters,
            runtime: SystemRuntime(), threadCount: threadCount
        ).graph
    }

    @Test(arguments: [0, 1, 2, 3, 64, 65, 255, 256, 257, 1_500])
    func `a graph of any size is sound`(rowCount: Int) {
        let vectors = ByteVectors.clustered(rowCount: rowCount, dimension: 12, seed: 11)
        let graph = built(vectors)
        #expect(graph.flaw == nil)
        #expect(graph.rowCount == rowCount)
    }

    @Test(arguments: [(1, 400), (2, 400), (4_096, 150)])
    func `any dimension will do`(dimension: Int, rowCount: Int) {
        let vectors = ByteVectors.clustered(rowCount: rowCount, dimension: dimension, seed: 12)
        #expect(built(vectors).flaw == nil)
    }

    @Test(arguments: [2, 300, 2_000])
    func `equal vectors are all reachable`(rowCount: Int) {
        let vectors = ByteVectors(rowCount: rowCount, dimension: 8) { _, index in Float(index) }
        #expect(built(vectors).flaw == nil)
    }

    @Test func `two heaps of equal vectors are all reachable`() {
        let vectors = ByteVectors(rowCount: 1_000, dimension: 8) { row, index in
            Float(index * (row % 2 + 1))
        }
        #expect(built(vectors).flaw == nil)
    }

    @Test func `the graph does not depend on threads or tiers`() {
        let lists = KernelTier.available.flatMap { tier in
            let vectors = ByteVectors.clustered(
                rowCount: 2_000, dimension: 20, seed: 13, tier: tier)
            return [1, 3].map { built(vectors, threadCount: $0).lists }
        }
        for other in lists.dropFirst() { #expect(other == lists[0]) }
    }

    @Test(arguments: [UInt64(1), 2])
    func `search finds nearly all nearest rows`(seed: UInt64) {
        let vectors = ByteVectors.clustered(rowCount: 4_000, dimension: 24, seed: seed)
        let found = built(vectors, leafRowCount: 256).recall(vectors, width: 64)
        #expect(found > 0.95, "seed \(seed)")
    }
}

@Suite struct RestrictionTests {
    func graph(_ vectors: ByteVectors) -> Adjacency {
        buildByLeafJoin(
            table: vectors.table, rowCount: vectors.rowCount, runtime: SystemRuntime(),
            threadCount: 2
        ).graph
    }

    @Test func `rows in another order make the same graph`() {
        let vectors = ByteVectors.clustered(rowCount: 500, dimension: 12, seed: 21)
        let old = graph(vectors)
        var random = SplitMix(seed: 5)
        let order = (0..<UInt32(500)).shuffled(using: &random).map { RowOrdinal($0) }
        let new = old.reordered(by: order)
        for row in order.indices {
            let list = new.lists[row].map { order[Int($0)].rawValue }
            #expect(list == old.lists[order[row].index])
        }
        #expect(new.entryPoints.map { order[$0.index] } == old.entryPoints)
        #expect(new.flaw == nil)
    }

    @Test(arguments: [(2, 1), (2, 0), (5, 1), (5, 3)])
    func `rows that stay are reachable and found`(divisor: Int, remainder: Int) {
        // A share of the rows goes: those with the remainder, or all but those.
        let vectors = ByteVectors.clustered(rowCount: 2_000, dimension: 16, seed: 22)
        let kept = (0..<2_000).filter { ($0 % divisor == 0) == (remainder == 0) }
        let rows = kept.map { RowOrdinal(UInt32($0)) }
        let new = graph(vectors).restricted(
            to: rows, table: vectors.table, parameters: GraphParameters(),
            runtime: SystemRuntime(), threadCount: 2)
        #expect(new.flaw == nil)
        #expect(new.rowCount == kept.count)
        let left = ByteVectors.clustered(rowCount: 2_000, dimension: 16, seed: 22).kept(kept)
        #expect(new.recall(left, width: 64) > 0.9)
    }

    @Test func `one row of many can stay, or none`() {
        let vectors = ByteVectors.clustered(rowCount: 300, dimension: 8, seed: 23)
        for kept in [[RowOrdinal(17)], []] {
            let new = graph(vectors).restricted(
                to: kept, table: vectors.table, parameters: GraphParameters(),
                runtime: SystemRuntime(), threadCount: 1)
            #expect(new.rowCount == kept.count && new.flaw == nil)
        }
    }
}
