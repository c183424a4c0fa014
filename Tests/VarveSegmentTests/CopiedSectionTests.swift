// Walks over blocks that lie in a copy, which only large segments have.

import Testing
import VarveFormat
import VarveSegment
import VarveStorage

@Suite("Copied sections")
struct CopiedSectionTests {
    static let rowCount = 2_600
    static let schema = Schema(dimension: 1_024, metric: .euclidean, elementType: .uint8)
    /// Wide enough that every block is read.
    static let effort = SearchEffort(width: rowCount)

    /// A segment whose blocks do not end where a piece or a checksum does.
    static func sample() throws -> (SampleSegment, SegmentSectionEntry) {
        let sample = try SampleSegment(indexed: schema, rowCount: rowCount, seed: 81)
        let entry = try #require(try sample.open().sectionEntries.first { $0.name == "walk" })
        #expect(entry.byteCount >= 8 << 20, "too few for a copy")
        #expect(entry.byteCount % UInt64(entry.blockByteCount) != 0)
        #expect(entry.byteCount % (16 << 10) != 0)
        return (sample, entry)
    }

    static func search(_ reader: SegmentReader) throws -> (hits: [RowHit], expandedCount: Int) {
        let query = SegmentQuery(schema: schema)
        SampleVector(schema: schema, seed: 82).prepare(query)
        var statistics = SegmentSearchStatistics()
        let hits = try reader.searchGraph(
            query, k: 10, effort: effort, statistics: &statistics
        ) { _ in true }
        return (hits, statistics.expandedNodeCount)
    }

    @Test func `every block of a copy is read, the last one too`() throws {
        let (sample, _) = try Self.sample()
        let copied = try Self.search(try sample.open(.mapped))
        let inPlace = try Self.search(try sample.open(.mappedInPlace))
        #expect(copied.expandedCount == Self.rowCount)
        #expect(copied.expandedCount == inPlace.expandedCount)
        #expect(copied.hits == inPlace.hits)
        let query = SegmentQuery(schema: Self.schema)
        SampleVector(schema: Self.schema, seed: 82).prepare(query)
        var statistics = SegmentSearchStatistics()
        let exact = try sample.open().searchExactly(
            query, k: 10, statistics: &statistics
        ) { _ in true }
        #expect(copied.hits == exact)
    }

    @Test func `damage in the last piece of a copy is found, its padding included`() throws {
        let (sample, entry) = try Self.sample()
        let whole = try #require(sample.disk[SampleSegment.path])
        let end = Int(entry.offset + entry.byteCount)
        for place in [end - 1, end] {
            var bytes = whole
            bytes[place] ^= 8
            sample.disk[SampleSegment.path] = bytes
            let damaged = try sample.open()
            let error = #expect(throws: SegmentError.self) { try Self.search(damaged) }
            guard case .damaged? = error else {
                Issue.record("\(String(describing: error)) at \(place)")
                continue
            }
        }
        sample.disk[SampleSegment.path] = whole
        #expect(try Self.search(try sample.open()).hits.count == 10)
    }
}
