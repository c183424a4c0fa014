// Tests of comparing many rows at once.

import Testing
import VarveFormat
import VarveGraph
import VarveKernels

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
            let count = 7
            #expect(found(vectors, count: count) == expected(vectors, count: count))
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
        let far = ByteVectors(rowCount: 33, dimension: 2_000, tier: tier) { row, index in
            index % 2 == 0 ? Float(row) : 1_000
        }
        #expect(found(far, count: 5) == expected(far, count: 5))
    }
}
