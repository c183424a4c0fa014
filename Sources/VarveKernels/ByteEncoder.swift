// Makes rows of 8-bit codes out of vectors.

package import CKernels

/// Encodes vectors of one dimension as rows of 8-bit codes.
///
/// Floats are encoded relative to the row's own smallest component, in 255 steps of its own range:
/// every component is off by at most half a step, (largest − smallest)/510, wherever the row lies.
/// Whole numbers of 8 bits are their own codes, without error. The bytes are the same on every
/// machine and tier.
///
/// The destination of codes has room for ``paddedCount`` bytes; those behind the dimension become
/// zero.
public struct ByteEncoder: Sendable {
    /// Components of a vector.
    public let dimension: Int
    /// Bytes of codes written for a row: the dimension up to a multiple of 64.
    public let paddedCount: Int
    private let tier: KernelTier

    /// An encoder for vectors of `dimension` components, 1 to 66,000: sums of squared codes stay
    /// below 2³².
    public init(dimension: Int, tier: KernelTier = .best) {
        precondition((1...66_000).contains(dimension))
        self.dimension = dimension
        self.paddedCount = ByteRow.paddedCount(dimension: dimension)
        self.tier = tier
    }

    /// Encodes finite floats.
    public func encode(
        _ vector: UnsafePointer<Float>, into codes: UnsafeMutablePointer<UInt8>
    ) -> ByteRow {
        var row = vk_byte_row()
        unsafe vk_byte_encode_f32(tier.kernels, vector, dimension, paddedCount, &row, codes)
        return ByteRow(row)
    }

    /// Takes whole numbers from 0 to 255 as codes.
    public func encode(
        _ vector: UnsafePointer<UInt8>, into codes: UnsafeMutablePointer<UInt8>
    ) -> ByteRow {
        var row = vk_byte_row()
        unsafe vk_byte_encode_u8(tier.kernels, vector, dimension, paddedCount, &row, codes)
        return ByteRow(row)
    }

    /// Takes whole numbers from −128 to 127 as codes, moved by 128.
    public func encode(
        _ vector: UnsafePointer<Int8>, into codes: UnsafeMutablePointer<UInt8>
    ) -> ByteRow {
        var row = vk_byte_row()
        unsafe vk_byte_encode_i8(tier.kernels, vector, dimension, paddedCount, &row, codes)
        return ByteRow(row)
    }

    /// Writes the vector that `codes` under `row` stand for.
    public func decode(
        _ row: ByteRow, _ codes: UnsafePointer<UInt8>, into vector: UnsafeMutablePointer<Float>
    ) {
        var header = row.cRow
        unsafe vk_byte_decode(&header, codes, dimension, vector)
    }
}

extension ByteRow {
    init(_ row: vk_byte_row) { self = unsafe unsafeBitCast(row, to: ByteRow.self) }

    package var cRow: vk_byte_row { unsafe unsafeBitCast(self, to: vk_byte_row.self) }
}
