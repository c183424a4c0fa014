// The files a manifest leads to.

/// The names, relative to the store's root, of the files that a manifest leads to.
public struct ManifestReach: Hashable, Sendable {
    /// Files that are never written again: the manifest itself, segments, tombstones.
    public var finished: [String]
    /// Files that may be in the middle of being written, such as logs; their names must be durable.
    public var growing: [String]

    /// A reach of these names.
    public init(finished: [String], growing: [String] = []) {
        self.finished = finished
        self.growing = growing
    }
}
