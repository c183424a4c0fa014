// The best few rows met so far, worst on top.

internal import VarveFormat

/// A bounded heap of rows by distance; equal distances in the order of the rows' ids.
struct NearestRows {
    private struct Entry {
        var distance: Float
        var row: UInt32
    }

    private var entries: [Entry] = []
    /// The most rows kept.
    private(set) var limit = 0

    /// Rows kept.
    var count: Int { entries.count }

    /// Whether as many rows are kept as may be.
    var isFull: Bool { entries.count == limit }

    /// The distance a row must not exceed to be kept.
    private(set) var bound = Float.infinity

    /// Forgets all rows; keeps up to `limit` of those that come, none farther than
    /// `maximumDistance`.
    mutating func reset(limit: Int, maximumDistance: Float = .infinity) {
        self.limit = limit
        bound = limit > 0 ? maximumDistance : -.infinity
        entries.removeAll(keepingCapacity: true)
    }

    /// Keeps a row if it is among the nearest; `memtable` knows the ids.
    @inline(__always)
    mutating func insert(_ row: UInt32, _ distance: Float, _ memtable: Memtable) {
        // A distance that overflowed to no number stands behind all others.
        let entry = Entry(distance: distance.isNaN ? .infinity : distance, row: row)
        guard entry.distance <= bound, limit > 0 else { return }
        if entries.count < limit {
            entries.append(entry)
            siftUp(entries.count - 1, memtable)
            if isFull { bound = entries[0].distance }
        } else if Self.precedes(entry, entries[0], memtable) {
            entries[0] = entry
            siftDown(0, memtable)
            bound = entries[0].distance
        }
    }

    /// Takes all rows out, nearest first.
    mutating func takeSorted(_ memtable: Memtable) -> [MemtableHit] {
        entries.sort { Self.precedes($0, $1, memtable) }
        let hits = entries.map { MemtableHit(row: RowOrdinal($0.row), distance: $0.distance) }
        entries.removeAll(keepingCapacity: true)
        return hits
    }

    /// Appends the rows to `rows`, in no useful order.
    func appendRows(to rows: inout [UInt32]) {
        for entry in entries { rows.append(entry.row) }
    }

    @inline(__always)
    private static func precedes(_ a: Entry, _ b: Entry, _ memtable: Memtable) -> Bool {
        if a.distance != b.distance { return a.distance < b.distance }
        return memtable.idPrecedes(a.row, b.row)
    }

    private mutating func siftUp(_ start: Int, _ memtable: Memtable) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.precedes(entries[parent], entries[child], memtable) else { return }
            entries.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int, _ memtable: Memtable) {
        var parent = start
        while true {
            var child = 2 * parent + 1
            guard child < entries.count else { return }
            if child + 1 < entries.count,
                Self.precedes(entries[child], entries[child + 1], memtable)
            {
                child += 1
            }
            guard Self.precedes(entries[parent], entries[child], memtable) else { return }
            entries.swapAt(parent, child)
            parent = child
        }
    }
}
