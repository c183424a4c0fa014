// The neighbour lists that go into a merge.

internal import VarveFormat
public import VarveStorage

/// The lists of all rows of a merged table, as their sources have them: live neighbours only,
/// named by merged row.
///
/// Filled row by row, from one thread or, for different rows, from several; then handed to a
/// merge, which writes the merged graph into the same memory.
@safe public final class MergeLists: Sendable {
    let storage: AdjacencyStorage

    /// Empty lists in memory of their own: `4 * maxDegree + 2` bytes a row.
    public init(rowCount: Int, maxDegree: Int, memory: WorkingMemory = .process) {
        storage = AdjacencyStorage(rowCount: rowCount, maxDegree: maxDegree, memory: memory)
    }

    /// Rows there are lists for.
    public var rowCount: Int { storage.rowCount }

    /// The longest a list may be.
    public var maxDegree: Int { storage.maxDegree }

    /// Gives `row` the neighbours at `neighbours`, nearest first; of more than ``maxDegree`` the
    /// first.
    ///
    /// No row twice, not the row itself, only rows of the same source.
    public func set(_ row: Int, to neighbours: UnsafeBufferPointer<UInt32>) {
        precondition(row >= 0 && row < rowCount, "a merged row")
        let count = min(neighbours.count, maxDegree)
        guard count > 0, let base = neighbours.baseAddress else {
            unsafe storage.degrees[row] = 0
            return
        }
        unsafe storage.list(row).update(from: base, count: count)
        unsafe storage.degrees[row] = UInt16(count)
    }
}
