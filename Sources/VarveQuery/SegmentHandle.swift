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
    /// The open file, shared by all versions that have the segment.
    private let opened: SegmentReader?
    /// Why it cannot be opened.
    private let failure: SegmentError?
    /// Rows deleted as of the version; later deletes are marks in memtables.
    public var deleted: RowSet { deletedRows.rows }
    let deletedRows: DeletedRows

    /// The efforts measured when the segment was sealed; read when they are first asked for.
    private let measured = OnceReference<MeasuredEfforts>()

    /// A handle of these parts.
    public init(
        record: SegmentRecord, reader: Result<SegmentReader, SegmentError>, deleted: RowSet
    ) {
        self.record = record
        // Apart: a search asks for the reader again and again, and copying either is dear.
        switch reader {
        case .success(let reader): (opened, failure) = (reader, nil)
        case .failure(let error): (opened, failure) = (nil, error)
        }
        deletedRows = DeletedRows(deleted, rowCount: record.rowCount)
    }

    /// The segment's number.
    public var id: SegmentID { record.id }

    /// The open file.
    ///
    /// - Throws: ``SegmentError``: what kept it from being opened.
    public var reader: SegmentReader {
        get throws(SegmentError) {
            if let opened { return opened }
            guard let failure else { preconditionFailure("neither open nor damaged") }
            throw failure
        }
    }

    /// Rows not deleted as of the version.
    public var liveRowCount: Int { record.rowCount - deletedRows.count }

    /// The effort that a recall needs, by the queries the segment was measured with; nil if it
    /// carries none, or nothing reached the recall.
    func effort(forRecall recall: Double) throws(SegmentError) -> SearchEffort? {
        let reader = try reader
        let known: MeasuredEfforts
        if let loaded = measured.load() {
            known = loaded
        } else {
            known = measured.storeIfNil(
                MeasuredEfforts(try reader.canary(), pageWidths: try reader.pageWidths()))
        }
        return known.effort(forRecall: recall, walksBlocks: reader.walksInMemory)
    }
}
