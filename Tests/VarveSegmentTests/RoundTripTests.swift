// What is written into a segment comes out of it.

import Testing
import VarveFormat
import VarveSegment
import VarveStorage

@Suite("Segment round trips")
struct RoundTripTests {
    static let schemas: [Schema] = Metric.allCases.flatMap { metric in
        ElementType.allCases.map { Schema(dimension: 24, metric: metric, elementType: $0) }
    }

    @Test(arguments: schemas, [1, 2, 255, 256, 257])
    func `every row comes back`(_ schema: Schema, _ rowCount: Int) throws {
        let sample = try SampleSegment(schema: schema, rowCount: rowCount, seed: 11)
        try Self.compare(sample, try sample.open(.mapped))
        try Self.compare(sample, try sample.open(.paged(PageCache(byteBudget: 40_000))))
    }

    @Test(arguments: SampleRows.Identifiers.allCases, [1, 256, 1_000])
    func `ids of every kind come back`(
        _ identifiers: SampleRows.Identifiers, _ rowCount: Int
    ) throws {
        let schema = Schema(dimension: 3, metric: .euclidean, elementType: .int8)
        let sample = try SampleSegment(
            schema: schema, rowCount: rowCount, identifiers: identifiers, seed: 12)
        try Self.compare(sample, try sample.open(.mapped))
        try Self.compare(sample, try sample.open(.paged(PageCache(byteBudget: 0))))
    }

    @Test func `records larger than a page come back`() throws {
        let schema = Schema(dimension: 1_536, metric: .cosine, elementType: .float32)
        let sample = try SampleSegment(schema: schema, rowCount: 33, seed: 13)
        try Self.compare(sample, try sample.open(.mapped))
        try Self.compare(sample, try sample.open(.paged(PageCache(byteBudget: 1 << 20))))
    }

    @Test func `the schema and the catalogue come back`() throws {
        let schema = Schema(dimension: 5, metric: .innerProduct, elementType: .float16)
        let sample = try SampleSegment(schema: schema, rowCount: 10, seed: 14)
        let reader = try sample.open()
        #expect(reader.schema == schema)
        #expect(reader.rowCount == 10)
        #expect(reader.description.sequences == sample.plan.sequences)
        #expect(reader.description.graph == sample.plan.graph)
        #expect(reader.description.attributes.map(\.definition.name) == ["colour"])
        #expect(reader.entryPoints == EntryPoints([RowOrdinal(0)]))
        let histogram = try #require(try reader.statistics()).degreeHistogram
        #expect(histogram.reduce(0, +) == 10)
    }

    @Test func `texts of the same characters in other bytes are two ids`() throws {
        let schema = Schema(dimension: 1, metric: .euclidean, elementType: .uint8)
        let rows = SampleRows(
            schema: schema, ids: [.text("\u{E9}"), .text("e\u{301}")], vectors: [[1], [2]],
            records: [[], []])
        let disk = MemoryDisk()
        let builder = SegmentBuilder(
            fileSystem: disk, runtime: TestRuntime(), threadCount: 1)
        let record = try builder.build(
            SampleSegment.plan(schema: schema), rows: rows,
            neighbors: SampleSegment.ring(rowCount: 2, degree: 2, seed: 1),
            at: SampleSegment.path)
        let reader = try SegmentReader(
            fileSystem: disk, path: SampleSegment.path, expecting: record, access: .mapped)
        #expect(try reader.find(.text("\u{E9}")) == RowOrdinal(0))
        #expect(try reader.find(.text("e\u{301}")) == RowOrdinal(1))
    }

    static func compare(_ sample: SampleSegment, _ reader: SegmentReader) throws {
        for row in 0..<sample.rows.rowCount {
            let ordinal = RowOrdinal(UInt32(row))
            #expect(try reader.id(of: ordinal) == sample.rows.ids[row])
            #expect(try reader.find(sample.rows.ids[row]) == ordinal)
            let vector = unsafe try reader.withVector(ordinal) { (bytes) throws(SegmentError) in
                unsafe [UInt8](bytes)
            }
            #expect(vector == sample.rows.vectors[row])
            let neighbors = try reader.neighbors(of: ordinal).map(\.rawValue)
            let expected = unsafe Array(sample.neighbors.neighbors(of: row))
            #expect(neighbors == expected)
            #expect(try reader.attributeRecord(of: ordinal) == sample.rows.records[row])
        }
        var numbers = Numbers(seed: 99)
        for _ in 0..<50 {
            #expect(try reader.find(.number(numbers.next() | 1 << 63)) == nil)
            #expect(try reader.find(.text("absent \(numbers.next())")) == nil)
        }
    }
}
