// Reads that are asked for together.

/// One read of a batch.
@safe public struct ReadRequest {
    /// Where in the file; for a file opened with ``OpenMode/readDirect`` a multiple of 4,096.
    public var offset: UInt64
    /// Where the bytes go: memory of the caller, all of it to be filled.
    ///
    /// Not to be touched before the read has completed. For a direct read, address and count are
    /// multiples of 4,096.
    public var buffer: UnsafeMutableRawBufferPointer
    /// What the completion is known by.
    public var tag: UInt64

    /// A read of these parts.
    public init(offset: UInt64, buffer: UnsafeMutableRawBufferPointer, tag: UInt64) {
        self.offset = offset
        unsafe self.buffer = buffer
        self.tag = tag
    }
}

/// What came of one read of a batch.
public struct ReadCompletion: Sendable {
    /// The tag of the request.
    public var tag: UInt64
    /// How many bytes of the buffer are filled: all of them, or fewer where the file ends.
    public var byteCount: Int
    /// Why the read failed; nil if it did not.
    public var error: StorageError?
}
