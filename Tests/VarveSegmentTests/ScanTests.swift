// Exact searches, compared with distances computed the plain way.

import Testing
import VarveFormat
import VarveSegment
import VarveStorage

@Suite("Scans of segments")
struct ScanTests {
    static let schemas: [Schema] = Metric.allCases.flatMap { metric in
        ElementType.allCases.map { Schema(dimension: 20, metric: metric, elementType: $0) }
    }

    @Test(arguments: schemas, [1, 255, 600])
    func `a scan finds the nearest rows`(_ schema: Schema, _ rowCount: Int) throws {
        let sample = try SampleSegment(schema: schema, rowCount: rowCount, seed: 41)
        let vector = SampleVector(schema: schema, seed: 42)
        let expected = vector.nearest(in: sample.rows) { _ in true }
        for access in [SegmentAccess.mapped, .paged(PageCache(byteBudget: 16_384))] {
            let reader = try sample.open(access)
            let query = SegmentQuery(schema: schema)
            vector.prepare(query)
            var statistics = SegmentSearchStatistics()
            let hits = try reader.searchExactly(query, k: 10, statistics: &statistics) { _ in
                true
            }
            #expect(hits.count == min(10, rowCount))
            #expect(statistics.exactDistanceCount == rowCount)
            for (hit, row) in zip(hits, expected) {
                let difference = abs(hit.distance - vector.distance(to: row, in: sample.rows))
                #expect(difference <= 1e-4 * max(1, abs(hit.distance)), "\(hit)")
            }
        }
    }

    @Test func `deleted, dead and not allowed rows are left out`() throws {
        let schema = Schema(dimension: 8, metric: .euclidean, elementType: .uint8)
        let sample = try SampleSegment(schema: schema, rowCount: 500, seed: 43)
        let vector = SampleVector(schema: schema, seed: 44)
        let query = SegmentQuery(schema: schema)
        vector.prepare(query)
        let reader = try sample.open()
        let deleted = RowSet((0..<500).filter { $0 % 3 == 0 }.map { RowOrdinal(UInt32($0)) })
        for divisor in [2, 50] {
            let allowed = RowSet(
                (0..<500).filter { $0 % divisor == 0 }.map { RowOrdinal(UInt32($0)) })
            var statistics = SegmentSearchStatistics()
            var asked = 0
            let hits = try reader.searchExactly(
                query, k: 10, deleted: DeletedRows(deleted, rowCount: reader.rowCount),
                allowed: allowed, statistics: &statistics
            ) { row in
                asked += 1
                return row.index % 5 != 0
            }
            let expected = vector.nearest(in: sample.rows) {
                $0 % 3 != 0 && $0 % 5 != 0 && $0 % divisor == 0
            }
            #expect(hits.map(\.row.index) == Array(expected.prefix(10)))
            #expect(asked < 100)
        }
    }

    @Test func `exact ties come in the order of ids`() throws {
        let schema = Schema(dimension: 2, metric: .euclidean, elementType: .uint8)
        let base = SampleRows(schema: schema, rowCount: 40, identifiers: .mixed, seed: 45)
        let rows = SampleRows(
            schema: schema, ids: base.ids, vectors: (0..<40).map { [UInt8($0 / 30), 7] },
            records: base.records)
        let disk = MemoryDisk()
        let builder = SegmentBuilder(
            fileSystem: disk, runtime: TestRuntime(), threadCount: 1)
        let record = try builder.build(
            SampleSegment.plan(schema: schema), rows: rows,
            neighbors: SampleSegment.ring(rowCount: 40, degree: 4, seed: 1),
            at: SampleSegment.path)
        let reader = try SegmentReader(
            fileSystem: disk, path: SampleSegment.path, expecting: record, access: .mapped)
        let query = SegmentQuery(schema: schema)
        unsafe [Float(0), 7].withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress { unsafe query.prepare(start) }
        }
        var statistics = SegmentSearchStatistics()
        let hits = try reader.searchExactly(query, k: 12, statistics: &statistics) { _ in true }
        let ids = try hits.map { try reader.id(of: $0.row) }
        #expect(ids == Array(base.ids.prefix(30).sorted().prefix(12)))
    }
}

/// A query, and its distances computed in double precision.
struct SampleVector {
    let schema: Schema
    let components: [Float]

    init(schema: Schema, seed: UInt64) {
        self.schema = schema
        var numbers = Numbers(seed: seed)
        components = SampleVector.floats(SampleRows.vector(schema, &numbers), schema)
    }

    func prepare(_ query: SegmentQuery) {
        unsafe components.withUnsafeBufferPointer { buffer in
            if let start = buffer.baseAddress { unsafe query.prepare(start) }
        }
    }

    /// The components of a stored vector.
    static func floats(_ bytes: [UInt8], _ schema: Schema) -> [Float] {
        (0..<schema.dimension).map { index in
            switch schema.elementType {
            case .float32:
                let four = bytes[index * 4..<index * 4 + 4].reversed()
                return Float(bitPattern: four.reduce(0) { $0 << 8 | UInt32($1) })
            case .float16:
                let two = bytes[index * 2..<index * 2 + 2].reversed()
                return Float(Float16(bitPattern: two.reduce(0) { $0 << 8 | UInt16($1) }))
            case .uint8: return Float(bytes[index])
            case .int8: return Float(Int8(bitPattern: bytes[index]))
            }
        }
    }

    func distance(to row: Int, in rows: SampleRows) -> Float {
        let other = SampleVector.floats(rows.vectors[row], schema)
        var sum = 0.0
        for (a, b) in zip(components, other) {
            let (x, y) = (Double(a), Double(b))
            sum += schema.metric == .euclidean ? (x - y) * (x - y) : x * y
        }
        switch schema.metric {
        case .euclidean: return Float(sum)
        case .cosine: return Float(1 - sum)
        case .innerProduct: return Float(-sum)
        }
    }

    /// Rows that pass, nearest first.
    func nearest(in rows: SampleRows, where passes: (Int) -> Bool) -> [Int] {
        (0..<rows.rowCount).filter(passes).map { (distance(to: $0, in: rows), $0) }
            .sorted { ($0.0, rows.ids[$0.1]) < ($1.0, rows.ids[$1.1]) }.map(\.1)
    }
}
