// What a search over node pages remembers.

import VarveFormat

/// The working memory of searches over pages: marks, the sorted pool, the pages at hand.
final class PageSearch {
    /// A row that may be expanded.
    struct Candidate {
        var distance: Float
        var row: UInt32
        var isExpanded: Bool
    }

    /// Candidates, nearest first, ties by row.
    private(set) var pool: [Candidate] = []
    /// Blocks of pages that one block holds, by page, until the search ends.
    var blocks: [Int: CachedBlock] = [:]
    private var marks: [UInt8] = []
    private var epoch: UInt8 = 0
    private var fetched: Set<Int> = []
    private var capacity = 0
    /// The first place in the pool that may hold a candidate not expanded.
    private var next = 0

    /// Forgets everything; the pool will keep `capacity` candidates.
    func begin(rowCount: Int, capacity: Int) {
        pool.removeAll(keepingCapacity: true)
        blocks.removeAll(keepingCapacity: true)
        fetched.removeAll(keepingCapacity: true)
        self.capacity = capacity
        next = 0
        epoch &+= 1
        if epoch == 0 || marks.count < rowCount {
            marks = [UInt8](repeating: 0, count: max(rowCount, marks.count))
            epoch = 1
        }
    }

    /// Gives the pages back.
    func end() { blocks.removeAll(keepingCapacity: true) }

    /// Marks a row; false if it was marked before.
    func mark(_ row: UInt32) -> Bool {
        if marks[Int(row)] == epoch { return false }
        marks[Int(row)] = epoch
        return true
    }

    /// Remembers that a page is here; false if it was before.
    func markFetched(_ page: Int) -> Bool { fetched.insert(page).inserted }

    /// Puts a candidate where its distance belongs, if it is near enough.
    func insert(_ row: UInt32, _ distance: Float) {
        if pool.count == capacity, let last = pool.last, distance >= last.distance { return }
        var low = 0
        var high = pool.count
        while low < high {
            let middle = (low + high) / 2
            let other = pool[middle]
            if (other.distance, other.row) < (distance, row) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        pool.insert(Candidate(distance: distance, row: row, isExpanded: false), at: low)
        if pool.count > capacity { pool.removeLast() }
        next = min(next, low)
    }

    /// The nearest candidate not expanded yet, from now on expanded; nil if there is none.
    func takeNearest() -> Candidate? {
        while next < pool.count {
            if !pool[next].isExpanded {
                pool[next].isExpanded = true
                return pool[next]
            }
            next += 1
        }
        return nil
    }
}
