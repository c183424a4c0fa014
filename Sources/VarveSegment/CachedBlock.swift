// One verified block in memory.

/// Bytes read from a file and found whole; freed with the last reference.
@safe final class CachedBlock: @unchecked Sendable {
    // Invariant for Sendable: the bytes are written only by the reader that fills the block, before
    // it is shared.
    private let buffer: UnsafeMutableRawBufferPointer

    /// Room for `byteCount` bytes, aligned for direct reads.
    init(byteCount: Int) {
        unsafe buffer = UnsafeMutableRawBufferPointer.allocate(
            byteCount: byteCount, alignment: 4_096)
    }

    deinit { unsafe buffer.deallocate() }

    /// The bytes; valid while this object lives.
    var bytes: UnsafeRawBufferPointer { unsafe UnsafeRawBufferPointer(buffer) }
    /// The bytes before the block is shared.
    var destination: UnsafeMutableRawBufferPointer { unsafe buffer }
    /// Bytes it holds.
    var byteCount: Int { unsafe buffer.count }
}
