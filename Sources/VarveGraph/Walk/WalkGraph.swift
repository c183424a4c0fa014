// The walk blocks of one graph, as a walk sees them.

package import CKernels
public import VarveFormat
public import VarveKernels

/// A view of the walk blocks of one graph and of rows to begin at; the blocks stay the owner's.
///
/// Safe to use from any number of threads, each with a scratch of its own. Ids in damaged blocks
/// are never followed outside the graph.
@safe public final class WalkGraph: @unchecked Sendable {
    // Invariant for Sendable: nothing changes after init, and blocks outlive the graph by contract.

    /// Where the blocks stand.
    public let places: WalkBlockPlaces
    private let blocks: UnsafeRawPointer
    private let groupEnds: UnsafeMutablePointer<UInt32>
    private let unit: Float
    private let seedBlocks: UnsafeMutablePointer<UInt32>
    private let seedVectors: UnsafeMutableRawPointer
    private let groups: SeedGroups
    /// Rows walks may begin at.
    public let seedCount: Int
    /// Groups of near rows among them.
    var seedGroupCount: Int { groups.count }
    private let gate: WalkGate?

    /// A graph of the blocks from `blocks` on (aligned to 64), which outlive it.
    ///
    /// A walk begins at the nearest of `seeds`: 16 to 256 blocks spread over the graph, those of
    /// entry points among them. Their vectors are copied here, close together. `unit` is that of
    /// the codebook.
    ///
    /// Where `admit` is given, a walk asks it before it reads a block for the first time, and ends
    /// where it says no; the blocks of seeds are read here, unasked.
    public init(
        blocks: UnsafeRawPointer, places: WalkBlockPlaces, unit: Float, seeds: [BlockNumber],
        admit: (@Sendable (BlockNumber) -> Bool)? = nil
    ) {
        gate = admit.map { WalkGate(blockCount: places.blockCount, admit: $0) }
        precondition(seeds.allSatisfy { $0.index < places.blockCount })
        precondition(places.blockCount < Int(UInt32.max))
        self.places = places
        self.unit = unit
        unsafe self.blocks = unsafe blocks
        seedCount = seeds.count
        unsafe groupEnds = .allocate(capacity: max(1, places.groupEnds.count))
        for (i, end) in places.groupEnds.enumerated() {
            unsafe (groupEnds + i).initialize(to: end)
        }
        let seedByteCount = WalkBlockLayout.vectorOffset + places.layout.paddedCount
        unsafe seedBlocks = .allocate(capacity: max(1, seeds.count))
        unsafe seedVectors = .allocate(
            byteCount: max(1, seeds.count) * seedByteCount, alignment: 64)
        // Safety: a block begins with header and vector, which are all that is copied.
        unsafe groups = SeedGroups(
            count: seeds.count, layout: places.layout,
            vector: { unsafe blocks + places.offset(of: seeds[$0].index) })
        for (i, seed) in groups.order.enumerated() {
            unsafe (seedBlocks + i).initialize(to: seeds[seed].rawValue)
            unsafe (seedVectors + i * seedByteCount).copyMemory(
                from: blocks + places.offset(of: seeds[seed].index), byteCount: seedByteCount)
        }
    }

    deinit {
        unsafe groupEnds.deallocate()
        unsafe seedBlocks.deallocate()
        unsafe seedVectors.deallocate()
    }

    /// Where the parts of a block lie.
    public var layout: WalkBlockLayout { places.layout }

    /// Nodes of the graph.
    public var rowCount: Int { places.blockCount }

    /// `count` rows spread evenly over `rowCount`, all of them where they are fewer.
    public static func spreadSeeds(count: Int, rowCount: Int) -> [RowOrdinal] {
        let count = min(count, rowCount)
        return (0..<count).map { RowOrdinal(UInt32($0 * rowCount / count)) }
    }

    /// The codes of the vector in a block, `layout.dimension` of them, where a walk has measured
    /// it.
    package func codes(of number: BlockNumber) -> UnsafeRawPointer {
        unsafe blocks + places.offset(of: number.index) + WalkBlockLayout.vectorOffset
    }

    package var cGraph: vk_walk_graph {
        let seedByteCount = WalkBlockLayout.vectorOffset + layout.paddedCount
        let seeds = unsafe seedVectors.assumingMemoryBound(to: UInt8.self)
        let table = unsafe vk_byte_table(
            codes: seeds + WalkBlockLayout.vectorOffset, code_stride: seedByteCount,
            rows: seeds, row_stride: seedByteCount, dimension: UInt32(layout.dimension),
            padded_count: UInt32(layout.paddedCount))
        return unsafe vk_walk_graph(
            layout: layout.cLayout, blocks: blocks.assumingMemoryBound(to: UInt8.self),
            row_count: UInt32(rowCount), group_ends: groupEnds, unit: unit, seeds: table,
            seed_blocks: seedBlocks,
            seed_count: UInt32(seedCount), seed_leaders: groups.leaders,
            seed_group_starts: groups.starts, seed_group_count: UInt32(groups.count),
            admitted: gate?.words,
            admit: gate == nil ? nil : WalkGate.callback,
            admit_context: gate.map { unsafe Unmanaged.passUnretained($0).toOpaque() })
    }
}
