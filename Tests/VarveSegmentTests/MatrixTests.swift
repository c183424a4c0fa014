// Every metric with every element type, on data of every kind: recall against exact answers, in
// memory and by pages.

import Testing
import VarveFormat
import VarveGraph
import VarveSegment
import VarveStorage

/// Rows and queries of one kind.
enum DataKind: String, CaseIterable, Sendable {
    case real, noise, equal, line, wide, one, two, below, page, above

    /// Rows, dimension, queries; and the share of the answers that must be found.
    var shape: (rowCount: Int, dimension: Int, queryCount: Int, recall: Double) {
        switch self {
        case .real: (1_200, 384, 20, 0.93)
        case .noise: (1_000, 24, 20, 0.9)
        case .equal: (300, 8, 3, 1)
        case .line: (600, 1, 10, 0.97)
        case .wide: (120, 4_096, 5, 0.9)
        case .one: (1, 16, 2, 1)
        case .two: (2, 16, 2, 1)
        case .below: (255, 16, 5, 0.95)
        case .page: (256, 16, 5, 0.95)
        case .above: (257, 16, 5, 0.95)
        }
    }

    /// The vectors of the rows, then of the queries, in the schema's bytes.
    func vectors(_ schema: Schema) throws -> (rows: [[UInt8]], queries: [[UInt8]]) {
        let shape = shape
        if self == .real {
            return (
                try Self.real("base.i8bin", shape.rowCount, schema),
                try Self.real("query.i8bin", shape.queryCount, schema)
            )
        }
        var numbers = Numbers(seed: 0x5EED ^ UInt64(shape.rowCount))
        let same = SampleRows.vector(schema, &numbers)
        return (
            (0..<shape.rowCount).map { _ in
                self == .equal ? same : SampleRows.vector(schema, &numbers)
            },
            (0..<shape.queryCount).map { _ in SampleRows.vector(schema, &numbers) }
        )
    }

    /// Embeddings that the repository carries, spread over their file.
    private static func real(_ name: String, _ count: Int, _ schema: Schema) throws -> [[UInt8]] {
        let path = FilePath("\(#filePath)").parent.parent.parent
            .appending("Benchmarks/Data/debian-packages/\(name)")
        let bytes = try PosixFileSystem().readWholeFile(path, limit: 8 << 20)
        let rowCount = (0..<4).reduce(0) { $0 | Int(bytes[$1]) << ($1 * 8) }
        return (0..<count).map { index in
            let start = 8 + index * (rowCount / count) * schema.dimension
            let values = bytes[start..<start + schema.dimension].map {
                Float(Int8(bitPattern: $0)) / 128
            }
            return encoded(values, schema)
        }
    }

    private static func encoded(_ values: [Float], _ schema: Schema) -> [UInt8] {
        let norm = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
        let scale = schema.metric == .cosine ? 1 / norm : 1
        var writer = ByteWriter()
        for value in values {
            switch schema.elementType {
            case .float32: writer.append(value * scale)
            case .float16: writer.append(Float16(value * scale).bitPattern)
            case .uint8: writer.append(UInt8((value + 1) * 127))
            case .int8: writer.append(UInt8(bitPattern: Int8(value * 127)))
            }
        }
        return writer.bytes
    }
}

@Suite("All metrics, elements and kinds of data")
struct MatrixTests {
    static let spaces: [(Metric, ElementType)] = [
        (.euclidean, .float32), (.euclidean, .float16), (.euclidean, .uint8), (.euclidean, .int8),
        (.innerProduct, .float32), (.innerProduct, .float16), (.innerProduct, .uint8),
        (.innerProduct, .int8), (.cosine, .float32), (.cosine, .float16),
    ]

    @Test(arguments: spaces, DataKind.allCases)
    func `graphs find the nearest rows, in memory and by pages`(
        space: (metric: Metric, element: ElementType), kind: DataKind
    ) throws {
        let shape = kind.shape
        let schema = Schema(
            dimension: shape.dimension, metric: space.metric, elementType: space.element)
        let (vectors, queries) = try kind.vectors(schema)
        let sample = try SampleSegment(
            indexed: SampleRows(
                schema: schema, ids: (0..<shape.rowCount).map { .number(UInt64($0)) },
                vectors: vectors, records: vectors.map { _ in [] }))
        let k = min(10, shape.rowCount)
        for access in [
            SegmentAccess.mapped, .mappedInPlace, .paged(PageCache(byteBudget: 1 << 20)),
        ] {
            let reader = try sample.open(access)
            let query = SegmentQuery(schema: schema)
            var found = 0
            for bytes in queries {
                let floats = SampleVector.floats(bytes, schema)
                unsafe floats.withUnsafeBufferPointer {
                    unsafe query.prepare($0.baseAddress.unsafelyUnwrapped)
                }
                var statistics = SegmentSearchStatistics()
                let exact = try reader.searchExactly(
                    query, k: k, statistics: &statistics
                ) { _ in true }
                let effort =
                    reader.isMapped ? SearchEffort(width: 0, gamma: 0.5) : SearchEffort(width: 120)
                let hits = try reader.searchGraph(
                    query, k: k, effort: effort, statistics: &statistics
                ) { _ in true }
                #expect(hits.count == k && exact.count == k)
                #expect(Set(hits.map(\.row)).count == k)
                let bound = try #require(exact.last).distance
                // Of rows equally far, any will do.
                found += hits.count { $0.distance <= bound }
                for hit in hits {
                    let distance = try reader.exactDistance(hit.row, from: query)
                    #expect(abs(hit.distance - distance) <= 1e-5 * max(1, abs(distance)))
                }
            }
            let recall = Double(found) / Double(k * queries.count)
            #expect(recall >= shape.recall, "mapped: \(reader.isMapped)")
        }
    }
}
