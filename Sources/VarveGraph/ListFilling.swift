// Filling short lists with rows two steps away: lanes of a wide scan that would go empty.

internal import CKernels
internal import VarveStorage

/// A copy of `lists`, in `spare` if it is given, in which short lists are filled with the nearest
/// neighbours of their neighbours.
func filledLists(
    _ lists: AdjacencyStorage, into spare: AdjacencyStorage? = nil, space: GraphSpace,
    scratches: ScratchPool, memory: WorkingMemory = .process, runtime: any Runtime,
    threadCount: Int
) -> AdjacencyStorage {
    let filled =
        spare
        ?? AdjacencyStorage(rowCount: lists.rowCount, maxDegree: lists.maxDegree, memory: memory)
    precondition(
        filled !== lists && filled.rowCount == lists.rowCount
            && filled.maxDegree == lists.maxDegree, "other lists, as large")
    // Every row leads to all lists of its neighbours.
    let chunk = memory.isSpilled ? 16 : 256
    memory.inStretches(of: 0..<lists.rowCount, length: 32) { stretch in
        runtime.parallel(
            count: (stretch.count + chunk - 1) / chunk, threadCount: threadCount
        ) { index in
            scratches.use { scratch in
                var source = unsafe lists.graph
                var target = unsafe filled.graph
                let first = stretch.lowerBound + index * chunk
                for row in first..<min(stretch.upperBound, first + chunk) {
                    unsafe vg_fill_list(
                        space.pointer, &source, UInt32(row), &target, scratch.pointer)
                }
            }
        }
    }
    return filled
}
