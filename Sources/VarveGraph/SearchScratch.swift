// The working memory of one search at a time, and a store of them for parallel work.

internal import CKernels

/// Working memory of searches: keep one per thread and use it for every search, whatever the graph.
///
/// It grows to what the widest search needed. The results of the last search stay in it until the
/// next.
@safe public final class SearchScratch: @unchecked Sendable {
    // Invariant for Sendable: used by one thread at a time, which its owner sees to.

    let pointer: UnsafeMutablePointer<vg_scratch>

    /// An empty scratch.
    public init() {
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: vg_scratch())
    }

    deinit {
        unsafe vg_scratch_free(pointer)
        unsafe pointer.deallocate()
    }

    /// How many results the last search left.
    public var resultCount: Int { Int(unsafe pointer.pointee.pool_count) }

    /// Result `index` of the last search, nearest first.
    public func result(at index: Int) -> RowDistance {
        precondition(index >= 0 && index < resultCount)
        guard let pool = unsafe pointer.pointee.pool else { preconditionFailure("no search yet") }
        return RowDistance(key: unsafe pool[index])
    }

    /// What was done with this scratch since the last ``resetStatistics()``.
    public var statistics: GraphStatistics {
        let state = unsafe pointer.pointee
        return GraphStatistics(
            expansionCount: unsafe state.expansions,
            searchDistanceCount: unsafe state.search_distances,
            pruneDistanceCount: unsafe state.prune_distances)
    }

    /// Sets the statistics to zero.
    public func resetStatistics() {
        unsafe pointer.pointee.expansions = 0
        unsafe pointer.pointee.search_distances = 0
        unsafe pointer.pointee.prune_distances = 0
    }
}

/// What searching and building cost, counted.
public struct GraphStatistics: Hashable, Sendable {
    /// Rows whose neighbours were looked at.
    public var expansionCount: UInt64 = 0
    /// Distances from a query or new row to rows of the graph.
    public var searchDistanceCount: UInt64 = 0
    /// Distances measured to choose neighbours.
    public var pruneDistanceCount: UInt64 = 0
    /// Distances measured by comparing all rows of a leaf or batch with each other.
    public var leafDistanceCount: UInt64 = 0

    /// Nothing yet.
    public init() {}

    init(expansionCount: UInt64, searchDistanceCount: UInt64, pruneDistanceCount: UInt64) {
        self.expansionCount = expansionCount
        self.searchDistanceCount = searchDistanceCount
        self.pruneDistanceCount = pruneDistanceCount
    }

    /// Adds two counts.
    public static func += (a: inout GraphStatistics, b: GraphStatistics) {
        a.expansionCount += b.expansionCount
        a.searchDistanceCount += b.searchDistanceCount
        a.pruneDistanceCount += b.pruneDistanceCount
        a.leafDistanceCount += b.leafDistanceCount
    }
}

/// Scratches for the parallel steps of building: a step takes one and puts it back.
final class ScratchPool: Sendable {
    private let idle = Guarded<[SearchScratch]>([])
    private let total = Guarded(GraphStatistics())

    func use<Result>(_ body: (SearchScratch) -> Result) -> Result {
        let scratch = idle.withLock { $0.popLast() } ?? SearchScratch()
        defer {
            let done = scratch.statistics
            scratch.resetStatistics()
            total.withLock { $0 += done }
            idle.withLock { $0.append(scratch) }
        }
        return body(scratch)
    }

    func addLeafDistances(_ count: UInt64) {
        total.withLock { $0.leafDistanceCount += count }
    }

    var statistics: GraphStatistics { total.withLock { $0 } }
}
