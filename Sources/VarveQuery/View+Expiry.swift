// Rows of a view whose time has come: there on the disk, and nowhere else.

public import VarveFormat
import VarveMemtable
import VarveSegment

/// Which rows a view leaves out because they have expired.
public struct ExpiryRule: Hashable, Sendable {
    /// The attribute that says when a row expires.
    public var attribute: AttributeID
    /// Rows with an expiry up to here are left out: microseconds since 1970-01-01T00:00:00Z.
    public var nowMicroseconds: Int64

    /// A rule of these parts.
    public init(attribute: AttributeID, nowMicroseconds: Int64) {
        self.attribute = attribute
        self.nowMicroseconds = nowMicroseconds
    }
}

extension View {
    /// Whether a row of a memtable has expired.
    func isExpired(_ row: RowOrdinal, in memtable: MemtableView) -> Bool {
        guard let expiry else { return false }
        let record = unsafe memtable.attributes(row)
        guard unsafe !record.isEmpty else { return false }
        let bytes = unsafe RawSpan(_unsafeBytes: record)
        // Records of memtables have been checked when they were written.
        guard
            case .date(let moment)? = try? AttributeRecord(bytes).value(of: expiry.attribute)
        else { return false }
        return moment <= expiry.nowMicroseconds
    }

    /// Asks whether rows of a segment have expired.
    func expiryTest(of segment: SegmentHandle) throws(SegmentError) -> ExpiryTest {
        guard let expiry, let table = try segment.reader.expiry(expiry.attribute),
            let range = table.range, range.lowerBound <= expiry.nowMicroseconds
        else { return ExpiryTest(table: nil, moment: 0) }
        return ExpiryTest(table: table, moment: expiry.nowMicroseconds)
    }

    /// Live rows that have expired; costs a look at every row of the sources that have such rows.
    var expiredRowCount: Int {
        guard expiry != nil else { return 0 }
        var count = 0
        for (index, memtable) in memtables.enumerated() {
            let marks = marks(on: memtable.memtable.sourceID, newerCount: index)
            memtable.forEachRow { row in
                if !marks.contains(row), isExpired(row, in: memtable) { count += 1 }
            }
        }
        for segment in state.segments {
            guard let test = try? expiryTest(of: segment), !test.isEmpty else { continue }
            let marks = marks(on: segment.id, newerCount: memtableCount)
            for ordinal in 0..<UInt32(segment.record.rowCount) {
                let row = RowOrdinal(ordinal)
                if test.isExpired(row), !segment.deleted.contains(row), !marks.contains(row) {
                    count += 1
                }
            }
        }
        return count
    }
}

/// Whether rows of one segment have expired at one moment.
struct ExpiryTest {
    var table: ExpiryTable?
    var moment: Int64

    /// Whether none has.
    var isEmpty: Bool { table == nil }

    @inline(__always)
    func isExpired(_ row: RowOrdinal) -> Bool { table?.isExpired(row, at: moment) ?? false }
}
