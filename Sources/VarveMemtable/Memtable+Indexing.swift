// Growing the graph behind the writer's back, and finishing it.

internal import VarveGraph
public import VarveStorage

extension Memtable {
    /// Takes one batch of published rows into the graph; false if there are not enough rows for one
    /// yet.
    ///
    /// The indexer's: one thread at a time, beside the writer and any number of searches. Batches
    /// follow a schedule of row counts, so the graph depends on the operations alone, however the
    /// calls interleave with writing and however many threads work.
    public func indexStep(runtime: any Runtime, threadCount: Int) -> Bool {
        let end = GrowingGraph.nextBatchEnd(indexed: graph.indexedRowCount)
        guard end <= view.rowCount else { return false }
        graph.insertBatch(upTo: end, runtime: runtime, threadCount: threadCount)
        return true
    }

    /// Whether ``indexStep(runtime:threadCount:)`` has a batch to take in.
    public var hasRowsToIndex: Bool {
        GrowingGraph.nextBatchEnd(indexed: graph.indexedRowCount) <= view.rowCount
    }

    /// Takes the remaining rows into the graph and gives what a flush writes: the live rows and
    /// their graph.
    ///
    /// The indexer's, after ``seal()``. The result depends on the operations alone. Searches go on
    /// meanwhile.
    ///
    /// - Throws: ``StorageError`` if there is no memory for the rows that remain of many superseded
    ///   ones.
    public func finishGraph(
        runtime: any Runtime, threadCount: Int
    ) throws(StorageError) -> SealedMemtable {
        precondition(isSealed, "a memtable is finished after it is sealed")
        return try SealedMemtable(view: view, runtime: runtime, threadCount: threadCount)
    }
}
