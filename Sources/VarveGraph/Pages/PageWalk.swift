// One walk over node pages at a time: what to expand, what to read next.

internal import CKernels
public import VarveFormat
public import VarveKernels

/// The state of a walk over pages, and its memory: reused from query to query, so that nothing is
/// allocated once it has grown.
///
/// A walk is driven from outside: ``begin(_:bytes:codes:width:scanRowCount:)``, then rounds of
/// ``expand(limit:)``, ``wantedPages(limit:most:)``, reading, and ``arrived(_:bytes:distances:)``
/// for every page wanted. The result depends on the order of arrivals inside a round alone. One
/// thread at a time.
@safe public final class PageWalk {
    private var memory = unsafe vk_page_walk()
    private let query: UnsafeMutablePointer<vk_page_query>
    private let pages: UnsafeMutablePointer<UInt32>
    // Keeps what the walk refers to.
    private var space: PageSpace?

    /// The most pages asked for at a time.
    public static let roundPageLimit = 64

    /// A walk that grows with its first query.
    public init() {
        unsafe query = .allocate(capacity: 1)
        unsafe query.initialize(to: vk_page_query())
        unsafe pages = .allocate(capacity: Self.roundPageLimit)
        unsafe pages.initialize(repeating: 0, count: Self.roundPageLimit)
    }

    deinit {
        unsafe vk_page_free(&memory)
        unsafe query.deallocate()
        unsafe pages.deallocate()
    }

    /// Begins a walk for the query of `row` and `bytes` and of `codes`, which both stay until it
    /// ends, keeping `width` candidates; looks at the codes of about `scanRowCount` rows.
    public func begin(
        _ space: PageSpace, row: ByteRow, bytes: UnsafePointer<UInt8>, codes: RowCodeQuery,
        width: Int, scanRowCount: Int
    ) {
        self.space = space
        unsafe query.pointee = vk_page_query(row: row.cRow, bytes: bytes, rotated: codes.view)
        var rule = vk_page_rule(
            width: UInt32(clamping: max(1, width)), scan_rows: UInt32(clamping: scanRowCount))
        unsafe vk_page_begin(&memory, space.view, query, &rule)
    }

    /// Takes a row out of a walk that has just begun, as if it were not stored; the walk keeps one
    /// candidate less from then on.
    public func leaveOut(_ row: RowOrdinal) { unsafe vk_page_leave_out(&memory, row.rawValue) }

    /// Puts a row among the candidates.
    public func seed(_ row: RowOrdinal) { unsafe vk_page_seed(&memory, row.rawValue) }

    /// Expands all candidates nearer than `limit` whose pages are here.
    ///
    /// - Returns: A row whose record made no sense; nil if all did.
    public func expand(limit: Float) -> RowOrdinal? {
        unsafe vk_page_expand(&memory, limit) ? nil : RowOrdinal(memory.bad_row)
    }

    /// The pages of the nearest candidates nearer than `limit` that are not here, at most `most`.
    ///
    /// Valid until the next call. Each must arrive before the next is asked for.
    public func wantedPages(limit: Float, most: Int) -> UnsafeBufferPointer<UInt32> {
        let count = unsafe vk_page_wanted(
            &memory, limit, UInt32(min(most, Self.roundPageLimit)), pages)
        return unsafe UnsafeBufferPointer(start: pages, count: Int(count))
    }

    /// Appends how far the candidates are whose pages ``wantedPages(limit:most:)`` would give,
    /// `offset` less, nearest first; notes nothing.
    public func appendWanted(
        limit: Float, most: Int, less offset: Float, to distances: inout [Float]
    ) {
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: Self.roundPageLimit) {
            room in
            guard let base = room.baseAddress else { return }
            // Safety: there is room for as many distances and pages as are asked for.
            let count = unsafe vk_page_nearest_wanted(
                &memory, limit, UInt32(min(most, Self.roundPageLimit)), base, pages)
            for place in 0..<Int(count) { distances.append(unsafe room[place] - offset) }
        }
    }

    /// Takes a page: `bytes` stay until the walk ends or forgets its pages, and `distances` has the
    /// squared distance of each of its rows.
    public func arrived(
        _ page: UInt32, bytes: UnsafeRawPointer, distances: UnsafePointer<Float>
    ) {
        unsafe vk_page_arrived(
            &memory, page, bytes.assumingMemoryBound(to: UInt8.self), distances)
    }

    /// Forgets which pages are here: candidates not expanded need theirs again.
    public func forgetPages() { unsafe vk_page_forget_pages(&memory) }

    /// Rows expanded in this walk.
    public var expandedCount: Int { Int(unsafe memory.expanded) }
    /// Distances estimated in this walk, those of centres included.
    public var estimatedCount: Int { Int(unsafe memory.estimated) }
}
