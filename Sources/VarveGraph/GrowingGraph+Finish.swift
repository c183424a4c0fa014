// The last steps from lists that grew to a finished graph.

internal import CKernels
internal import Synchronization
internal import VarveFormat
public import VarveStorage

extension GrowingGraph {
    /// The graph of all rows, finished: lists pruned to the maximum degree, an entry near the mean,
    /// and every row reachable from it.
    ///
    /// The growing graph stays as it is and can be searched meanwhile, but not inserted into.
    ///
    /// - Parameter rowCount: Must be the ``indexedRowCount``.
    public func finish(rowCount: Int, runtime: any Runtime, threadCount: Int) -> Adjacency {
        precondition(rowCount == indexedRowCount, "all rows were inserted")
        let lists = AdjacencyStorage(rowCount: rowCount, maxDegree: parameters.maxDegree)
        guard rowCount > 0 else { return Adjacency(storage: lists, entryPoints: []) }
        let chunkCount = (rowCount + 255) / 256
        runtime.parallel(count: chunkCount, threadCount: threadCount) { index in
            self.scratches.use { scratch in
                for row in index * 256..<min(rowCount, (index + 1) * 256) {
                    self.copyPruned(row: row, into: lists, scratch: scratch)
                }
            }
        }
        return finishLists(
            lists, entry: entry.load(ordering: .relaxed), space: space, parameters: parameters,
            scratches: scratches, isLive: { _ in true }, runtime: runtime,
            threadCount: threadCount)
    }

    private func copyPruned(row: Int, into lists: AdjacencyStorage, scratch: SearchScratch) {
        var source = unsafe graph(rowLimit: lists.rowCount)
        let degree = Int(unsafe source.degrees[row])
        if degree <= parameters.maxDegree {
            unsafe lists.list(row).update(
                from: source.neighbours + row * source.stride, count: degree)
            unsafe lists.degrees[row] = UInt16(degree)
            return
        }
        var target = unsafe lists.graph
        var rule = parameters.pruneRule
        let state = unsafe scratch.pointer
        unsafe state.pointee.candidate_count = 0
        unsafe vg_list_candidates(space.pointer, &source, UInt32(row), 0, state)
        unsafe vg_sort_candidates(state, UInt32(row))
        unsafe vg_prune(space.pointer, &rule, state)
        unsafe vg_write_list(&target, UInt32(row), state)
    }
}

/// Links what cannot be reached or is not found, and fills short lists where that is wanted.
///
/// Rows that are not live must be in no list. `entry` is the one the lists were made with, if there
/// was one; else the row nearest the mean becomes it.
func finishLists(
    _ lists: AdjacencyStorage, entry: UInt32?, space: GraphSpace, parameters: GraphParameters,
    scratches: ScratchPool, isLive: (Int) -> Bool, runtime: any Runtime, threadCount: Int
) -> Adjacency {
    let entry = entry ?? entryRow(space, rowCount: lists.rowCount, isLive: isLive)
    return finishLists(
        lists, entries: entry.map { [$0] } ?? [], space: space, parameters: parameters,
        scratches: scratches, isLive: isLive, runtime: runtime, threadCount: threadCount)
}

/// The same with entries that are given; none only where no row is live.
///
/// Filled lists go into `spare` if it is given: as many lists, whatever is in them.
func finishLists(
    _ lists: AdjacencyStorage, entries: [UInt32], space: GraphSpace, parameters: GraphParameters,
    scratches: ScratchPool, isLive: (Int) -> Bool, memory: WorkingMemory = .process,
    spare: AdjacencyStorage? = nil, runtime: any Runtime, threadCount: Int
) -> Adjacency {
    guard !entries.isEmpty else { return Adjacency(storage: lists, entryPoints: []) }
    memory.relieve()
    var reach = Reachability(space: space, lists: lists, entries: entries, memory: memory)
    _ = reach.link(where: isLive)
    let navigability = Navigability(
        space: space, lists: lists, entries: entries, scratches: scratches, memory: memory,
        runtime: runtime, threadCount: threadCount)
    _ = navigability.mend(&reach, isLive: isLive, seed: parameters.seed)
    var finished = lists
    if parameters.fillsLists {
        finished = filledLists(
            lists, into: spare, space: space, scratches: scratches, memory: memory,
            runtime: runtime, threadCount: threadCount)
    }
    return Adjacency(storage: finished, entryPoints: entries.map { RowOrdinal($0) })
}
