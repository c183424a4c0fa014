// Finding the order: rows go to the nearest of a sample of rows, and fill pages with near mates.

public import VarveKernels
public import VarveStorage

extension RowOrder {
    /// Rows of a list, on average: 128, or a quarter of the dimension, so that centres take little
    /// beside the rows.
    public static func listRowCount(dimension: Int) -> Int { max(128, dimension / 4) }
    /// Up to here one list in the order of arrival is as good.
    public static let unorderedRowCount = 1_024

    /// An order of rows 0 to `rowCount` of `table`, of which `pageRowCount` share a page.
    ///
    /// Few rows stay as they are. Otherwise a sample of the rows, one for each list, leads the
    /// lists; every row goes to the nearest leader, by way of a coarser level where leaders are
    /// many. Inside a list a page begins with the row farthest from the leader and takes the rows
    /// nearest to those it has. Cost: 1 to 2 µs of one processor for a row of 128 components.
    /// Memory while it runs: about 24 bytes a row.
    public init(
        clustering table: ByteVectorTable, rowCount: Int, pageRowCount: Int, seed: UInt64,
        memory: WorkingMemory = .process, runtime: any Runtime, threadCount: Int
    ) {
        precondition(rowCount >= 0 && rowCount < 1 << 31, "rows are below 2^31 - 1")
        guard rowCount > Self.unorderedRowCount else {
            self.init(unchanged: rowCount)
            return
        }
        let clustering = RowClustering(
            space: GraphSpace(table), rowCount: rowCount, seed: seed, memory: memory,
            runtime: runtime, threadCount: threadCount)
        let (lists, leaders) = clustering.lists(
            leaderCount: max(2, rowCount / Self.listRowCount(dimension: table.dimension)))
        let packing = PagePacking(table: table, pageRowCount: max(1, pageRowCount))
        let parts = ParallelResults<[UInt32]>(count: lists.count)
        memory.inStretches(of: 0..<lists.count, length: 32) { stretch in
            runtime.parallel(count: stretch.count, threadCount: threadCount) { index in
                let index = stretch.lowerBound + index
                let range = lists.range(index)
                parts.set(
                    index,
                    packing.packed(
                        Array(lists.rows[range]), leader: leaders[index], from: range.lowerBound))
            }
        }
        self.init(
            rows: parts.all.flatMap(\.self), listStarts: [0] + lists.ends.map { UInt32($0) })
    }
}
