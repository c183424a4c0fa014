// The link of the chain of versions.

/// The version a manifest was made from, and the digest of that version's file.
public struct ManifestParent: Hashable, Sendable {
    /// The parent's number.
    public var version: VersionNumber
    /// The digest of the parent's whole file.
    public var digest: Digest

    /// A link to the file of `version` whose digest is `digest`.
    public init(version: VersionNumber, digest: Digest) {
        self.version = version
        self.digest = digest
    }
}
