// Row codes within and beyond the budget: the same answers, and no more memory than there is.

import Testing
import VarveFormat
import VarveSegment
import VarveStorage

@Suite("The budget of row codes")
struct PageBudgetTests {
    static let schema = Schema(dimension: 48, metric: .cosine, elementType: .float16)

    static func sample(seed: UInt64) throws -> SampleSegment {
        try SampleSegment(
            indexed: schema, rowCount: 700, seed: seed, includesWalk: false,
            listStarts: [0, 256, 700])
    }

    static func search(
        _ reader: SegmentReader
    ) throws -> (hits: [RowHit], statistics: SegmentSearchStatistics) {
        var statistics = SegmentSearchStatistics()
        let hits = try PageSearchTests.search(
            reader, SampleVector(schema: schema, seed: 6_000), width: 50, &statistics)
        return (hits, statistics)
    }

    @Test(arguments: [false, true])
    func `codes beyond the budget give the same answers and take no memory`(
        _ isDirect: Bool
    ) throws {
        let sample = try Self.sample(seed: 101)
        let (some, none) = (
            PageCache(byteBudget: 1 << 20), PageCache(byteBudget: 1 << 20, codeByteBudget: 0)
        )
        let within = try sample.open(isDirect ? .direct(some) : .paged(some))
        let beyond = try sample.open(isDirect ? .direct(none) : .paged(none))
        let (expected, found) = (try Self.search(within), try Self.search(beyond))
        #expect(expected.hits.count == 10 && found.hits == expected.hits)
        #expect(found.statistics == expected.statistics)
        let codes = try #require(within.sectionEntries.first { $0.name == "codes" })
        #expect(within.pageCodeByteCount - beyond.pageCodeByteCount == Int(codes.byteCount))
    }

    @Test func `the budget is shared among segments and given back`() throws {
        let samples = try [102, 103].map { try Self.sample(seed: $0) }
        let entries = try samples[0].open().sectionEntries
        let codes = Int(try #require(entries.first { $0.name == "codes" }).byteCount)
        let cache = PageCache(byteBudget: 0, codeByteBudget: codes + codes / 2)
        var first: SegmentReader? = try samples[0].open(.direct(cache))
        let second = try samples[1].open(.direct(cache))
        _ = try Self.search(try #require(first))
        _ = try Self.search(second)
        #expect(try #require(first).pageCodeByteCount > codes)
        #expect(second.pageCodeByteCount < codes)
        first = nil
        let third = try samples[1].open(.direct(cache))
        _ = try Self.search(third)
        #expect(third.pageCodeByteCount > codes)
    }

    @Test func `damage to codes beyond the budget is an error that names its place`() throws {
        let sample = try Self.sample(seed: 104)
        let cache = PageCache(byteBudget: 1 << 20, codeByteBudget: 0)
        let codes = try #require(sample.open().sectionEntries.first { $0.name == "codes" })
        let whole = try #require(sample.disk[SampleSegment.path])
        // The last byte of the codes, and one of the zeros behind them.
        for offset in [0, codes.byteCount - 1, codes.paddedByteCount - 1] {
            var bytes = whole
            bytes[Int(codes.offset + offset)] ^= 4
            sample.disk[SampleSegment.path] = bytes
            let reader = try sample.open(.direct(cache))
            for _ in 0..<2 {
                do {
                    _ = try Self.search(reader)
                    Issue.record("no error from byte \(offset)")
                } catch SegmentError.damaged(let format) {
                    #expect(format.section == "codes" && format.kind == .checksumMismatch)
                }
            }
        }
        sample.disk[SampleSegment.path] = whole
        let reader = try sample.open(.direct(cache))
        sample.disk[SampleSegment.path] = Array(whole.prefix(Int(codes.offset) + 100))
        #expect(throws: SegmentError.self) { try Self.search(reader) }
        sample.disk[SampleSegment.path] = whole
        #expect(try Self.search(reader).hits.count == 10)
    }
}
