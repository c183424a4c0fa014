// A segment as one version of a store sees it.

import Synchronization
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

    /// The widths measured when the segment was sealed; read when they are first asked for.
    private let measured = AtomicLazyReference<MeasuredWidths>()

    private final class MeasuredWidths: Sendable {
        /// For the recalls of ``SegmentCanary/recallTargets``; zero where none was wide enough.
        let widths: [Int]
        init(_ widths: [Int]) { self.widths = widths }
    }

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

    /// The width that a recall needs, by the queries the segment carries; nil if it carries none,
    /// or none wide enough.
    ///
    /// Between the measured recalls, by straight lines; half as wide again and four more, because
    /// queries from outside are harder than the segment's own: on 62,436 text embeddings in one
    /// segment the measured width for .95 gave .918.
    func width(forRecall recall: Double) throws(SegmentError) -> Int? {
        let known: MeasuredWidths
        if let loaded = measured.load() {
            known = loaded
        } else {
            let canary = try reader.canary()
            known = measured.storeIfNil(MeasuredWidths(canary?.widths.map { Int($0) } ?? []))
        }
        let points = zip(SegmentCanary.recallTargets, known.widths).filter { $0.1 > 0 }
        guard let upper = points.firstIndex(where: { $0.0 >= recall }) else { return nil }
        guard upper > 0 else { return Self.widened(points[0].1) }
        let (a, b) = (points[upper - 1], points[upper])
        let share = (recall - a.0) / (b.0 - a.0)
        return Self.widened(a.1 + Int((share * Double(b.1 - a.1)).rounded(.up)))
    }

    private static func widened(_ width: Int) -> Int { width + width / 2 + 4 }
}
