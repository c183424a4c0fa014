// A moment in the history of a store.

public import VarveFormat
public import VarveMemtable
public import VarveSegment

/// What a store held at one moment: repeatable reads, without locks, for as long as the view is
/// kept.
public struct View: Sendable {
    /// The structure looked at.
    public let state: ReadState
    /// The memtable that takes writes, as it was.
    public let active: MemtableView
    /// Memtables that wait for their flush, newest first.
    public let sealed: [MemtableView]
    /// Which rows are left out because they have expired; nil if none have an expiry.
    public let expiry: ExpiryRule?

    /// The view of `state` that shows so much of its active memtable, and its sealed ones whole.
    public init(state: ReadState, activeView: MemtableView, expiry: ExpiryRule? = nil) {
        self.state = state
        self.expiry = expiry
        active = activeView
        sealed = state.sealed.isEmpty ? [] : state.sealed.map(\.view)
    }

    /// All memtables, newest first.
    public var memtables: [MemtableView] { [active] + sealed }

    /// How many memtables there are: at least one.
    var memtableCount: Int { 1 + sealed.count }

    /// One of the memtables; 0 is the newest.
    func memtable(_ index: Int) -> MemtableView { index == 0 ? active : sealed[index - 1] }

    /// The rows of a source that memtables newer than it have deleted or superseded.
    ///
    /// - Parameter newerCount: How many memtables are newer: `index` for the memtable at `index`,
    ///   all for a segment.
    func marks(on source: SegmentID, newerCount: Int) -> SourceMarks {
        var marks = SourceMarks()
        for index in 0..<newerCount {
            let memtable = memtable(index)
            if let table = memtable.memtable.marks(on: source), table.count > 0 {
                marks.append(table, operationCount: memtable.operationCount)
            }
        }
        return marks
    }

    // MARK: - Rows

    /// Where the live row of an id is; nil if there is none.
    ///
    /// - Throws: ``SegmentError`` if a segment that may hold the id is damaged or cannot be read.
    public func find(_ id: RecordID) throws(SegmentError) -> RowPlace? {
        for (index, memtable) in memtables.enumerated() {
            switch memtable.lookup(id) {
            case .deleted: return nil
            case .row(let row):
                let marks = marks(on: memtable.memtable.sourceID, newerCount: index)
                let isGone = marks.contains(row) || isExpired(row, in: memtable)
                return isGone ? nil : .memtable(index, row)
            case .absent: continue
            }
        }
        for (index, segment) in state.segments.enumerated() {
            guard let row = try segment.reader.find(id) else { continue }
            // The newest source that knows an id decides: older versions of it were deleted with
            // it.
            guard !segment.deleted.contains(row) else { return nil }
            let marks = marks(on: segment.id, newerCount: memtableCount)
            let expiry = try expiryTest(of: segment)
            return marks.contains(row) || expiry.isExpired(row) ? nil : .segment(index, row)
        }
        return nil
    }

    /// Live rows at this moment.
    ///
    /// Costs a walk over the marks of the memtables.
    public var liveRowCount: Int {
        var count = 0
        for (index, memtable) in memtables.enumerated() {
            count += memtable.liveRowCount
            for newer in memtables.prefix(index) {
                count -= newer.markCount(memtable.memtable.sourceID)
            }
        }
        for segment in state.segments {
            count += segment.liveRowCount
            for memtable in memtables { count -= memtable.markCount(segment.id) }
        }
        return count - expiredRowCount
    }
}

/// Where a row stands in a view.
public enum RowPlace: Hashable, Sendable {
    /// In the memtable at this index.
    case memtable(Int, RowOrdinal)
    /// In the segment at this index.
    case segment(Int, RowOrdinal)
}

/// The rows of one source that newer memtables have deleted, as one view shows them.
struct SourceMarks {
    private typealias Table = (table: MarkTable, operationCount: Int)

    // Nearly always there are none or one, for which nothing is allocated.
    private var first: Table?
    private var others: [Table] = []

    /// Whether no row is marked, so that nobody needs to ask.
    var isEmpty: Bool { first == nil }

    mutating func append(_ table: MarkTable, operationCount: Int) {
        if first == nil {
            first = (table, operationCount)
        } else {
            others.append((table, operationCount))
        }
    }

    @inline(__always)
    func contains(_ row: RowOrdinal) -> Bool {
        guard let first else { return false }
        if first.table.isMarked(row, operationCount: first.operationCount) { return true }
        for (table, operationCount) in others
        where table.isMarked(row, operationCount: operationCount) {
            return true
        }
        return false
    }
}
