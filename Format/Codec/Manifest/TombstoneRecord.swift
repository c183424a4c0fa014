// What a manifest says about the tombstone file of one segment.

/// A tombstone file as a manifest names it: which one, how long, and what its bytes are.
public struct TombstoneRecord: Hashable, Sendable {
    /// The version in the file's name; at most the version of the manifest.
    public var version: VersionNumber
    /// The salt in the file's header.
    public var file: FileID
    /// The file's exact length in bytes.
    public var byteCount: UInt64
    /// The digest of the whole file.
    public var digest: Digest
    /// Rows of the segment that are deleted.
    public var deletedCount: Int

    /// A record of these parts.
    public init(
        version: VersionNumber, file: FileID, byteCount: UInt64, digest: Digest, deletedCount: Int
    ) {
        self.version = version
        self.file = file
        self.byteCount = byteCount
        self.digest = digest
        self.deletedCount = deletedCount
    }
}
