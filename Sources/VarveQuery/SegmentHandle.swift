// A segment as one version of a store sees it.

public import VarveFormat
public import VarveSegment

/// An open segment and the rows of it that are deleted as of one version.
public final class SegmentHandle: Sendable {
    /// What the manifest says about it.
    public let record: SegmentRecord
    /// The open file; shared by all versions that have the segment.
    public let reader: SegmentReader
    /// Rows deleted as of the version; later deletes are marks in memtables.
    public let deleted: RowSet

    /// A handle of these parts.
    public init(record: SegmentRecord, reader: SegmentReader, deleted: RowSet) {
        self.record = record
        self.reader = reader
        self.deleted = deleted
    }

    /// The segment's number.
    public var id: SegmentID { record.id }

    /// Rows not deleted as of the version.
    public var liveRowCount: Int { record.rowCount - deleted.count }
}
