// The nearest rows every row has met in its leaves.

internal import CKernels
internal import VarveStorage

/// For every row a list of the nearest rows its leaves have shown it, bounded, and later its choice
/// of them.
///
/// Memory: `8 * limit + 3` bytes a row.
@safe final class LeafFinds: @unchecked Sendable {
    // Invariant for Sendable: lists are merged under their locks; otherwise one thread has a row.

    let limit: Int
    /// The rows that have a list, ascending; nil where every row has one.
    private let rows: [UInt32]?
    let lists: UnsafeMutablePointer<UInt64>
    let counts: UnsafeMutablePointer<UInt16>
    private let locks: UnsafeMutablePointer<UInt8>
    /// What the lists lie in; nil where they have been allocated.
    private let region: MemoryRegion?

    /// Lists for rows 0 to `rowCount`.
    convenience init(rowCount: Int, limit: Int) {
        self.init(listCount: rowCount, rows: nil, limit: limit, memory: .process)
    }

    /// Lists for `rows`, which ascend.
    convenience init(rows: [UInt32], limit: Int, memory: WorkingMemory) {
        self.init(listCount: rows.count, rows: rows, limit: limit, memory: memory)
    }

    private init(listCount rowCount: Int, rows: [UInt32]?, limit: Int, memory: WorkingMemory) {
        self.rows = rows
        self.limit = limit
        let capacity = max(1, rowCount * limit)
        region =
            memory.isSpilled
            ? memory.region(byteCount: capacity * MemoryLayout<UInt64>.stride) : nil
        // Safety: a region is aligned to a page and as long as that.
        unsafe lists =
            region?.baseAddress.bindMemory(to: UInt64.self, capacity: capacity)
            ?? .allocate(capacity: capacity)
        unsafe counts = .allocate(capacity: rowCount)
        unsafe counts.initialize(repeating: 0, count: rowCount)
        unsafe locks = .allocate(capacity: rowCount)
        unsafe locks.initialize(repeating: 0, count: rowCount)
    }

    deinit {
        if region == nil { unsafe lists.deallocate() }
        unsafe counts.deallocate()
        unsafe locks.deallocate()
    }

    /// Which list is that of `row`.
    func place(of row: UInt32) -> Int? {
        guard let rows else { return Int(row) }
        var low = 0
        var high = rows.count
        while low < high {
            let middle = (low + high) / 2
            if rows[middle] < row { low = middle + 1 } else { high = middle }
        }
        return low < rows.count && rows[low] == row ? low : nil
    }

    func list(_ row: Int) -> UnsafeMutablePointer<UInt64> { unsafe lists + row * limit }

    /// Compares the rows of a leaf with each other and merges the `count` nearest of each into its
    /// list.
    ///
    /// The lists are the same in whatever order leaves are joined.
    func join(leaf: UnsafeBufferPointer<UInt32>, count: Int, packed: PackedLeaf) {
        guard leaf.count > 1 else { return }
        unsafe packed.pack(leaf)
        let chunk = min(leaf.count, 256)
        let best = UnsafeMutablePointer<UInt64>.allocate(capacity: chunk * count)
        let found = UnsafeMutablePointer<UInt32>.allocate(capacity: chunk)
        defer {
            unsafe best.deallocate()
            unsafe found.deallocate()
        }
        for start in stride(from: 0, to: leaf.count, by: chunk) {
            let rows = unsafe UnsafeBufferPointer(
                rebasing: leaf[start..<min(leaf.count, start + chunk)])
            unsafe packed.nearest(
                to: rows, skipsOwn: true, count: count, best: best, counts: found)
            for index in 0..<rows.count {
                guard let row = place(of: unsafe rows[index]) else { continue }
                unsafe vg_merge_finds(
                    list(row), counts + row, locks + row, UInt32(limit), best + index * count,
                    found[index])
            }
        }
    }
}
