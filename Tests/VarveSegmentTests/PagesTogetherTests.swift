// Searches by pages over several segments: one answer, fewer pages than one after the other.

import Testing
import VarveFormat
import VarveGraph
import VarveSegment
import VarveStorage

@Suite("Searches by pages over several segments")
struct PagesTogetherTests {
    /// A row and the segment it stands in.
    struct Placed: Hashable {
        var slot: Int
        var hit: RowHit
    }

    static func samples(_ schema: Schema, rowCounts: [Int] = [900, 400, 90]) throws
        -> [SampleSegment]
    {
        try rowCounts.enumerated().map { number, count in
            try PageSearchTests.sample(schema, count, seed: UInt64(200 + number))
        }
    }

    /// With a cache of its own: all samples have the same file number.
    static var direct: SegmentAccess { .direct(PageCache(byteBudget: 1 << 20)) }

    /// What a search of all `readers` together finds, nearest first, with rows of `known` distances
    /// found elsewhere.
    static func search(
        _ readers: [SegmentReader?], _ query: SegmentQuery, width: Int, known: [Float] = [],
        _ statistics: inout SegmentSearchStatistics,
        passes: (Int, RowOrdinal) -> Bool = { _, _ in true }
    ) throws -> [Placed] {
        query.beginPages(k: 10)
        for distance in known { query.know(distance) }
        for (slot, reader) in readers.enumerated() {
            try reader?.joinPages(
                query, slot: slot, effort: SearchEffort(width: width), k: 10, deleted: nil)
        }
        try query.walkPages(statistics: &statistics, passes: passes)
        return try readers.indices.flatMap { slot in
            try query.takePages(slot: slot).map { Placed(slot: slot, hit: $0) }
        }
        .sorted { ($0.hit.distance, $0.slot) < ($1.hit.distance, $1.slot) }
    }

    /// The ten nearest rows of all, by comparing every one.
    static func exact(_ readers: [SegmentReader], _ query: SegmentQuery) throws -> [Placed] {
        var statistics = SegmentSearchStatistics()
        let all = try readers.enumerated().flatMap { slot, reader in
            try reader.searchExactly(query, k: 10, statistics: &statistics) { _ in true }
                .map { Placed(slot: slot, hit: $0) }
        }
        return Array(
            all.sorted { ($0.hit.distance, $0.slot) < ($1.hit.distance, $1.slot) }.prefix(10))
    }

    /// Those a store may have: cosine asks for vectors of length 1.
    static let schemas = PageSearchTests.schemas.filter {
        $0.metric != .cosine || $0.elementType == .float32 || $0.elementType == .float16
    }

    @Test(arguments: schemas)
    func `every way of reaching pages gives the same nearest rows of all segments`(
        _ schema: Schema
    ) throws {
        let samples = try Self.samples(schema)
        let mapped = try samples.map { try $0.open() }
        let direct = try samples.map { try $0.open(Self.direct) }
        // Files that are mapped and files that are not can be searched together.
        let mixed = [direct[0], mapped[1], direct[2]]
        let query = SegmentQuery(schema: schema)
        var found = 0
        for seed in 0..<12 as Range<UInt64> {
            SampleVector(schema: schema, seed: 5_000 + seed).prepare(query)
            var expected = SegmentSearchStatistics()
            let hits = try Self.search(mapped, query, width: 60, &expected)
            for readers in [direct, mixed] {
                var statistics = SegmentSearchStatistics()
                #expect(try Self.search(readers, query, width: 60, &statistics) == hits)
                #expect(statistics == expected)
            }
            let exact = try Self.exact(mapped, query)
            // Of rows equally far, any will do.
            let bound = exact.last?.hit.distance ?? 0
            found += hits.prefix(10).filter { $0.hit.distance <= bound }.count
        }
        #expect(found >= 108, "\(found) of 120")
    }

    @Test(arguments: [Metric.euclidean, .cosine, .innerProduct])
    func `as wide as all rows are, the answer is the exact one`(_ metric: Metric) throws {
        let schema = Schema(dimension: 20, metric: metric, elementType: .float32)
        let readers = try Self.samples(schema).map { try $0.open(Self.direct) }
        let query = SegmentQuery(schema: schema)
        for seed in 0..<6 as Range<UInt64> {
            SampleVector(schema: schema, seed: 5_100 + seed).prepare(query)
            var statistics = SegmentSearchStatistics()
            let hits = try Self.search(readers, query, width: 1_500, &statistics)
            #expect(try Array(hits.prefix(10)) == Self.exact(readers, query))
        }
    }

    @Test func `together they read fewer pages, and wait less often, than one by one`() throws {
        let schema = Schema(dimension: 64, metric: .euclidean, elementType: .float32)
        let readers = try Self.samples(schema, rowCounts: [900, 900, 900, 900])
            .map { try $0.open(Self.direct) }
        let query = SegmentQuery(schema: schema)
        var (together, alone) = (SegmentSearchStatistics(), SegmentSearchStatistics())
        for seed in 0..<12 as Range<UInt64> {
            SampleVector(schema: schema, seed: 5_200 + seed).prepare(query)
            _ = try Self.search(readers, query, width: 20, &together)
            for reader in readers {
                _ = try Self.search([reader], query, width: 20, &alone)
            }
        }
        #expect(together.pageCount * 2 < alone.pageCount)
        #expect(together.roundCount * 2 < alone.roundCount)
    }

    @Test func `rows known from elsewhere spare pages`() throws {
        let schema = PageSearchTests.schemas[0]
        let readers = try Self.samples(schema).map { try $0.open(Self.direct) }
        let query = SegmentQuery(schema: schema)
        SampleVector(schema: schema, seed: 5_300).prepare(query)
        var (free, bound) = (SegmentSearchStatistics(), SegmentSearchStatistics())
        let hits = try Self.search(readers, query, width: 60, &free)
        // As near as the nearest of all: what is no nearer need not be read.
        let known = [Float](repeating: hits[0].hit.distance, count: 10)
        let late = try Self.search(readers, query, width: 60, known: known, &bound)
        #expect(bound.pageCount < free.pageCount)
        #expect(late.allSatisfy { $0.hit.distance <= hits[0].hit.distance })
    }

    @Test func `rows that do not pass are no results and bound nothing`() throws {
        let schema = PageSearchTests.schemas[0]
        let readers = try Self.samples(schema).map { try $0.open(Self.direct) }
        let query = SegmentQuery(schema: schema)
        SampleVector(schema: schema, seed: 5_400).prepare(query)
        var statistics = SegmentSearchStatistics()
        let hits = try Self.search(readers, query, width: 1_500, &statistics) { slot, row in
            slot == 1 && row.index % 2 == 0
        }
        let exact = try readers[1].searchExactly(query, k: 10, statistics: &statistics) {
            $0.index % 2 == 0
        }
        #expect(hits.map(\.hit) == exact)
    }

    @Test(arguments: ["nodes", "end"])
    func `damage is that of one segment, and the others can be searched without it`(
        _ what: String
    ) throws {
        let schema = PageSearchTests.schemas[0]
        let samples = try Self.samples(schema)
        let readers = try samples.map { try $0.open(Self.direct) }
        let query = SegmentQuery(schema: schema)
        SampleVector(schema: schema, seed: 5_500).prepare(query)
        var statistics = SegmentSearchStatistics()
        // What is kept in memory has been read when the damage is done.
        _ = try Self.search(readers, query, width: 60, &statistics)
        let nodes = try #require(readers[1].sectionEntries.first { $0.name == "nodes" })
        var bytes = try #require(samples[1].disk[SampleSegment.path])
        if what == "end" {
            bytes = Array(bytes.prefix(Int(nodes.offset)))
        } else {
            for offset in stride(from: 8, to: Int(nodes.byteCount), by: 1_000) {
                bytes[Int(nodes.offset) + offset] ^= 4
            }
        }
        samples[1].disk[SampleSegment.path] = bytes
        #expect(throws: SegmentError.self) {
            try Self.search(readers, query, width: 60, &statistics)
        }
        #expect(query.failedSlot == 1)
        let hits = try Self.search(
            [readers[0], nil, readers[2]], query, width: 1_500, &statistics)
        let exact = try Self.exact([readers[0], readers[2]], query)
        #expect(hits.prefix(10).map(\.hit) == exact.map(\.hit))
        #expect(query.failedSlot == nil)
    }

    /// 210 pages of 20 KiB, where there are frames for 204.
    @Test func `walks that run out of frames forget pages, and find what others find`() throws {
        let schema = Schema(dimension: 4_096, metric: .euclidean, elementType: .float32)
        let samples = try Self.samples(schema, rowCounts: [100, 100, 60])
        let query = SegmentQuery(schema: schema)
        SampleVector(schema: schema, seed: 5_600).prepare(query)
        var statistics = SegmentSearchStatistics()
        // Nothing passes, so nothing bounds the walks: they read all there is.
        let readers = try samples.map { try $0.open(Self.direct) }
        #expect(
            try Self.search(readers, query, width: 300, &statistics) { _, _ in false }.isEmpty)
        #expect(statistics.pageCount >= 5 * 205)
        let hits = try Self.search(readers, query, width: 300, &statistics)
        #expect(try Array(hits.prefix(10)) == Self.exact(readers, query))
    }
}
