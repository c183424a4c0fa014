// What a check is asked to do.

public import VarveFormat

/// How deep a check goes; each level includes those before.
public enum CheckLevel: Int, Hashable, Comparable, Sendable, CaseIterable {
    /// Pointer, manifests, headers, directories and lengths.
    case headers = 1
    /// Every checksum and digest.
    case checksums = 2
    /// Values: graph, ids across segments, tombstones, figures.
    case logic = 3
    /// Recall over stored queries, and codes made anew for a sample of rows.
    case recall = 4

    public static func < (a: CheckLevel, b: CheckLevel) -> Bool { a.rawValue < b.rawValue }
}

/// How far a check has come.
public struct CheckProgress: Hashable, Sendable {
    /// The file at hand.
    public var file = ""
    /// Bytes read so far.
    public var readByteCount: UInt64 = 0
    /// Bytes of all files that will be read once.
    public var totalByteCount: UInt64 = 0
}

/// What a check is to look at, and how.
public struct CheckRequest {
    /// How deep it goes.
    public var level: CheckLevel = .checksums
    /// The version to take for the live one; nil for what CURRENT says.
    public var version: VersionNumber?
    /// The most ids a finding lists.
    public var idLimit = 20
    /// Whether files in the trash are read, too.
    public var includesTrash = true
    /// Whether, where a checksum of a segment is wrong, the one flipped bit is looked for that
    /// explains it; that takes longer than all the rest.
    public var findsCauses = true
    /// Files (relative to the store's directory) not to read again: a scrub that goes on.
    public var finishedFiles: Set<String> = []
    /// Told before each read of up to 1 MiB; may wait, to keep to a rate, and answers whether to go
    /// on.
    public var observer: ((CheckProgress) -> Bool)?
    /// Told of each finding as it is made.
    public var onFinding: ((Finding) -> Void)?
    /// Told when a segment, log or tombstone file has been read to its end.
    public var onFileEnd: ((String) -> Void)?

    /// A check of every checksum of the live version and everything beside it.
    public init() {}
}
