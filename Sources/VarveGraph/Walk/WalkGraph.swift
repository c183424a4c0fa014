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

    /// Where the parts of a block lie.
    public let layout: WalkBlockLayout
    /// Nodes of the graph.
    public let rowCount: Int
    private let blocks: UnsafeRawPointer
    private let unit: Float
    private let seedRows: UnsafeMutablePointer<UInt32>
    private let seedVectors: UnsafeMutableRawPointer
    /// Rows walks may begin at.
    public let seedCount: Int
    private let gate: WalkGate?

    /// A graph of `rowCount` blocks from `blocks` on (aligned to 64), which outlive it.
    ///
    /// A walk begins at the nearest of `seeds`: 64 to 256 rows spread over the graph, a graph's
    /// entry points among them. Their vectors are copied here, close together. `unit` is that of
    /// the codebook.
    ///
    /// Where `admit` is given, a walk asks it before it reads a block for the first time, and ends
    /// where it says no; the blocks of seeds are read here, unasked.
    public init(
        blocks: UnsafeRawPointer, rowCount: Int, layout: WalkBlockLayout, unit: Float,
        seeds: [RowOrdinal], admit: (@Sendable (RowOrdinal) -> Bool)? = nil
    ) {
        gate = admit.map { WalkGate(rowCount: rowCount, admit: $0) }
        precondition(seeds.allSatisfy { $0.index < rowCount })
        precondition(rowCount < Int(UInt32.max))
        self.layout = layout
        self.rowCount = rowCount
        self.unit = unit
        unsafe self.blocks = unsafe blocks
        seedCount = seeds.count
        let seedByteCount = WalkBlockLayout.vectorOffset + layout.paddedCount
        unsafe seedRows = .allocate(capacity: max(1, seeds.count))
        unsafe seedVectors = .allocate(
            byteCount: max(1, seeds.count) * seedByteCount, alignment: 64)
        for (i, seed) in seeds.enumerated() {
            unsafe (seedRows + i).initialize(to: seed.rawValue)
            // Safety: a block begins with header and vector, which are all that is copied.
            unsafe (seedVectors + i * seedByteCount).copyMemory(
                from: blocks + seed.index * layout.byteCount, byteCount: seedByteCount)
        }
    }

    deinit {
        unsafe seedRows.deallocate()
        unsafe seedVectors.deallocate()
    }

    /// `count` rows spread evenly over `rowCount`, all of them where they are fewer.
    public static func spreadSeeds(count: Int, rowCount: Int) -> [RowOrdinal] {
        let count = min(count, rowCount)
        return (0..<count).map { RowOrdinal(UInt32($0 * rowCount / count)) }
    }

    /// The codes of the vector of a row, `layout.dimension` of them, where a walk has measured it.
    package func codes(of row: RowOrdinal) -> UnsafeRawPointer {
        precondition(row.index < rowCount)
        return unsafe blocks + row.index * layout.byteCount + WalkBlockLayout.vectorOffset
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
            row_count: UInt32(rowCount), unit: unit, seeds: table, seed_rows: seedRows,
            seed_count: UInt32(seedCount), admitted: gate?.words,
            admit: gate == nil ? nil : WalkGate.callback,
            admit_context: gate.map { unsafe Unmanaged.passUnretained($0).toOpaque() })
    }
}
