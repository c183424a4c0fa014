// What the rest of a store knows about a segment without opening it.

public import VarveFormat

/// A sealed segment as a manifest records it.
public struct SegmentFacts: Hashable, Sendable {
    /// The segment's number, which is also in its file name.
    public var id: SegmentID
    /// The salt of the file's checksums.
    public var file: FileID
    /// Bytes of the file.
    public var byteCount: UInt64
    /// The digest of the whole file.
    public var digest: Digest
    /// Rows in the segment.
    public var rowCount: Int
    /// The first and last sequence number of the writes in it.
    public var sequences: ClosedRange<SequenceNumber>

    /// Facts of these parts.
    public init(
        id: SegmentID, file: FileID, byteCount: UInt64, digest: Digest, rowCount: Int,
        sequences: ClosedRange<SequenceNumber>
    ) {
        self.id = id
        self.file = file
        self.byteCount = byteCount
        self.digest = digest
        self.rowCount = rowCount
        self.sequences = sequences
    }
}
