// A segment as one version of a store sees it.

public import VarveFormat
public import VarveSegment

/// An open segment and the rows of it that are deleted as of one version.
///
/// A store opened for reading only keeps segments that are damaged: whoever needs one hears of the
/// damage, and the others stay readable.
public final class SegmentHandle: Sendable {
    /// What the manifest says about it.
    public let record: SegmentRecord
    /// The open file, shared by all versions that have the segment; or why it cannot be opened.
    private let opened: Result<SegmentReader, SegmentError>
    /// Rows deleted as of the version; later deletes are marks in memtables.
    public let deleted: RowSet

    /// A handle of these parts.
    public init(
        record: SegmentRecord, reader: Result<SegmentReader, SegmentError>, deleted: RowSet
    ) {
        self.record = record
        opened = reader
        self.deleted = deleted
    }

    /// The segment's number.
    public var id: SegmentID { record.id }

    /// The open file.
    ///
    /// - Throws: ``SegmentError``: what kept it from being opened.
    public var reader: SegmentReader {
        get throws(SegmentError) { try opened.get() }
    }

    /// Rows not deleted as of the version.
    public var liveRowCount: Int { record.rowCount - deleted.count }
}
