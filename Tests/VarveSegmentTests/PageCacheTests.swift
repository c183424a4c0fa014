// The cache of pages: its budget, and what it gives out.

import Testing
import VarveFormat
import VarveSegment
import VarveStorage

@Suite("Page cache")
struct PageCacheTests {
    static let schema = Schema(dimension: 100, metric: .euclidean, elementType: .uint8)

    @Test(arguments: [0, 4_096, 65_536, 10 << 20])
    func `the budget is never exceeded and answers do not depend on it`(_ budget: Int) throws {
        let cache = PageCache(byteBudget: budget)
        let sample = try SampleSegment(schema: Self.schema, rowCount: 2_000, seed: 51)
        let reader = try sample.open(.paged(cache))
        var numbers = Numbers(seed: 52)
        for _ in 0..<3_000 {
            let row = numbers.below(2_000)
            let vector = unsafe try reader.withVector(RowOrdinal(UInt32(row))) {
                (bytes) throws(SegmentError) in unsafe [UInt8](bytes)
            }
            #expect(vector == sample.rows.vectors[row])
            #expect(cache.counts.byteCount <= budget)
        }
        let counts = cache.counts
        #expect(counts.missCount > 0)
        #expect(budget < 10 << 20 || counts.evictionCount == 0)
        #expect(budget != 65_536 || counts.evictionCount > 0)
    }

    @Test func `one cache serves many segments and forgets those that close`() throws {
        let cache = PageCache(byteBudget: 1 << 20)
        let sample = try SampleSegment(schema: Self.schema, rowCount: 300, seed: 53)
        do {
            let first = try sample.open(.paged(cache))
            _ = try first.id(of: RowOrdinal(7))
            #expect(cache.counts.byteCount > 0)
        }
        #expect(cache.counts.byteCount == 0)
    }

    @Test func `reads that come in pieces are put together`() throws {
        let sample = try SampleSegment(schema: Self.schema, rowCount: 300, seed: 54)
        sample.disk.limitReads(to: 1_000)
        let reader = try sample.open(.paged(PageCache(byteBudget: 0)))
        try RoundTripTests.compare(sample, reader)
    }
}
