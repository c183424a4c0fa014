// Rows packed for being compared all with all.

internal import CKernels

/// Rows of a leaf, packed so that eight rows are compared with sixteen at a time.
@safe package final class PackedLeaf: @unchecked Sendable {
    // Invariant for Sendable: packed by one thread, then only read by those it is handed to.

    private let space: GraphSpace
    private let leaf: UnsafeMutablePointer<vg_leaf>

    package init(space: GraphSpace) {
        self.space = space
        unsafe leaf = .allocate(capacity: 1)
        unsafe leaf.initialize(to: vg_leaf())
    }

    deinit {
        unsafe vg_leaf_free(leaf)
        unsafe leaf.deallocate()
    }

    /// Packs `rows`, at least one; results name columns by place where `namesPlaces`, else by row.
    package func pack(_ rows: UnsafeBufferPointer<UInt32>, namesPlaces: Bool = false) {
        guard let base = rows.baseAddress else { preconditionFailure("a leaf has rows") }
        let places = namesPlaces ? (0..<UInt32(rows.count)).map { $0 } : []
        unsafe places.withUnsafeBufferPointer { labels in
            unsafe vg_leaf_pack(
                space.pointer, base, namesPlaces ? labels.baseAddress : nil, UInt32(rows.count),
                leaf)
        }
    }

    /// For each of `rows` the `count` nearest columns, sorted, at `best + i * count`; how many at
    /// `counts`.
    package func nearest(
        to rows: UnsafeBufferPointer<UInt32>, skipsOwn: Bool, count: Int,
        best: UnsafeMutablePointer<UInt64>, counts: UnsafeMutablePointer<UInt32>
    ) {
        guard let base = rows.baseAddress else { return }
        unsafe counts.update(repeating: 0, count: rows.count)
        unsafe vg_leaf_nearest(
            space.pointer, leaf, base, UInt32(rows.count), skipsOwn, UInt32(count), best, counts)
    }
}

/// Packed leaves for the parallel steps of a join: a step takes one and puts it back.
final class PackedLeafPool: Sendable {
    private let space: GraphSpace
    private let idle = Guarded<[PackedLeaf]>([])

    init(space: GraphSpace) { self.space = space }

    func use(_ body: (PackedLeaf) -> Void) {
        let leaf = idle.withLock { $0.popLast() } ?? PackedLeaf(space: space)
        body(leaf)
        idle.withLock { $0.append(leaf) }
    }
}
