// What the rows of one stretch of the leaf order have found so far.

internal import CKernels

/// For every row of a stretch a bounded list of the nearest rows its leaves have shown it.
@safe final class BlockFinds: @unchecked Sendable {
    // Invariant for Sendable: lists are merged under their locks; otherwise one thread has a row.

    let limit: Int
    private let rowCount: Int
    private let lists: UnsafeMutablePointer<UInt64>
    let counts: UnsafeMutablePointer<UInt16>
    private let locks: UnsafeMutablePointer<UInt8>

    /// Bytes a row takes.
    static func byteCountPerRow(limit: Int) -> Int { 8 * limit + 3 }

    /// Empty lists for `rowCount` rows.
    init(rowCount: Int, limit: Int) {
        self.rowCount = rowCount
        self.limit = limit
        unsafe lists = .allocate(capacity: rowCount * limit)
        unsafe counts = .allocate(capacity: rowCount)
        unsafe counts.initialize(repeating: 0, count: rowCount)
        unsafe locks = .allocate(capacity: rowCount)
        unsafe locks.initialize(repeating: 0, count: rowCount)
    }

    deinit {
        unsafe lists.deallocate()
        unsafe counts.deallocate()
        unsafe locks.deallocate()
    }

    /// Empties all lists.
    func clear() { unsafe counts.update(repeating: 0, count: rowCount) }

    /// The list of the row at place `index` of the stretch.
    func list(_ index: Int) -> UnsafeMutablePointer<UInt64> { unsafe lists + index * limit }

    /// Compares `rows` with a packed leaf and merges the `count` nearest of each into its list.
    ///
    /// The lists are the same in whatever order leaves are joined.
    func join(
        _ rows: UnsafeBufferPointer<UInt32>, with packed: PackedLeaf, count: Int,
        places: SharedWords, firstPlace: Int
    ) {
        let chunk = min(rows.count, 256)
        unsafe withUnsafeTemporaryAllocation(of: UInt64.self, capacity: chunk * count) { best in
            unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: chunk) { found in
                guard let best = best.baseAddress, let found = found.baseAddress else { return }
                for start in stride(from: 0, to: rows.count, by: chunk) {
                    let part = unsafe UnsafeBufferPointer(
                        rebasing: rows[start..<min(rows.count, start + chunk)])
                    unsafe packed.nearest(
                        to: part, skipsOwn: true, count: count, best: best, counts: found)
                    for index in 0..<part.count {
                        let place = unsafe Int(places.base[Int(part[index])]) - firstPlace
                        unsafe vg_merge_finds(
                            list(place), counts + place, locks + place, UInt32(limit),
                            best + index * count, found[index])
                    }
                }
            }
        }
    }
}
