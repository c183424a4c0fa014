// Blocks of a size known beforehand, written without a check for every value.

extension ByteWriter {
    /// Appends `count` bytes that `fill` writes, all of them and no more.
    mutating func appendBlock(_ count: Int, _ fill: (inout BlockCursor) -> Void) {
        let start = self.count
        append(contentsOf: repeatElement(0, count: count))
        unsafe withUnsafeMutableBytes { buffer in
            let block = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
            var cursor = unsafe BlockCursor(block)
            fill(&cursor)
            precondition(cursor.isAtEnd, "the block has another size than it was to have")
        }
    }
}

/// A place in a block of bytes, moving over what is written.
///
/// Safety: every write is checked against the end of the block, which lives for as long as the
/// closure that is given the cursor.
@safe struct BlockCursor {
    private var next: UnsafeMutableRawPointer
    private let end: UnsafeMutableRawPointer

    init(_ block: UnsafeMutableRawBufferPointer) {
        // An empty buffer may have no address; it is never written to.
        let base = unsafe block.baseAddress ?? UnsafeMutableRawPointer(bitPattern: 1)
        guard let base = unsafe base else { preconditionFailure("one is an address") }
        unsafe next = base
        unsafe end = base + block.count
    }

    var isAtEnd: Bool { unsafe next == end }

    @inline(__always)
    private mutating func claim(_ count: Int) -> UnsafeMutableRawPointer {
        precondition(unsafe end - next >= count, "the block is full")
        let place = unsafe next
        unsafe next += count
        return unsafe place
    }

    /// Writes one byte.
    @inline(__always)
    mutating func put(_ value: UInt8) {
        unsafe claim(1).storeBytes(of: value, as: UInt8.self)
    }

    /// Writes two bytes, little-endian.
    @inline(__always)
    mutating func put(_ value: UInt16) {
        unsafe claim(2).storeBytes(of: value.littleEndian, as: UInt16.self)
    }

    /// Writes eight bytes, little-endian.
    @inline(__always)
    mutating func put(_ value: UInt64) {
        unsafe claim(8).storeBytes(of: value.littleEndian, as: UInt64.self)
    }

    /// Writes a varint, as ``ByteWriter/appendVarint(_:)`` does.
    @inline(__always)
    mutating func putVarint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            put(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        put(UInt8(truncatingIfNeeded: rest))
    }

    /// Writes UTF-8 text behind its byte count.
    mutating func putText(_ text: String) {
        var text = text
        text.withUTF8 { units in
            putVarint(UInt64(units.count))
            guard let source = units.baseAddress else { return }
            unsafe claim(units.count).copyMemory(from: source, byteCount: units.count)
        }
    }
}
