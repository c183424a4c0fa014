// The header that turns the 8-bit codes of a row back into a vector.

/// What a row of 8-bit codes means: component *i* of the vector is `lo + delta * code[i]`.
///
/// 32 bytes, the same in memory and in files (little-endian).
public struct ByteRow: Hashable, Sendable, BitwiseCopyable {
    /// The smallest component.
    public var lo: Float
    /// The step between two codes; 1 for rows of whole numbers, 0 where all components are equal.
    public var delta: Float
    /// The squared norm of the decoded vector, without the lift.
    public var norm2: Float
    /// One more component of the vector, kept apart from the codes; zero except under inner
    /// product.
    public var lift: Float
    /// The sum of the codes.
    public var sum: UInt32
    /// The sum of the squared codes.
    public var squareSum: UInt32
    /// Zero in tables; walk blocks keep the degree of the node here.
    public var reserved0: UInt32
    /// Zero.
    public var reserved1: UInt32

    /// Bytes of a header.
    public static let byteCount = 32

    /// The header of a vector of zeros.
    public init() {
        (lo, delta, norm2, lift) = (0, 0, 0, 0)
        (sum, squareSum, reserved0, reserved1) = (0, 0, 0, 0)
    }

    /// The codes of a row of `dimension` components, with the zeros behind them: a multiple of 64.
    public static func paddedCount(dimension: Int) -> Int { (dimension + 63) & ~63 }
}
