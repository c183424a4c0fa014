// The usual search: candidates by codes, results by exact distance.

internal import Synchronization
public import VarveFormat
internal import VarveGraph

extension MemtableView {
    /// Rows up to which a search compares every one exactly.
    static var exactScanRowCount: Int { 256 }

    /// The `k` nearest visible rows as far as a beam of `width` finds them; nearest first, ties in
    /// the order of ids.
    ///
    /// Few rows are compared exactly, one by one. Of many, a walk over the graph and a scan of the
    /// rows that are not in it yet, both by codes, choose candidates, which are then ranked by
    /// their exact distances. Where the walk meets too few rows that may be results (superseded,
    /// later than the view, or refused), it is repeated wider and becomes a scan in the end.
    /// `isLive` is asked only about rows near enough to be results; rows it refuses are left out.
    ///
    /// The same operations, view and ``Memtable/indexedRowCount`` give the same results.
    public func search(
        _ query: MemtableQuery, k: Int, width: Int,
        statistics: inout MemtableSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) -> [RowHit] {
        guard rowCount > Self.exactScanRowCount, k > 0 else {
            return searchExactly(query, k: k, statistics: &statistics, isLive: isLive)
        }
        query.results.reset(limit: k)
        query.candidates.reset(limit: Self.rerankCount(k: k, width: width))
        let indexed = walk(query, k: k, width: max(width, k), &statistics, isLive)
        let tail = indexed..<rowCount
        if tail.count <= Self.exactScanRowCount {
            scanExactly(query, tail, &statistics, isLive)
        } else {
            scanCodes(query, tail, &statistics, isLive)
        }
        query.rerankRows.removeAll(keepingCapacity: true)
        for hit in query.candidates.hits { query.rerankRows.append(hit.row.rawValue) }
        rerank(query, &statistics)
        return query.results.takeSorted(precedes: idPrecedes)
    }

    /// Candidates whose exact distances are computed: codes swap close neighbours, seldom far ones.
    static func rerankCount(k: Int, width: Int) -> Int { min(max(width, k), 2 * k) + 16 }

    /// Puts the nearest rows the graph knows into the query's candidates and says how many rows it
    /// covered.
    private func walk(
        _ query: MemtableQuery, k: Int, width: Int,
        _ statistics: inout MemtableSearchStatistics, _ isLive: (RowOrdinal) -> Bool
    ) -> Int {
        let wanted = min(k, liveRowCount)
        var width = width
        // Rows that cannot be results take up places of the beam; their share is known.
        if liveRowCount > 0 { width = width * rowCount / liveRowCount }
        while true {
            // A wide beam costs more than comparing every code.
            if width * Self.scanShare >= memtable.indexedRowCount { return 0 }
            let indexed = walkOnce(query, width: width, &statistics, isLive)
            if query.candidates.count >= wanted { return min(indexed, rowCount) }
            query.candidates.reset(limit: query.candidates.limit)
            width *= 4
        }
    }

    /// Rows whose codes are scanned in the time that one place of the beam's width costs.
    ///
    /// A walk waits for memory at every step, a scan streams. Measured as 50 to 70 with 384
    /// dimensions.
    private static var scanShare: Int { 64 }

    private func walkOnce(
        _ query: MemtableQuery, width: Int, _ statistics: inout MemtableSearchStatistics,
        _ isLive: (RowOrdinal) -> Bool
    ) -> Int {
        let scratch = query.graphScratch
        scratch.resetStatistics()
        let indexed = memtable.graph.search(query.vector.bytes, width: width, scratch: scratch)
        statistics.expandedNodeCount += Int(scratch.statistics.expansionCount)
        statistics.byteDistanceCount += Int(scratch.statistics.searchDistanceCount)
        for index in 0..<scratch.resultCount {
            let found = scratch.result(at: index)
            // Results come nearest first, so nothing behind this one is kept either.
            if found.distance > query.candidates.bound { break }
            if isVisible(found.row), isLive(found.row) {
                query.candidates.insert(found.row, found.distance, precedes: idPrecedes)
            }
        }
        return indexed
    }
}

extension Memtable {
    /// How many rows, from the first, are in the graph.
    public var indexedRowCount: Int { graph.indexedRowCount }
}
