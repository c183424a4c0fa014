// Seeded vectors for the tests of this folder.

import VarveKernels

/// A small generator whose sequence never changes (SplitMix64).
struct SampleGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }

    /// Components that are nearly normal: sums of twelve uniform numbers.
    mutating func normals(_ count: Int) -> [Float] {
        (0..<count).map { _ in
            (0..<12).reduce(Float(-6)) { sum, _ in sum + Float.random(in: 0..<1, using: &self) }
        }
    }
}

/// A table of encoded rows that owns its memory.
final class SampleTable: Sendable {
    let dimension: Int
    let codes: [UInt8]
    let rows: [ByteRow]
    let vectors: [[Float]]

    init(_ vectors: [[Float]], lifts: [Float] = []) {
        self.vectors = vectors
        dimension = vectors[0].count
        let encoder = ByteEncoder(dimension: dimension)
        var codes: [UInt8] = []
        var rows: [ByteRow] = []
        for (i, vector) in vectors.enumerated() {
            var padded = [UInt8](repeating: 0, count: encoder.paddedCount)
            var row = unsafe encoder.encode(vector, into: &padded)
            if !lifts.isEmpty { row.lift = lifts[i] }
            rows.append(row)
            codes += padded
        }
        self.codes = codes
        self.rows = rows
    }

    func withTable<R>(_ body: (ByteVectorTable) -> R) -> R {
        unsafe codes.withUnsafeBytes { codes in
            unsafe rows.withUnsafeBytes { rows in
                body(
                    unsafe ByteVectorTable(
                        codes: codes.baseAddress.unsafelyUnwrapped,
                        codeStride: ByteRow.paddedCount(dimension: dimension),
                        rows: rows.baseAddress.unsafelyUnwrapped, rowStride: ByteRow.byteCount,
                        dimension: dimension))
            }
        }
    }
}

func squaredL2(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
}
