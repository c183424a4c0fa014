// The nearest rows met so far, the worst on top.

package import VarveFormat

/// A bounded heap of rows by distance; equal distances in an order that the owner of the rows
/// knows, and is asked for only then.
///
/// Its memory is used again by the next search, unless somebody still holds what
/// ``takeSorted(precedes:)`` gave.
package struct NearestRows: Sendable {
    /// The rows kept, in no useful order.
    package private(set) var hits: [RowHit] = []
    /// The most rows kept.
    package private(set) var limit = 0
    /// The distance beyond which a row is not kept.
    package private(set) var bound = -Float.infinity

    /// A heap that keeps nothing before it is reset.
    package init() {}

    /// Rows kept.
    package var count: Int { hits.count }

    /// Forgets all rows; keeps up to `limit` of those that come, none farther than
    /// `maximumDistance`.
    package mutating func reset(limit: Int, maximumDistance: Float = .infinity) {
        hits.removeAll(keepingCapacity: true)
        self.limit = limit
        bound = limit > 0 ? maximumDistance : -.infinity
    }

    /// Keeps a row if it is among the nearest.
    ///
    /// - Parameter precedes: Whether the first of two rows at one distance stands before the
    ///   second.
    package mutating func insert<Failure>(
        _ row: RowOrdinal, _ distance: Float,
        precedes: (RowOrdinal, RowOrdinal) throws(Failure) -> Bool
    ) throws(Failure) {
        // A distance that overflowed to no number stands behind all others.
        let hit = RowHit(row: row, distance: distance.isNaN ? .infinity : distance)
        guard hit.distance <= bound, limit > 0 else { return }
        if hits.count < limit {
            hits.append(hit)
            try siftUp(hits.count - 1, precedes)
        } else if try Self.isNearer(hit, hits[0], precedes) {
            hits[0] = hit
            try siftDown(0, hits.count, precedes)
        }
        if hits.count == limit { bound = hits[0].distance }
    }

    /// The rows, nearest first; nothing may be kept any more before the next reset.
    package mutating func takeSorted<Failure>(
        precedes: (RowOrdinal, RowOrdinal) throws(Failure) -> Bool
    ) throws(Failure) -> [RowHit] {
        var end = hits.count
        while end > 1 {
            end -= 1
            hits.swapAt(0, end)
            try siftDown(0, end, precedes)
        }
        limit = 0
        bound = -.infinity
        return hits
    }

    private static func isNearer<Failure>(
        _ a: RowHit, _ b: RowHit, _ precedes: (RowOrdinal, RowOrdinal) throws(Failure) -> Bool
    ) throws(Failure) -> Bool {
        if a.distance != b.distance { return a.distance < b.distance }
        if a.row == b.row { return false }
        return try precedes(a.row, b.row)
    }

    private mutating func siftUp<Failure>(
        _ start: Int, _ precedes: (RowOrdinal, RowOrdinal) throws(Failure) -> Bool
    ) throws(Failure) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard try Self.isNearer(hits[parent], hits[child], precedes) else { return }
            hits.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown<Failure>(
        _ start: Int, _ end: Int,
        _ precedes: (RowOrdinal, RowOrdinal) throws(Failure) -> Bool
    ) throws(Failure) {
        var parent = start
        while true {
            var child = 2 * parent + 1
            guard child < end else { return }
            if child + 1 < end, try Self.isNearer(hits[child], hits[child + 1], precedes) {
                child += 1
            }
            guard try Self.isNearer(hits[parent], hits[child], precedes) else { return }
            hits.swapAt(parent, child)
            parent = child
        }
    }
}
