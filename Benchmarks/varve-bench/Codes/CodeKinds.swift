// The kinds of codes that are compared, each with all rows coded and its scan.

import VarveKernels
import VarveQuantization
import VarveStorage

/// 8-bit vectors: what graphs are walked on, and what row codes are made from.
final class ByteVectorCodes {
    private var codes: [UInt8] = []
    private var headers: [ByteRow] = []
    private let dimension: Int
    private let seconds: Double

    init(_ sample: CodedSample) {
        dimension = sample.dimension
        let encoder = ByteEncoder(dimension: dimension)
        let start = threadSeconds()
        var code = [UInt8](repeating: 0, count: encoder.paddedCount)
        codes.reserveCapacity(sample.rowCount * encoder.paddedCount)
        for row in 0..<sample.rowCount {
            headers.append(unsafe encoder.encode(sample.row(row), into: &code))
            codes += code
        }
        seconds = threadSeconds() - start
    }

    /// The rows of `vectors` (each of `dimension` components).
    init(_ vector: [Float]) {
        dimension = vector.count
        let encoder = ByteEncoder(dimension: dimension)
        codes = [UInt8](repeating: 0, count: encoder.paddedCount)
        headers = [unsafe encoder.encode(vector, into: &codes)]
        seconds = 0
    }

    func withTable<R>(_ body: (ByteVectorTable) -> R) -> R {
        unsafe codes.withUnsafeBytes { codes in
            unsafe headers.withUnsafeBytes { headers in
                body(
                    unsafe ByteVectorTable(
                        codes: codes.baseAddress.unsafelyUnwrapped,
                        codeStride: ByteRow.paddedCount(dimension: dimension),
                        rows: headers.baseAddress.unsafelyUnwrapped,
                        rowStride: ByteRow.byteCount, dimension: dimension))
            }
        }
    }

    func kind() -> CodeKind {
        let count = headers.count
        let encoder = ByteEncoder(dimension: dimension)
        var code = [UInt8](repeating: 0, count: encoder.paddedCount)
        var header = ByteRow()
        return CodeKind(
            name: "vectors of 8 bits", byteCount: encoder.paddedCount + ByteRow.byteCount,
            encodingSeconds: seconds,
            prepare: { header = unsafe encoder.encode($0, into: &code) },
            scan: { distances in
                self.withTable {
                    unsafe $0.distances(
                        from: header, codes: code, toRowsFrom: 0, count: count, into: &distances)
                }
            })
    }
}

/// The engine's 4-bit codes, all rows in one list around their mean.
func rowCodes(
    _ sample: CodedSample, _ vectors: ByteVectorCodes, subspaceDimension: Int
) -> CodeKind {
    let shape = CodeShape(dimension: sample.dimension, subspaceDimension: subspaceDimension)
    let count = sample.rowCount
    let groupCount = RowCodes.groupCount(rowCount: count)
    let groupByteCount = RowCodes.groupByteCount(shape: shape)
    var bytes = [UInt8](repeating: 0, count: groupCount * groupByteCount)
    let start = threadSeconds()
    let (rotation, unit) = vectors.withTable { table in
        let rotation = RowCodeEncoder.rotation(for: table, rowCount: count, shape: shape, seed: 1)
        return ByteVectorCodes(rotation.mean).withTable { centre in
            let encoder = RowCodeEncoder(
                table: table, centres: centre, listStarts: [0, UInt32(count)], rotation: rotation)
            unsafe bytes.withUnsafeMutableBytes {
                unsafe encoder.encode(
                    0..<groupCount, into: $0.baseAddress.unsafelyUnwrapped,
                    runtime: SystemRuntime(), threadCount: 1)
            }
            return (rotation, encoder.unit)
        }
    }
    let seconds = threadSeconds() - start
    let query = RowCodeQuery(shape: shape)
    var rotated = [Float](repeating: 0, count: shape.rotatedCount)
    var found = [UInt32](repeating: 0, count: count)
    return CodeKind(
        name: "row codes of 4 bits for \(subspaceDimension)",
        byteCount: groupByteCount / RowCodes.groupRowCount, encodingSeconds: seconds,
        prepare: {
            unsafe rotation.apply($0, into: &rotated)
            unsafe query.prepare(rotated: rotated)
        },
        scan: { distances in
            unsafe bytes.withUnsafeBytes {
                let codes = unsafe RowCodes(
                    base: $0.baseAddress.unsafelyUnwrapped, rowCount: count, shape: shape,
                    unit: unit)
                // One list: what its centre is away changes no order.
                _ = unsafe codes.scan(
                    0..<count, query, base: 0, rows: &found, distances: &distances)
            }
        })
}

/// Trained product codes.
func productCodes(_ sample: CodedSample, _ shape: ProductShape, threadCount: Int) -> CodeKind {
    let start = monotonicNanoseconds()
    let codebook = unsafe ProductCodebook(
        shape: shape, rows: sample.rows, rowCount: sample.rowCount, seed: 1,
        runtime: SystemRuntime(), threadCount: threadCount)
    let trainingSeconds = seconds(since: start)
    let encodingStart = threadSeconds()
    var codes: [UInt8] = []
    codes.reserveCapacity(sample.rowCount * shape.byteCount)
    var code = [UInt8](repeating: 0, count: shape.byteCount)
    for row in 0..<sample.rowCount {
        unsafe codebook.encode(sample.row(row), into: &code)
        codes += code
    }
    let query = ProductQuery(shape: shape)
    return CodeKind(
        name: "trained codes of \(shape.width.rawValue) bits for \(shape.subspaceDimension)",
        byteCount: shape.byteCount, trainingSeconds: trainingSeconds,
        encodingSeconds: threadSeconds() - encodingStart,
        prepare: { unsafe query.prepare($0, codebook: codebook) },
        scan: { [codes, count = sample.rowCount] in
            unsafe query.distances(codes: codes, count: count, into: &$0)
        })
}

/// Signs of the rotated components, with two factors that leave no bias in the estimate.
func signCodes(_ sample: CodedSample) -> CodeKind {
    let shape = CodeShape(dimension: sample.dimension, subspaceDimension: 1)
    let byteCount = shape.rotatedCount / 8
    let start = threadSeconds()
    var mean = [Float](repeating: 0, count: sample.dimension)
    for place in sample.rows.indices {
        mean[place % sample.dimension] += sample.rows[place] / Float(sample.rowCount)
    }
    let rotation = Rotation(shape: shape, seed: 1, mean: mean)
    var rotated = [Float](repeating: 0, count: shape.rotatedCount)
    var codes = [UInt8](repeating: 0, count: sample.rowCount * byteCount)
    var factors: [(own: Float, scale: Float)] = []
    for row in 0..<sample.rowCount {
        unsafe rotation.apply(sample.row(row), into: &rotated)
        var (norm2, size): (Float, Float) = (0, 0)
        for (i, component) in rotated.enumerated() {
            norm2 += component * component
            size += abs(component)
            if component > 0 { codes[row * byteCount + i / 8] |= 1 << (i % 8) }
        }
        factors.append((norm2, size > 0 ? -2 * norm2 / size : 0))
    }
    let encodingSeconds = threadSeconds() - start
    let query = ProductQuery(byteCount: byteCount)
    var entries = [Float](repeating: 0, count: byteCount * 256)
    return CodeKind(
        name: "rotated signs", byteCount: byteCount + 8, encodingSeconds: encodingSeconds,
        prepare: {
            unsafe rotation.apply($0, into: &rotated)
            for i in 0..<byteCount {
                for bits in 0..<256 {
                    var sum: Float = 0
                    for k in 0..<8 {
                        sum += bits >> k & 1 == 1 ? rotated[8 * i + k] : -rotated[8 * i + k]
                    }
                    entries[i * 256 + bits] = sum
                }
            }
            query.prepare(entries: entries)
        },
        scan: { [codes, factors] distances in
            unsafe query.distances(codes: codes, count: factors.count, into: &distances)
            for row in factors.indices {
                distances[row] = factors[row].own + factors[row].scale * distances[row]
            }
        })
}
