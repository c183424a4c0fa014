// Building a graph by comparing the rows of leaves with each other.

internal import CKernels
public import VarveKernels
public import VarveStorage

/// Builds the graph of rows 0 to `rowCount` of `table` at once, without searching: overlapping
/// leaves of near rows, all pairs inside a leaf, then pruning and links back.
///
/// About a third of the work of inserting row by row, and a better graph. The result depends on the
/// vectors and parameters alone. Memory while it runs, for each row: `8 * candidateCount + 8 * fan
/// + 4 * maxDegree + 9` bytes and at most 64 MiB for links back; with the defaults about 570 bytes.
public func buildByLeafJoin(
    table: ByteVectorTable, rowCount: Int,
    parameters: LeafJoinParameters = LeafJoinParameters(), runtime: any Runtime, threadCount: Int
) -> (graph: Adjacency, statistics: GraphStatistics) {
    parameters.check()
    precondition(rowCount >= 0 && rowCount < 1 << 31, "rows are below 2^31 - 1")
    let join = LeafJoin(
        space: GraphSpace(table), rowCount: rowCount, parameters: parameters, runtime: runtime,
        threadCount: threadCount)
    return (join.build(), join.scratches.statistics)
}

/// One leaf join on its way.
struct LeafJoin: Sendable {
    let space: GraphSpace
    let rowCount: Int
    let parameters: LeafJoinParameters
    let runtime: any Runtime
    let threadCount: Int
    let scratches = ScratchPool()

    func build() -> Adjacency {
        let finds = LeafFinds(rowCount: rowCount, limit: parameters.candidateCount)
        let rows = (0..<UInt32(rowCount)).map { $0 }
        joinLeaves(of: rows, fan: parameters.fan, into: finds)
        choose(finds, coarse: coarseLevels(of: rows))
        let lists = AdjacencyStorage(rowCount: rowCount, maxDegree: parameters.graph.maxDegree)
        linkBack(finds, into: lists)
        return finishLists(
            lists, entry: nil, space: space, parameters: parameters.graph, scratches: scratches,
            isLive: { _ in true }, runtime: runtime, threadCount: threadCount)
    }

    /// Runs `body` over chunks of all rows.
    private func overRows(_ body: @Sendable (Range<Int>, SearchScratch) -> Void) {
        let chunk = 512
        runtime.parallel(count: (rowCount + chunk - 1) / chunk, threadCount: threadCount) { index in
            scratches.use { body(index * chunk..<min(rowCount, (index + 1) * chunk), $0) }
        }
    }

    /// Finds among thinner and thinner samples of the rows: links that lead from one cluster to
    /// another.
    private func coarseLevels(of rows: [UInt32]) -> [CoarseLevel] {
        var levels: [CoarseLevel] = []
        var sample = rows
        while sample.count > CoarseLevel.thinning * 2 {
            let level = CoarseLevel(
                thinning: sample, level: levels.count, seed: parameters.graph.seed,
                count: parameters.neighboursPerLeaf)
            joinLeaves(of: level.rows, fan: 1, into: level.finds)
            levels.append(level)
            sample = level.rows
        }
        return levels
    }

    private func joinLeaves(of rows: [UInt32], fan: Int, into finds: LeafFinds) {
        let carving = BallCarving(
            space: space, leafRowCount: parameters.leafRowCount(rowCount: rowCount),
            seed: parameters.graph.seed, runtime: runtime, threadCount: threadCount)
        let leaves = carving.leaves(of: rows, fan: fan)
        let idle = Guarded<[PackedLeaf]>([])
        runtime.parallel(count: leaves.count, threadCount: threadCount) { index in
            let packed = idle.withLock { $0.popLast() } ?? PackedLeaf(space: space)
            let range = leaves.range(index)
            unsafe leaves.rows[range].withUnsafeBufferPointer {
                unsafe finds.join(
                    leaf: $0, count: parameters.neighboursPerLeaf, packed: packed)
            }
            scratches.addLeafDistances(UInt64(range.count) * UInt64(range.count))
            idle.withLock { $0.append(packed) }
        }
    }

    /// Every row chooses its neighbours among its candidates; the choice takes their place in
    /// `finds`.
    private func choose(_ finds: LeafFinds, coarse: [CoarseLevel]) {
        overRows { rows, scratch in
            var rule = parameters.graph.pruneRule
            let state = unsafe scratch.pointer
            for row in rows {
                unsafe vg_take_candidates(state, finds.list(row), UInt32(finds.counts[row]))
                // A row that is not in a sample is in no thinner one.
                _ = coarse.allSatisfy { $0.addCandidates(of: UInt32(row), to: scratch) }
                unsafe vg_sort_candidates(state, UInt32(row))
                unsafe vg_prune(space.pointer, &rule, state)
                let count = Int(unsafe state.pointee.selected_count)
                unsafe finds.counts[row] = UInt16(count)
                guard let selected = unsafe state.pointee.selected else { continue }
                unsafe finds.list(row).update(from: selected, count: count)
            }
        }
    }

    /// Writes every row's list: its choice and the rows that chose it, in ranges of targets so that
    /// the links on their way take at most 64 MiB.
    private func linkBack(_ finds: LeafFinds, into lists: AdjacencyStorage) {
        let counts = SharedWords(count: rowCount)
        overRows { rows, _ in
            unsafe vg_count_offers(
                finds.lists, finds.counts, UInt32(finds.limit), UInt32(rows.lowerBound),
                UInt32(rows.upperBound), counts.base)
        }
        var first = 0
        while first < rowCount {
            var total = 0
            var end = first
            var starts: [UInt32] = []
            while end < rowCount && (end == first || total < 1 << 23) {
                starts.append(UInt32(total))
                total += Int(unsafe counts.base[end])
                end += 1
            }
            starts.append(UInt32(total))
            linkBack(finds, targets: first..<end, starts: starts, into: lists)
            first = end
        }
    }

    private func linkBack(
        _ finds: LeafFinds, targets: Range<Int>, starts: [UInt32], into lists: AdjacencyStorage
    ) {
        let places = SharedWords(starts)
        let offers = MutableKeys(count: Int(starts[targets.count]))
        overRows { rows, _ in
            unsafe vg_place_offers(
                finds.lists, finds.counts, UInt32(finds.limit), UInt32(rows.lowerBound),
                UInt32(rows.upperBound), UInt32(targets.lowerBound), UInt32(targets.upperBound),
                places.base, offers.base)
        }
        let chunk = 256
        let limit = UInt32(clamping: parameters.offerLimit)
        runtime.parallel(
            count: (targets.count + chunk - 1) / chunk, threadCount: threadCount
        ) { index in
            scratches.use { scratch in
                var rule = parameters.graph.pruneRule
                var graph = unsafe lists.graph
                for place in index * chunk..<min(targets.count, (index + 1) * chunk) {
                    let row = targets.lowerBound + place
                    unsafe vg_join_offers(
                        space.pointer, &graph, UInt32(row), finds.list(row),
                        UInt32(finds.counts[row]), offers.base + Int(starts[place]),
                        starts[place + 1] - starts[place], limit, &rule, scratch.pointer)
                }
            }
        }
    }
}

/// Keys that parallel steps write at places of their own.
@safe private final class MutableKeys: @unchecked Sendable {
    // Invariant for Sendable: no two steps have the same place.

    let base: UnsafeMutablePointer<UInt64>

    init(count: Int) { unsafe base = .allocate(capacity: count) }

    deinit { unsafe base.deallocate() }
}
