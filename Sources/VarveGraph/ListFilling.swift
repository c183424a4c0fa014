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
    memory.inStretches(of: 0..<lists.rowCount) { stretch in
        runtime.parallel(count: (stretch.count + 255) / 256, threadCount: threadCount) { index in
            scratches.use { scratch in
                var source = unsafe lists.graph
                var target = unsafe filled.graph
                let first = stretch.lowerBound + index * 256
                for row in first..<min(stretch.upperBound, first + 256) {
                    unsafe vg_fill_list(
                        space.pointer, &source, UInt32(row), &target, scratch.pointer)
                }
            }
        }
    }
    return filled
}
