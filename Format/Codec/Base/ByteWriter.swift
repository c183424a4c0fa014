// The one way values become bytes: little-endian, no alignment, no native layout.

/// A growing buffer of bytes.
public struct ByteWriter: Sendable {
    /// What has been written.
    public private(set) var bytes: [UInt8] = []

    /// An empty buffer with room for `capacity` bytes.
    public init(capacity: Int = 0) { bytes.reserveCapacity(capacity) }

    /// Bytes written so far.
    public var count: Int { bytes.count }

    /// Forgets the bytes and keeps the room.
    public mutating func removeAll() { bytes.removeAll(keepingCapacity: true) }

    /// Appends one byte.
    public mutating func append(_ value: UInt8) { bytes.append(value) }

    /// Appends two bytes, little-endian.
    public mutating func append(_ value: UInt16) { appendInteger(value) }

    /// Appends four bytes, little-endian.
    public mutating func append(_ value: UInt32) { appendInteger(value) }

    /// Appends eight bytes, little-endian.
    public mutating func append(_ value: UInt64) { appendInteger(value) }

    /// Appends the four bytes of `value`, little-endian.
    public mutating func append(_ value: Float) { appendInteger(value.bitPattern) }

    /// Appends the eight bytes of `value`, little-endian.
    public mutating func append(_ value: Double) { appendInteger(value.bitPattern) }

    /// Appends `value` in groups of seven bits, least significant first (LEB128): 1 to 10 bytes.
    public mutating func appendVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }

    /// Appends a signed value as a varint of its zigzag form, so small magnitudes stay short.
    public mutating func appendZigzag(_ value: Int64) {
        appendVarint(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    /// Appends bytes as they are.
    public mutating func append(contentsOf other: some Sequence<UInt8>) {
        bytes.append(contentsOf: other)
    }

    /// Appends the bytes of a buffer as they are.
    public mutating func append(buffer: UnsafeRawBufferPointer) {
        unsafe bytes.append(contentsOf: buffer)
    }

    /// Appends the UTF-8 bytes of `text` behind their count as a varint.
    public mutating func appendText(_ text: String) {
        appendVarint(UInt64(text.utf8.count))
        bytes.append(contentsOf: text.utf8)
    }

    /// Appends zeros until the count is a multiple of `alignment`.
    public mutating func pad(toMultipleOf alignment: Int) {
        let rest = bytes.count % alignment
        if rest > 0 { bytes.append(contentsOf: repeatElement(0, count: alignment - rest)) }
    }

    /// Overwrites the four bytes at `offset`, which must have been written already.
    public mutating func patch(_ value: UInt32, at offset: Int) { patchInteger(value, at: offset) }

    /// Overwrites the eight bytes at `offset`, which must have been written already.
    public mutating func patch(_ value: UInt64, at offset: Int) { patchInteger(value, at: offset) }

    /// Runs `body` on the bytes written so far.
    mutating func withUnsafeMutableBytes(_ body: (UnsafeMutableRawBufferPointer) -> Void) {
        unsafe bytes.withUnsafeMutableBytes { unsafe body($0) }
    }

    private mutating func appendInteger(_ value: some FixedWidthInteger) {
        unsafe withUnsafeBytes(of: value.littleEndian) { unsafe bytes.append(contentsOf: $0) }
    }

    private mutating func patchInteger(_ value: some FixedWidthInteger, at offset: Int) {
        unsafe withUnsafeBytes(of: value.littleEndian) { source in
            for index in source.indices { bytes[offset + index] = unsafe source[index] }
        }
    }
}
