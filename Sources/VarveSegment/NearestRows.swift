// The best rows seen so far.

import VarveFormat

/// A heap of the `limit` nearest rows, the worst on top; exact ties in the order of ids.
struct NearestRows {
    private var heap: [SegmentHit] = []
    private var limit = 0

    /// Forgets all rows and keeps the nearest `limit` from now on.
    mutating func reset(limit: Int) {
        heap.removeAll(keepingCapacity: true)
        self.limit = limit
    }

    /// Rows kept.
    var count: Int { heap.count }

    /// Whether `limit` rows are kept.
    var isFull: Bool { heap.count >= limit }

    /// The distance beyond which a row cannot enter.
    var bound: Float { isFull ? heap.first?.distance ?? -.infinity : .infinity }

    /// Keeps `hit` if it is among the nearest; ids are read from `reader` only for exact ties.
    mutating func insert(_ hit: SegmentHit, _ reader: SegmentReader) throws(SegmentError) {
        guard limit > 0 else { return }
        if heap.count < limit {
            heap.append(hit)
            try siftUp(heap.count - 1, reader)
        } else if try Self.precedes(hit, heap[0], reader) {
            heap[0] = hit
            try siftDown(0, reader)
        }
    }

    /// The rows, nearest first; empties the heap.
    mutating func takeSorted(_ reader: SegmentReader) throws(SegmentError) -> [SegmentHit] {
        var sorted: [SegmentHit] = []
        sorted.reserveCapacity(heap.count)
        while let worst = heap.first {
            sorted.append(worst)
            let last = heap.removeLast()
            if !heap.isEmpty {
                heap[0] = last
                try siftDown(0, reader)
            }
        }
        sorted.reverse()
        return sorted
    }

    /// Nearer; at the same distance, the smaller id.
    private static func precedes(
        _ a: SegmentHit, _ b: SegmentHit, _ reader: SegmentReader
    ) throws(SegmentError) -> Bool {
        if a.distance != b.distance { return a.distance < b.distance }
        if a.row == b.row { return false }
        return try reader.id(of: a.row) < reader.id(of: b.row)
    }

    private mutating func siftUp(_ start: Int, _ reader: SegmentReader) throws(SegmentError) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard try Self.precedes(heap[parent], heap[child], reader) else { return }
            heap.swapAt(parent, child)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int, _ reader: SegmentReader) throws(SegmentError) {
        var parent = start
        while true {
            var child = parent * 2 + 1
            guard child < heap.count else { return }
            if child + 1 < heap.count, try Self.precedes(heap[child], heap[child + 1], reader) {
                child += 1
            }
            guard try Self.precedes(heap[parent], heap[child], reader) else { return }
            heap.swapAt(parent, child)
            parent = child
        }
    }
}
