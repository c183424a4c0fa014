// Filling short lists with rows two steps away: lanes of a wide scan that would go empty.

internal import CKernels
internal import VarveStorage

/// A copy of `lists` in which short lists are filled with the nearest neighbours of their
/// neighbours.
func filledLists(
    _ lists: AdjacencyStorage, space: GraphSpace, scratches: ScratchPool, runtime: any Runtime,
    threadCount: Int
) -> AdjacencyStorage {
    let filled = AdjacencyStorage(rowCount: lists.rowCount, maxDegree: lists.maxDegree)
    let rowCount = lists.rowCount
    runtime.parallel(count: (rowCount + 255) / 256, threadCount: threadCount) { index in
        scratches.use { scratch in
            var source = unsafe lists.graph
            var target = unsafe filled.graph
            for row in index * 256..<min(rowCount, (index + 1) * 256) {
                unsafe vg_fill_list(
                    space.pointer, &source, UInt32(row), &target, scratch.pointer)
            }
        }
    }
    return filled
}
