// The digest of bytes that are not in an array.

extension Digest {
    /// The digest of `bytes` (XXH3-128, seed 0).
    public init(of bytes: UnsafeRawBufferPointer) {
        let stream = DigestStream()
        unsafe stream.update(bytes)
        self = stream.digest()
    }
}
