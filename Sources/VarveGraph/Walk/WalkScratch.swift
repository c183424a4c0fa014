// The memory of one walk at a time.

package import CKernels
public import VarveFormat
package import VarveKernels

/// What a walk writes to: reused from query to query, so that nothing is allocated once it has
/// grown.
///
/// One thread at a time. Takes one byte for each row of the largest graph walked, and about 40 KiB.
@safe public final class WalkScratch {
    /// Stays where it is: walks that are taken together keep its address.
    package let memory: UnsafeMutablePointer<vk_walk_scratch>
    private var resultCapacity = 1
    private var frontCapacity = 1
    private var seedCapacity = 1

    /// Open entries kept at most; what lies beyond would never be expanded.
    static let openCapacity = 4_096
    /// Entries the kernels may touch behind the last.
    static let openSlack = 16

    /// A scratch that grows with its first walk.
    public init() {
        unsafe memory = .allocate(capacity: 1)
        // Safety: every pointer is an allocation of the capacity recorded beside it, from here to
        // deinit.
        let empty = unsafe vk_walk_scratch(
            visited: .allocate(capacity: 1), row_count: 0, epoch: 0,
            open_distances: .allocate(capacity: Self.openCapacity + Self.openSlack),
            open_blocks: .allocate(capacity: Self.openCapacity + Self.openSlack),
            open_capacity: UInt32(Self.openCapacity), open_count: 0,
            result_distances: .allocate(capacity: 1), result_rows: .allocate(capacity: 1),
            result_blocks: .allocate(capacity: 1),
            result_count: 0, front: .allocate(capacity: 1), front_count: 0,
            seed_distances: .allocate(capacity: 1), seed_starts: (0, 0, 0, 0, 0, 0, 0, 0),
            seed_ends: (0, 0, 0, 0, 0, 0, 0, 0), seed_range_count: 0, seed_measured: 0,
            expanded: 0, estimated: 0, measured: 0, refused: false)
        unsafe memory.initialize(to: empty)
    }

    deinit {
        unsafe memory.pointee.visited.deallocate()
        unsafe memory.pointee.open_distances.deallocate()
        unsafe memory.pointee.open_blocks.deallocate()
        unsafe memory.pointee.result_distances.deallocate()
        unsafe memory.pointee.result_rows.deallocate()
        unsafe memory.pointee.result_blocks.deallocate()
        unsafe memory.pointee.front.deallocate()
        unsafe memory.pointee.seed_distances.deallocate()
        unsafe memory.deallocate()
    }

    /// Grows to what a walk of `rule` over `rowCount` rows and `seedCount` seeds needs.
    package func prepare(rowCount: Int, seedCount: Int, rule: WalkRule) {
        if rowCount > Int(unsafe memory.pointee.row_count) {
            unsafe memory.pointee.visited.deallocate()
            unsafe memory.pointee.visited = .allocate(capacity: rowCount)
            unsafe memory.pointee.visited.initialize(repeating: 0, count: rowCount)
            unsafe memory.pointee.row_count = UInt32(rowCount)
            unsafe memory.pointee.epoch = 0
        }
        if rule.resultCount > resultCapacity {
            resultCapacity = rule.resultCount
            unsafe memory.pointee.result_distances.deallocate()
            unsafe memory.pointee.result_rows.deallocate()
            unsafe memory.pointee.result_blocks.deallocate()
            unsafe memory.pointee.result_distances = .allocate(capacity: resultCapacity)
            unsafe memory.pointee.result_rows = .allocate(capacity: resultCapacity)
            unsafe memory.pointee.result_blocks = .allocate(capacity: resultCapacity)
        }
        if let width = rule.width, width > frontCapacity {
            frontCapacity = width
            // The front of an earlier walk may be kept.
            let front = UnsafeMutablePointer<Float>.allocate(capacity: frontCapacity)
            unsafe front.initialize(
                from: memory.pointee.front, count: Int(memory.pointee.front_count))
            unsafe memory.pointee.front.deallocate()
            unsafe memory.pointee.front = unsafe front
        }
        if seedCount > seedCapacity {
            seedCapacity = seedCount
            unsafe memory.pointee.seed_distances.deallocate()
            unsafe memory.pointee.seed_distances = .allocate(capacity: seedCapacity)
        }
    }

    /// Results of the last walk.
    public var resultCount: Int { Int(unsafe memory.pointee.result_count) }

    /// All results at once, for loops; valid until the next walk.
    package var results: WalkResults {
        unsafe WalkResults(
            rows: memory.pointee.result_rows, distances: memory.pointee.result_distances,
            count: resultCount)
    }

    /// The row of the result of rank `rank`, counted from zero, nearest first.
    public func row(_ rank: Int) -> RowOrdinal {
        precondition(rank >= 0 && rank < resultCount)
        return RowOrdinal(unsafe memory.pointee.result_rows[rank])
    }

    /// The block of that result.
    package func block(_ rank: Int) -> BlockNumber {
        precondition(rank >= 0 && rank < resultCount)
        return BlockNumber(unsafe memory.pointee.result_blocks[rank])
    }

    /// The squared distance of that result's 8-bit vector to the query's.
    public func distance(_ rank: Int) -> Float {
        precondition(rank >= 0 && rank < resultCount)
        return unsafe memory.pointee.result_distances[rank]
    }

    /// Whether the last walk ended at a block the graph did not admit; its results mean nothing.
    public var wasRefused: Bool { unsafe memory.pointee.refused }

    /// Nodes the last walk expanded.
    public var expandedCount: Int { Int(unsafe memory.pointee.expanded) }
    /// Neighbours it estimated, in groups of 16.
    public var estimatedCount: Int { Int(unsafe memory.pointee.estimated) }
    /// 8-bit distances it computed, those of seeds included.
    public var measuredCount: Int { Int(unsafe memory.pointee.measured) }
}

/// The results of a walk, nearest first.
@safe package struct WalkResults {
    let rows: UnsafeMutablePointer<UInt32>
    let distances: UnsafeMutablePointer<Float>
    /// How many there are.
    package let count: Int

    /// The row and the distance of the result of rank `rank`; nil where it is known from elsewhere.
    @inline(__always)
    package func result(_ rank: Int) -> (row: RowOrdinal, distance: Float) {
        precondition(rank >= 0 && rank < count)
        return unsafe (RowOrdinal(rows[rank]), distances[rank])
    }
}
