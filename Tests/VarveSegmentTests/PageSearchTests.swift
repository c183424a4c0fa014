// Searches by pages: the same answers whatever way pages are reached, and no answer from damage.

import Testing
import VarveFormat
import VarveGraph
import VarveSegment
import VarveStorage

@Suite("Searches by pages")
struct PageSearchTests {
    static let schemas: [Schema] = [Metric.euclidean, .cosine, .innerProduct].flatMap { metric in
        [ElementType.float32, .float16, .uint8, .int8].map {
            Schema(dimension: 20, metric: metric, elementType: $0)
        }
    }

    /// A segment without walk blocks.
    static func sample(
        _ schema: Schema, _ rowCount: Int, seed: UInt64, listStarts: [UInt32] = []
    ) throws -> SampleSegment {
        try SampleSegment(
            indexed: schema, rowCount: rowCount, seed: seed, includesWalk: false,
            listStarts: listStarts)
    }

    static func search(
        _ reader: SegmentReader, _ vector: SampleVector, width: Int,
        _ statistics: inout SegmentSearchStatistics
    ) throws -> [RowHit] {
        let query = SegmentQuery(schema: reader.schema)
        vector.prepare(query)
        return try reader.searchGraph(
            query, k: 10, effort: SearchEffort(width: width), statistics: &statistics
        ) { _ in true }
    }

    @Test(arguments: schemas)
    func `mapped, paged and direct reads give the same answers and counts, near the exact ones`(
        _ schema: Schema
    ) throws {
        let sample = try Self.sample(schema, 900, seed: 91, listStarts: [0, 100, 101, 500, 900])
        let mapped = try sample.open()
        let others = try [
            sample.open(.paged(PageCache(byteBudget: 1 << 20))),
            sample.open(.direct(PageCache(byteBudget: 0))),
        ]
        #expect(!mapped.walksInMemory)
        let query = SegmentQuery(schema: schema)
        var found = 0
        for seed in 0..<12 {
            let vector = SampleVector(schema: schema, seed: UInt64(3_000 + seed))
            var expected = SegmentSearchStatistics()
            let hits = try Self.search(mapped, vector, width: 60, &expected)
            #expect(expected.pageCount > 0 && expected.roundCount > 0)
            #expect(expected.scanCount == 0)
            for other in others {
                var statistics = SegmentSearchStatistics()
                #expect(try Self.search(other, vector, width: 60, &statistics) == hits)
                #expect(statistics == expected)
            }
            vector.prepare(query)
            var scan = SegmentSearchStatistics()
            let exact = try mapped.searchExactly(query, k: 10, statistics: &scan) { _ in true }
            found += hits.filter { hit in exact.contains { $0.row == hit.row } }.count
        }
        #expect(found >= 108, "\(found) of 120")
    }

    @Test(arguments: [1, 2, 255, 256, 257], [1, 300])
    func `few rows of any dimension are found`(_ rowCount: Int, _ dimension: Int) throws {
        let schema = Schema(dimension: dimension, metric: .euclidean, elementType: .float32)
        let sample = try Self.sample(schema, rowCount, seed: 92)
        let reader = try sample.open(.direct(PageCache(byteBudget: 1 << 16)))
        let query = SegmentQuery(schema: schema)
        let vector = SampleVector(schema: schema, seed: 4_000)
        var statistics = SegmentSearchStatistics()
        let hits = try Self.search(reader, vector, width: 300, &statistics)
        vector.prepare(query)
        let exact = try reader.searchExactly(query, k: 10, statistics: &statistics) { _ in true }
        #expect(hits.map(\.distance) == exact.map(\.distance))
        _ = try SegmentVerification(
            verifying: SampleSegment.path, of: sample.disk, against: sample.record)
    }

    @Test(arguments: [Metric.euclidean, .innerProduct, .cosine], [1, 20])
    func `rows that are all equal are found, in the order of ids`(
        _ metric: Metric, _ dimension: Int
    ) throws {
        let schema = Schema(dimension: dimension, metric: metric, elementType: .float32)
        let some = SampleRows(schema: schema, rowCount: 300, seed: 98)
        let zeros = [UInt8](repeating: 0, count: 4 * dimension)
        for vector in metric == .cosine ? [some.vectors[0]] : [some.vectors[0], zeros] {
            let rows = SampleRows(
                schema: schema, ids: some.ids, vectors: some.ids.map { _ in vector },
                records: some.records)
            let sample = try SampleSegment(
                indexed: rows, includesWalk: false, listStarts: [0, 128, 300])
            let reader = try sample.open(.direct(PageCache(byteBudget: 1 << 16)))
            var statistics = SegmentSearchStatistics()
            let query = SegmentQuery(schema: schema)
            let wanted = SampleVector(schema: schema, seed: 4_400)
            let hits = try Self.search(reader, wanted, width: 300, &statistics)
            wanted.prepare(query)
            let exact = try reader.searchExactly(query, k: 10, statistics: &statistics) { _ in
                true
            }
            #expect(hits.count == 10)
            #expect(hits.map(\.distance) == exact.map(\.distance))
            let ids = try hits.map { try reader.id(of: $0.row) }
            #expect(try ids == exact.map { try reader.id(of: $0.row) })
        }
    }

    @Test func `records larger than a page are found`() throws {
        let schema = Schema(dimension: 4_096, metric: .euclidean, elementType: .float32)
        let sample = try Self.sample(schema, 70, seed: 93)
        let reader = try sample.open(.direct(PageCache(byteBudget: 1 << 16)))
        var statistics = SegmentSearchStatistics()
        let vector = SampleVector(schema: schema, seed: 4_100)
        let hits = try Self.search(reader, vector, width: 70, &statistics)
        #expect(hits.count == 10)
        #expect(statistics.pageCount % 5 == 0)
        let mapped = try Self.search(sample.open(), vector, width: 70, &statistics)
        #expect(mapped == hits)
    }

    @Test func `figures say what searches by pages cost`() throws {
        let sample = try Self.sample(Self.schemas[0], 900, seed: 94)
        let reader = try sample.open()
        let statistics = try #require(try reader.statistics())
        let error = try #require(statistics["row_codes.estimate_error_rms"])
        #expect(error > 0 && error < 0.1)
    }

    @Test(arguments: [schemas[0], schemas[4], schemas[8]])
    func `widths of searches by pages are measured and stored under every metric`(
        _ schema: Schema
    ) throws {
        let sample = try Self.sample(schema, 900, seed: 97)
        let reader = try sample.open()
        let statistics = try #require(try reader.statistics())
        let widths = try reader.pageWidths()
        #expect(widths.count == 3)
        #expect(widths[0] >= 1 && widths == widths.sorted())
        for (place, name) in ["90", "95", "99"].enumerated() {
            #expect(statistics["page_search.width_at_recall_0.\(name)"] == widths[place])
            let pages = try #require(statistics["page_search.pages_at_recall_0.\(name)"])
            #expect(pages > 0)
        }
    }

    @Test func `widths of searches by pages lie between those that are tried`() throws {
        let sample = try Self.sample(Self.schemas[0], 900, seed: 98)
        let widths = try sample.open().pageWidths()
        #expect(widths.contains { $0 != $0.rounded() })
    }

    @Test func `damage to codes, lists and pages is an error that names its section`() throws {
        let sample = try Self.sample(Self.schemas[0], 900, seed: 95, listStarts: [0, 400, 900])
        let whole = try #require(sample.disk[SampleSegment.path])
        let entries = try sample.open().sectionEntries
        let vector = SampleVector(schema: Self.schemas[0], seed: 4_200)
        for name in ["codes", "lists", "codebook", "nodes"] {
            let entry = try #require(entries.first { $0.name == name })
            var bytes = whole
            for offset in stride(from: 8, to: Int(entry.byteCount), by: 3_000) {
                bytes[Int(entry.offset) + offset] ^= 0x20
            }
            sample.disk[SampleSegment.path] = bytes
            for access in [SegmentAccess.mapped, .direct(PageCache(byteBudget: 1 << 20))] {
                let reader = try sample.open(access)
                for _ in 0..<2 {
                    do throws(SegmentError) {
                        let query = SegmentQuery(schema: reader.schema)
                        vector.prepare(query)
                        var statistics = SegmentSearchStatistics()
                        _ = try reader.searchGraph(
                            query, k: 10, effort: SearchEffort(width: 300),
                            statistics: &statistics
                        ) { _ in true }
                        Issue.record("no error from damaged \(name)")
                    } catch {
                        guard case .damaged(let format) = error else { throw error }
                        #expect(format.section == name)
                        #expect(format.kind == .checksumMismatch)
                    }
                }
            }
        }
    }

    @Test func `a file that cannot be read is an error, and is read again afterwards`() throws {
        let sample = try Self.sample(Self.schemas[0], 900, seed: 96)
        let reader = try sample.open(.direct(PageCache(byteBudget: 1 << 20)))
        let vector = SampleVector(schema: Self.schemas[0], seed: 4_300)
        var statistics = SegmentSearchStatistics()
        let hits = try Self.search(reader, vector, width: 40, &statistics)
        let whole = try #require(sample.disk[SampleSegment.path])
        let nodes = try #require(reader.sectionEntries.first { $0.name == "nodes" })
        sample.disk[SampleSegment.path] = Array(whole.prefix(Int(nodes.offset)))
        #expect(throws: SegmentError.self) {
            try Self.search(reader, vector, width: 40, &statistics)
        }
        sample.disk[SampleSegment.path] = whole
        #expect(try Self.search(reader, vector, width: 40, &statistics) == hits)
    }
}
