// A random rotation that costs n log n.

internal import CKernels
public import VarveKernels

/// A random rotation of vectors around their mean: four rounds of random signs and a Hadamard
/// transform.
///
/// After it every sub-space looks like a sample of one normal distribution, so one constant
/// codebook serves all data. It keeps distances, is fixed by its seed and mean, and gives the same
/// bits on every machine. Cost: about 4 n log₂ n additions.
public final class Rotation: Sendable {
    /// The shape rotated vectors are cut into.
    public let shape: CodeShape
    /// What the signs come from.
    public let seed: UInt64
    /// What is subtracted first: `shape.dimension` components.
    public let mean: [Float]
    /// As many zeros: what is subtracted where a vector is rotated around zero.
    private let zeros: [Float]
    private let factors: [Float]
    private let power: Int
    /// The mean, rotated around zero.
    let rotatedMean: [Float]

    /// The rotation of this seed around `mean`, which has `shape.dimension` finite components.
    public init(shape: CodeShape, seed: UInt64, mean: [Float]) {
        precondition(mean.count == shape.dimension)
        self.shape = shape
        self.seed = seed
        self.mean = mean
        let zeros = [Float](repeating: 0, count: shape.dimension)
        self.zeros = zeros
        let count = shape.rotatedCount
        let power = 1 << (Int.bitWidth - 1 - count.leadingZeroBitCount)
        self.power = power
        let scale = 1 / Float(power).squareRoot()
        var signs = SignSequence(seed: seed)
        var factors = [Float](repeating: 0, count: 4 * count)
        for round in 0..<4 {
            let transformed = round % 2 == 0 ? 0..<power : count - power..<count
            for i in 0..<count {
                let size = transformed.contains(i) ? scale : 1
                factors[round * count + i] = signs.nextIsNegative() ? -size : size
            }
        }
        self.factors = factors
        var rotated = [Float](repeating: 0, count: count)
        unsafe mean.withUnsafeBufferPointer { mean in
            unsafe rotated.withUnsafeMutableBufferPointer { rotated in
                guard let mean = mean.baseAddress, let rotated = rotated.baseAddress else { return }
                unsafe Self.apply(mean, into: rotated, shape, factors, power, mean: zeros, .best)
            }
        }
        rotatedMean = rotated
    }

    /// Whether vectors differ under this rotation and `other` by their means alone.
    func isParallel(to other: Rotation) -> Bool { seed == other.seed && shape == other.shape }

    /// Writes the components of `vector` rotated around zero: those of any parallel rotation are
    /// these less its rotated mean.
    func applyUncentred(
        _ vector: UnsafePointer<Float>, into rotated: UnsafeMutablePointer<Float>
    ) {
        unsafe Self.apply(vector, into: rotated, shape, factors, power, mean: zeros, .best)
    }

    /// Writes the `shape.rotatedCount` components of the rotated `vector`.
    public func apply(
        _ vector: UnsafePointer<Float>, into rotated: UnsafeMutablePointer<Float>
    ) {
        unsafe apply(vector, into: rotated, kernels: CodeKernels.best)
    }

    package func apply(
        _ vector: UnsafePointer<Float>, into rotated: UnsafeMutablePointer<Float>,
        kernels: CodeKernels
    ) {
        unsafe Self.apply(vector, into: rotated, shape, factors, power, mean: mean, kernels)
    }

    private static func apply(
        _ vector: UnsafePointer<Float>, into rotated: UnsafeMutablePointer<Float>,
        _ shape: CodeShape, _ factors: [Float], _ power: Int, mean: [Float], _ kernels: CodeKernels
    ) {
        unsafe mean.withUnsafeBufferPointer { mean in
            unsafe factors.withUnsafeBufferPointer { factors in
                guard let mean = mean.baseAddress, let factors = factors.baseAddress else { return }
                var rotation = unsafe vk_rotation(
                    dimension: UInt32(shape.dimension), padded: UInt32(shape.rotatedCount),
                    power: UInt32(power), mean: mean, factors: factors)
                unsafe kernels.table.pointee.rotate(&rotation, vector, rotated)
            }
        }
    }
}

/// Random signs that depend on a seed alone (SplitMix64, lowest bit first).
struct SignSequence {
    private var state: UInt64
    private var bits: UInt64 = 0
    private var bitCount = 0

    init(seed: UInt64) { state = seed }

    mutating func nextIsNegative() -> Bool {
        if bitCount == 0 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
            bits = z ^ z >> 31
            bitCount = 64
        }
        defer {
            bits >>= 1
            bitCount -= 1
        }
        return bits & 1 == 1
    }
}
