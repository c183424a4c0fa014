// Comparing rows leaf by leaf, and choosing neighbours among what they find and what they have.

internal import CKernels
internal import VarveStorage

/// The stage that writes every row's choice over its own list, links that are to be offered back
/// marked.
///
/// Rows are done in stretches of the leaf order, so that what they find fits the memory; a stretch
/// compares its own rows only, with all rows of the leaves they are in.
final class LeafStage: MergeStage {
    private let state: MergeState
    private let blockRowCount: Int
    private var leaves = Leaves()
    private(set) var order: LeafOrder?
    private var coarse: [CoarseLevel] = []
    private var sample: [UInt32]?
    private var finds: BlockFinds?
    private var blockStart = 0
    private var nextLeaf = 0
    private var nextPlace = 0
    private let pool: PackedLeafPool
    /// Distances a step measures by leaves, about a fifth of a second's.
    private static let leafDistancesPerStep = 1 << 26
    private static let rowsPerStep = 1 << 14

    init(_ state: MergeState) {
        self.state = state
        pool = PackedLeafPool(space: state.space)
        let rowByteCount = BlockFinds.byteCountPerRow(limit: state.settings.findLimit)
        blockRowCount = max(
            1 << 10, state.parameters.memoryByteLimit / 2 / rowByteCount)
    }

    let weight = 70.0

    private(set) var share = 0.0

    func step(threadCount: Int) {
        guard let order else { return prepare(threadCount: threadCount) }
        let block = blockStart..<min(order.queryCount, blockStart + blockRowCount)
        guard !block.isEmpty else {
            finds = nil
            share = 1
            return
        }
        let finds = self.finds ?? BlockFinds(rowCount: block.count, limit: state.settings.findLimit)
        self.finds = finds
        if nextLeaf < leaves.count {
            join(block, finds, order, threadCount: threadCount)
        } else {
            choose(block, finds, order, threadCount: threadCount)
        }
        let done =
            Double(nextLeaf) / Double(max(1, leaves.count)) * 0.7
            + Double(nextPlace - block.lowerBound) / Double(block.count) * 0.3
        if nextPlace == block.upperBound {
            blockStart = block.upperBound
            (nextLeaf, nextPlace) = (0, blockStart)
            if blockStart == order.queryCount { release() } else { finds.clear() }
        }
        let rows =
            nextLeaf == 0
            ? Double(blockStart) : Double(block.lowerBound) + done * Double(block.count)
        share = blockStart == order.queryCount ? 1 : 0.2 + 0.8 * rows / Double(order.queryCount)
    }

    /// Lets go of what only this stage uses; the order of the leaves is the next one's too.
    private func release() {
        finds = nil
        coarse = []
        leaves = Leaves()
    }

    // MARK: - Leaves

    private func carving(_ threadCount: Int) -> BallCarving {
        BallCarving(
            space: state.space,
            leafRowCount: state.parameters.leafRowCount(rowCount: state.rowCount),
            seed: state.parameters.graph.seed, memory: state.memory, runtime: state.runtime,
            threadCount: threadCount)
    }

    /// Carves the leaves, and compares the samples.
    private func prepare(threadCount: Int) {
        guard let sample else {
            let rows = (0..<UInt32(state.rowCount)).map { $0 }
            leaves = Leaves(
                carving(threadCount).leaves(of: rows, fan: state.settings.fan),
                memory: state.memory)
            sample = state.settings.joinsSamples ? rows : []
            share = 0.1
            return
        }
        guard sample.count > CoarseLevel.thinning * 2 else {
            order = LeafOrder(
                leaves: leaves, rowCount: state.rowCount, retained: state.retained)
            self.sample = []
            // Carving has worked with many lists of rows.
            if state.memory.isSpilled { releaseUnusedMemory() }
            share = order?.queryCount == 0 ? 1 : 0.2
            return
        }
        let level = CoarseLevel(
            thinning: sample, level: coarse.count, seed: state.parameters.graph.seed,
            count: state.settings.neighboursPerLeaf, memory: state.memory)
        let groups = carving(threadCount).leaves(of: level.rows, fan: 1)
        let (state, pool) = (state, pool)
        state.runtime.parallel(count: groups.count, threadCount: threadCount) { index in
            pool.use { packed in
                let range = groups.range(index)
                unsafe groups.rows[range].withUnsafeBufferPointer {
                    unsafe level.finds.join(
                        leaf: $0, count: state.settings.neighboursPerLeaf, packed: packed)
                }
                state.scratches.addLeafDistances(UInt64(range.count) * UInt64(range.count))
            }
        }
        coarse.append(level)
        self.sample = level.rows
    }

    /// Compares the rows of the block in some leaves.
    private func join(
        _ block: Range<Int>, _ finds: BlockFinds, _ order: LeafOrder, threadCount: Int
    ) {
        let first = nextLeaf
        var distanceCount = 0
        while nextLeaf < leaves.count && distanceCount < Self.leafDistancesPerStep {
            let count = unsafe leaves.rows(of: nextLeaf).count
            distanceCount += count * count
            nextLeaf += 1
        }
        let (state, pool, leaves) = (state, pool, leaves)
        let places = UInt32(block.lowerBound)..<UInt32(block.upperBound)
        let isWhole = block.count == state.rowCount
        state.runtime.parallel(count: nextLeaf - first, threadCount: threadCount) { index in
            let leaf = unsafe leaves.rows(of: first + index)
            let queries =
                unsafe isWhole
                ? Array(leaf) : leaf.filter { unsafe places.contains(order.places.base[Int($0)]) }
            guard !queries.isEmpty, leaf.count > 1 else { return }
            pool.use { packed in
                unsafe packed.pack(leaf)
                unsafe queries.withUnsafeBufferPointer { queries in
                    unsafe finds.join(
                        queries, with: packed, count: state.settings.neighboursPerLeaf,
                        places: order.places, firstPlace: block.lowerBound)
                }
            }
            state.scratches.addLeafDistances(UInt64(queries.count) * UInt64(leaf.count))
        }
    }

    // MARK: - Choice

    /// Has some rows of the block choose.
    private func choose(
        _ block: Range<Int>, _ finds: BlockFinds, _ order: LeafOrder, threadCount: Int
    ) {
        let end = min(block.upperBound, nextPlace + Self.rowsPerStep)
        let limits = state.ownLimits()
        let keepsOwn = state.regime != .rebuild
        let (state, coarse) = (state, coarse)
        state.over(nextPlace..<end, threadCount: threadCount) { places, scratch in
            var rule = state.pruneRule(flags: keepsOwn)
            var graph = unsafe state.own.graph
            let memory = unsafe scratch.pointer
            for place in places {
                let row = unsafe order.rows.base[place]
                let limit = keepsOwn ? limits[state.source(of: Int(row))] : 0
                let index = place - block.lowerBound
                unsafe vg_merge_candidates(
                    state.space.pointer, &graph, row, finds.list(index),
                    UInt32(finds.counts[index]), limit, memory)
                if coarse.first?.addCandidates(of: row, to: scratch) ?? false {
                    // A row that is not in a sample is in no thinner one.
                    _ = coarse.dropFirst().allSatisfy { $0.addCandidates(of: row, to: scratch) }
                    unsafe vg_sort_candidates(memory, row)
                }
                unsafe vg_prune(state.space.pointer, &rule, memory)
                unsafe vg_write_marked(&graph, row, memory)
            }
        }
        nextPlace = end
    }
}
