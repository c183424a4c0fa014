// Bytes of a file that lie in memory.

/// A range of an immutable file, readable as memory for as long as this object lives.
///
/// The bytes of a mapped disk file may be damaged like any others: verify before believing.
@safe public final class MappedBytes: @unchecked Sendable {
    // Invariant for Sendable: the bytes are never written while this object lives.

    /// The bytes.
    public let bytes: UnsafeRawBufferPointer
    /// Whether the bytes are pages of a file rather than a copy.
    let isPageMapped: Bool
    private let release: @Sendable (UnsafeRawBufferPointer) -> Void

    /// Wraps `bytes`, which stay valid and unchanged until `release` is called with them.
    public convenience init(
        bytes: UnsafeRawBufferPointer,
        release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
        unsafe self.init(bytes: bytes, isPageMapped: false, release: release)
    }

    /// Wraps `bytes`, saying whether they are pages of a file.
    init(
        bytes: UnsafeRawBufferPointer, isPageMapped: Bool,
        release: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
        unsafe self.bytes = bytes
        self.isPageMapped = isPageMapped
        unsafe self.release = release
    }

    deinit { unsafe release(bytes) }
}
