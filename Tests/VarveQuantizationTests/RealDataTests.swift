// Codes of rows on real data: how much of the exact answers they find by themselves.

import Testing
import VarveKernels
import VarveQuantization
import VarveStorage

/// The embeddings and exact answers that the repository carries.
private struct RealSample {
    let dimension: Int
    /// Unit vectors.
    let rows: [[Float]]
    let queries: [[Float]]
    let answers: [[Int]]

    private static let directory = FilePath("\(#filePath)").parent.parent.parent
        .appending("Benchmarks/Data/debian-packages")

    init(rowCount: Int, queryCount: Int) throws {
        let base = try Self.read("base.i8bin")
        let asked = try Self.read("query.i8bin")
        dimension = base.columnCount
        rows = (0..<rowCount).map { Self.vector(base, $0) }
        queries = (0..<queryCount).map { Self.vector(asked, $0) }
        var answers: [[Int]] = []
        for query in queries {
            let products = rows.enumerated().map { row, vector in
                (zip(query, vector).reduce(Float(0)) { $0 + $1.0 * $1.1 }, row)
            }
            answers.append(products.sorted { ($1.0, $0.1) < ($0.0, $1.1) }.prefix(10).map(\.1))
        }
        self.answers = answers
    }

    private static func read(_ name: String) throws -> (columnCount: Int, bytes: [UInt8]) {
        let bytes = try PosixFileSystem().readWholeFile(
            directory.appending(name), limit: 8 << 20)
        let columns = (0..<4).reduce(0) { $0 | Int(bytes[4 + $1]) << ($1 * 8) }
        return (columns, bytes)
    }

    private static func vector(_ file: (columnCount: Int, bytes: [UInt8]), _ row: Int) -> [Float] {
        let start = 8 + row * file.columnCount
        let vector = file.bytes[start..<start + file.columnCount].map {
            Float(Int8(bitPattern: $0))
        }
        let norm = vector.reduce(Float(0)) { $0 + $1 * $1 }.squareRoot()
        return vector.map { $0 / norm }
    }

    /// The share of the answers among the ten rows nearest by `distances`, one for each row.
    func recall(_ distances: (Int) -> [Float]) -> Double {
        var found = 0
        for query in queries.indices {
            let all = distances(query)
            let nearest = rows.indices.sorted { (all[$0], $0) < (all[$1], $1) }.prefix(10)
            found += Set(nearest).intersection(answers[query]).count
        }
        return Double(found) / Double(10 * queries.count)
    }
}

@Suite struct RealDataTests {
    private static let shared = Result { try RealSample(rowCount: 4_000, queryCount: 60) }
    private let sample: RealSample
    private let table: SampleTable

    init() throws {
        sample = try Self.shared.get()
        table = SampleTable(sample.rows)
    }

    @Test func `8-bit codes find nearly all by themselves, in a quarter of the memory`() {
        let encoder = ByteEncoder(dimension: sample.dimension)
        #expect(encoder.paddedCount + ByteRow.byteCount <= sample.dimension * 4 / 4 + 32)
        let recall = table.withTable { vectors in
            sample.recall { number in
                var query = ByteVector(dimension: sample.dimension)
                unsafe query.encode(sample.queries[number])
                var distances = [Float](repeating: 0, count: sample.rows.count)
                unsafe vectors.distances(
                    from: query.row, codes: query.codes, toRowsFrom: 0, count: distances.count,
                    into: &distances)
                return distances
            }
        }
        #expect(recall >= 0.95)
    }

    @Test(arguments: [(1, 0.90, 8), (2, 0.80, 16), (4, 0.63, 32)])
    func `4-bit codes find most by themselves, in an eighth of the memory and less`(
        rate: (subspaceDimension: Int, recall: Double, ratio: Int)
    ) {
        let shape = CodeShape(
            dimension: sample.dimension, subspaceDimension: rate.subspaceDimension)
        let byteCount = RowCodes.groupByteCount(shape: shape) / RowCodes.groupRowCount
        #expect((byteCount - RowCodes.factorByteCount) * rate.ratio <= sample.dimension * 4)
        let rowCount = sample.rows.count
        let mean = (0..<sample.dimension).map { index in
            sample.rows.reduce(Float(0)) { $0 + $1[index] } / Float(rowCount)
        }
        let (encoder, bytes) = RowCodeTests.encode(
            table, SampleTable([mean]), shape, starts: [0, UInt32(rowCount)])
        let query = RowCodeQuery(shape: shape)
        var rotated = [Float](repeating: 0, count: shape.rotatedCount)
        let recall = unsafe bytes.withUnsafeBytes { bytes in
            let codes = unsafe RowCodes(
                base: bytes.baseAddress.unsafelyUnwrapped, rowCount: rowCount, shape: shape,
                unit: encoder.unit)
            return sample.recall { number in
                let vector = sample.queries[number]
                unsafe encoder.rotation.apply(vector, into: &rotated)
                unsafe query.prepare(rotated: rotated)
                return codes.estimates(
                    (0..<UInt32(rowCount)).map { $0 }, query,
                    bases: [Float(squaredL2(vector, mean))])
            }
        }
        #expect(recall >= rate.recall, "\(rate.subspaceDimension) dimensions a code")
    }

    @Test(arguments: [(8, 1, 0.95, 4), (8, 2, 0.90, 8), (4, 1, 0.90, 8)])
    func `trained codes lose a twentieth and a tenth at most by themselves`(
        rate: (bits: Int, span: Int, recall: Double, ratio: Int)
    ) throws {
        let width = try #require(ProductShape.Width(rawValue: rate.bits))
        let shape = ProductShape(
            dimension: sample.dimension, subspaceDimension: rate.span, width: width)
        #expect(shape.byteCount * rate.ratio <= sample.dimension * 4)
        let codebook = ProductCodeTests.codebook(shape, sample.rows)
        let codes = ProductCodeTests.codes(codebook, sample.rows)
        let query = ProductQuery(shape: shape)
        let recall = sample.recall { number in
            var distances = [Float](repeating: 0, count: sample.rows.count)
            unsafe query.prepare(sample.queries[number], codebook: codebook)
            unsafe query.distances(codes: codes, count: distances.count, into: &distances)
            return distances
        }
        #expect(recall >= rate.recall, "\(rate.bits) bits for \(rate.span)")
    }
}
