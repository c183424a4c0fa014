// How long what is no longer needed is kept.

/// How many versions are kept, and how long retired files stay in the trash.
public struct Retention: Hashable, Sendable {
    /// Manifests that are kept, the live one included; at least 1.
    public var manifestCount: Int
    /// Of those, the newest that protect the files they name; at least 1, at most
    /// ``manifestCount``.
    ///
    /// Lower values give the room of merged segments back sooner.
    public var protectingManifestCount: Int
    /// How long a retired file stays in the trash before it is removed.
    public var graceSeconds: Int64

    /// Four manifests, all of them protecting their files, and an hour of grace.
    public init(
        manifestCount: Int = 4, protectingManifestCount: Int = 4, graceSeconds: Int64 = 3_600
    ) {
        precondition((1...manifestCount).contains(protectingManifestCount) && graceSeconds >= 0)
        self.manifestCount = manifestCount
        self.protectingManifestCount = protectingManifestCount
        self.graceSeconds = graceSeconds
    }
}
