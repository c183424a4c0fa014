// The usual search: candidates by codes, results by exact distance.

public import VarveFormat

extension MemtableView {
    /// Rows up to which a search compares every one exactly.
    static var exactScanRowCount: Int { 512 }

    /// The `k` nearest visible rows as far as a beam of `width` finds them; nearest first, ties in the order
    /// of ids.
    ///
    /// Few rows are compared exactly, one by one. Of many, codes choose the best `width` and a few more, which are
    /// then ranked by their exact distances. `isLive` is asked only about rows near enough to be results; rows it
    /// refuses are left out. The same rows, operations and index give the same results.
    public func search(
        _ query: MemtableQuery, k: Int, width: Int,
        statistics: inout MemtableSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) -> [MemtableHit] {
        guard rowCount > Self.exactScanRowCount else {
            return searchExactly(query, k: k, statistics: &statistics, isLive: isLive)
        }
        query.results.reset(limit: k)
        query.candidates.reset(limit: Self.rerankCount(k: k, width: width))
        scanCodes(query, 0..<rowCount, &statistics, isLive)
        query.rerankRows.removeAll(keepingCapacity: true)
        query.candidates.appendRows(to: &query.rerankRows)
        rerank(query, &statistics)
        return query.results.takeSorted(memtable)
    }

    /// Candidates whose exact distances are computed: codes swap close neighbours, seldom far ones.
    static func rerankCount(k: Int, width: Int) -> Int { min(max(width, k), 2 * k) + 16 }
}
