// Bytes of a file that lie in memory.

/// A range of an immutable file, readable as memory for as long as this object lives.
///
/// The bytes of a mapped disk file may be damaged like any others: verify before believing.
@safe public final class MappedBytes: @unchecked Sendable {
    // Invariant for Sendable: the bytes are never written while this object lives.

    /// The bytes.
    public let bytes: UnsafeRawBufferPointer
    private let release: @Sendable (UnsafeRawBufferPointer) -> Void

    /// Wraps `bytes`, which stay valid and unchanged until `release` is called with them.
    public init(
        bytes: UnsafeRawBufferPointer,
        release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
        unsafe self.bytes = bytes
        unsafe self.release = release
    }

    deinit { unsafe release(bytes) }
}
