// The section `ids.filter`: a blocked Bloom filter over the ids of a segment.

/// A filter that answers "not here" for about 99 of 100 absent ids, reading 32 bytes.
///
/// The section is a run of 32-byte blocks of eight words of 32 bits, little-endian. An id with the
/// hash `h` has block `(h >> 32) * blockCount >> 32`, and in word `i` of it the bit `(UInt32(h) *
/// factors[i]) >> 27`.
public struct IdentifierFilter: Sendable {
    /// Blocks of 32 bytes.
    public let blockCount: Int
    /// The words, eight a block.
    public private(set) var words: [UInt32]

    /// Bits a row gets.
    public static let bitsPerRow = 10
    /// Bytes of a block.
    public static let blockByteCount = 32
    /// Odd numbers that draw one bit a word from one half of a hash.
    static let factors: InlineArray<8, UInt32> = [
        0x9E37_79B1, 0x85EB_CA77, 0xC2B2_AE3D, 0x27D4_EB2F, 0x1656_67B1, 0xD35A_2D97,
        0xA511_E9B3, 0x63D8_3595,
    ]

    /// An empty filter for `rowCount` ids.
    public init(rowCount: Int) {
        blockCount = Self.blockCount(rowCount: rowCount)
        words = [UInt32](repeating: 0, count: blockCount * 8)
    }

    /// Blocks the filter of `rowCount` ids has.
    public static func blockCount(rowCount: Int) -> Int {
        max(1, (rowCount * bitsPerRow + 255) / 256)
    }

    /// The block of the id with hash `hash`.
    public static func block(hash: UInt64, blockCount: Int) -> Int {
        Int(((hash >> 32) &* UInt64(blockCount)) >> 32)
    }

    /// Adds the id with hash `hash`.
    public mutating func insert(hash: UInt64) {
        let base = Self.block(hash: hash, blockCount: blockCount) * 8
        for index in 0..<8 {
            let bit = (UInt32(truncatingIfNeeded: hash) &* Self.factors[index]) >> 27
            words[base + index] |= 1 << bit
        }
    }

    /// Whether a block, given by its 32 bytes, may hold the id with hash `hash`.
    public static func mayContain(hash: UInt64, block: RawSpan) -> Bool {
        precondition(block.byteCount >= blockByteCount)
        for index in 0..<8 {
            // Safety: the block has 32 bytes; any bits are an integer.
            let word = unsafe UInt32(
                littleEndian: block.unsafeLoadUnaligned(
                    fromByteOffset: index * 4, as: UInt32.self))
            let bit = (UInt32(truncatingIfNeeded: hash) &* factors[index]) >> 27
            if word & (1 << bit) == 0 { return false }
        }
        return true
    }
}
