// Which rows go into a growing graph together.

/// The batches of a growing graph: they depend on nothing but how many rows are done, so the graph
/// does not depend on when rows arrived.
public enum BatchSchedule {
    /// The most rows in a batch.
    public static let maxRowCount = 2_048

    /// Where the batch that starts at row `indexed` ends: it doubles the graph at first, then adds
    /// 64 rows or 2 % of those done, whichever is more.
    public static func nextBatchEnd(indexed: Int) -> Int {
        if indexed == 0 { return 1 }
        return indexed + min(indexed, max(64, min(maxRowCount, indexed / 50)))
    }
}
