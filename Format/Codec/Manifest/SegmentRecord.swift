// What a manifest says about one segment.

/// A segment as a manifest names it: which file, how long, what its bytes are, and what is in it.
public struct SegmentRecord: Hashable, Sendable {
    /// The number in the file's name.
    public var id: SegmentID
    /// The salt in the file's header.
    public var file: FileID
    /// The file's exact length in bytes.
    public var byteCount: UInt64
    /// The digest of the whole file.
    public var digest: Digest
    /// Rows in the segment, deleted ones included; ordinals are below it.
    public var rowCount: Int
    /// The oldest write that is in the segment.
    public var firstSequence: SequenceNumber
    /// The newest write that is in the segment.
    public var lastSequence: SequenceNumber
    /// The deleted rows; nil if none are.
    public var tombstones: TombstoneRecord?

    /// A record of these parts.
    public init(
        id: SegmentID, file: FileID, byteCount: UInt64, digest: Digest, rowCount: Int,
        firstSequence: SequenceNumber, lastSequence: SequenceNumber,
        tombstones: TombstoneRecord? = nil
    ) {
        self.id = id
        self.file = file
        self.byteCount = byteCount
        self.digest = digest
        self.rowCount = rowCount
        self.firstSequence = firstSequence
        self.lastSequence = lastSequence
        self.tombstones = tombstones
    }

    /// Rows that are not deleted.
    public var liveCount: Int { rowCount - (tombstones?.deletedCount ?? 0) }

    /// The most rows a segment may have: ordinals are 32 bits wide, and one value stays free.
    public static let maximumRowCount = Int(UInt32.max)
}
