// When the rows of a segment expire.

import Synchronization
import VarveFilter
public import VarveFormat

/// The expiry of every row of a segment that has one, in memory.
public final class ExpiryTable: Sendable {
    /// Microseconds since 1970-01-01T00:00:00Z by ordinal; the largest number for rows that stay.
    private let moments: [Int64]
    /// The moments in order.
    private let sorted: [Int64]

    init(_ column: AttributeColumn, rowCount: Int) {
        var moments = [Int64](repeating: .max, count: rowCount)
        column.rows.forEach { row in
            if case .date(let moment) = column.value(of: row) { moments[row.index] = moment }
        }
        self.moments = moments
        sorted = moments.filter { $0 < .max }.sorted()
    }

    /// The first and the last moment at which a row expires.
    public var range: ClosedRange<Int64>? {
        guard let first = sorted.first, let last = sorted.last else { return nil }
        return first...last
    }

    /// Whether a row has expired at `moment`.
    @inline(__always)
    public func isExpired(_ row: RowOrdinal, at moment: Int64) -> Bool {
        moments[row.index] <= moment
    }

    /// Rows that have expired at `moment`, deleted ones included.
    public func expiredCount(at moment: Int64) -> Int {
        var range = 0..<sorted.count
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            if sorted[middle] <= moment {
                range = middle + 1..<range.upperBound
            } else {
                range = range.lowerBound..<middle
            }
        }
        return range.lowerBound
    }

    /// The rows that have expired at `moment`.
    public func expired(at moment: Int64) -> RowSet {
        guard let first = sorted.first, first <= moment else { return RowSet() }
        return RowSet(
            ordinals: moments.indices.compactMap { moments[$0] <= moment ? UInt32($0) : nil })
    }
}

extension SegmentReader {
    /// When rows expire, by the dates of attribute `id`; nil if no row has one.
    ///
    /// Made when it is first asked for, and kept: eight bytes a row, twice.
    public func expiry(_ id: AttributeID) throws(SegmentError) -> ExpiryTable? {
        if let table = loadedExpiry.load() { return table }
        let attributes = try attributes()
        guard attributes.entries.contains(where: { $0.id == id }),
            let column = try attributes.column(id)
        else { return nil }
        return loadedExpiry.storeIfNil(ExpiryTable(column, rowCount: rowCount))
    }
}
