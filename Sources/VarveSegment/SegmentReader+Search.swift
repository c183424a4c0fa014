// The usual search: approximate where that is cheaper, exact distances always.

public import VarveFormat
import VarveGraph

extension SegmentReader {
    /// The `k` nearest rows as far as a walk of this effort finds them; nearest first, exact ties
    /// in the order of ids.
    ///
    /// Distances are exact whatever the way. The segment is scanned where that costs no more than a
    /// walk, by the rule of ``isScanCheaper(effort:k:passingCount:)``. Rows of `deleted` and rows
    /// outside `allowed` are left out, and so are those `isLive` refuses, which is asked only about
    /// rows near enough to be results.
    public func search(
        _ query: SegmentQuery, k: Int, effort: SearchEffort, deleted: DeletedRows? = nil,
        allowed: RowSet? = nil, statistics: inout SegmentSearchStatistics,
        isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) -> [RowHit] {
        precondition(query.schema == schema && k >= 0)
        let passing = allowed?.count ?? rowCount - (deleted?.count ?? 0)
        guard !isScanCheaper(effort: effort, k: k, passingCount: passing) else {
            return try searchExactly(
                query, k: k, deleted: deleted, allowed: allowed, statistics: &statistics,
                isLive: isLive)
        }
        return try searchGraph(
            query, k: k, effort: effort, deleted: deleted, allowed: allowed,
            statistics: &statistics, isLive: isLive)
    }

    /// The same by way of the graph, whatever it costs: over fused blocks where they lie in memory,
    /// else over pages; a segment without codes is scanned.
    package func searchGraph(
        _ query: SegmentQuery, k: Int, effort: SearchEffort, deleted: DeletedRows? = nil,
        allowed: RowSet? = nil, statistics: inout SegmentSearchStatistics,
        isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) -> [RowHit] {
        let passing = allowed?.count ?? rowCount - (deleted?.count ?? 0)
        let effort = effort.widened(share: Double(passing) / Double(rowCount))
        func passes(_ row: RowOrdinal) -> Bool {
            (allowed?.contains(row) ?? true) && deleted?.contains(row) != true && isLive(row)
        }
        if let walk = try walk() {
            try searchBlocks(
                query, walk, effort: effort, k: k,
                live: passingRows(deleted: deleted, allowed: allowed),
                passes: passes, statistics: &statistics)
        } else if try residentPages() != nil {
            return try searchPages(
                query, effort: effort, k: k, passes: passes, statistics: &statistics)
        } else {
            return try searchExactly(
                query, k: k, deleted: deleted, allowed: allowed, statistics: &statistics,
                isLive: isLive)
        }
        return try query.results.takeSorted(precedes: idPrecedes)
    }

    /// The rows that may be results; nil where nearly all may, and candidates are sorted out later.
    private func passingRows(deleted: DeletedRows?, allowed: RowSet?) -> RowMask? {
        guard let allowed else { return deleted?.live }
        return RowMask(
            (deleted.map { allowed.subtracting($0.rows) } ?? allowed).bitWords(rowCount: rowCount))
    }

    /// Whether comparing every row that may be a result costs no more than a walk.
    ///
    /// A scan compares all rows in order, or only those that may be results where they are few; a
    /// walk must expand more nodes the fewer of them may be results, and fewer where it goes
    /// together with those of other segments.
    ///
    /// - Parameter isAmongOthers: Whether it would, in memory.
    public func isScanCheaper(
        effort: SearchEffort, k: Int, passingCount: Int, isAmongOthers: Bool = false
    ) -> Bool {
        guard passingCount > k else { return true }
        let share = Double(passingCount) / Double(rowCount)
        let isJoined = isAmongOthers && walksInMemory && effort.isSlackAlone
        let expansions =
            Double(effort.expectedExpansionCount(k: k, isJoined: isJoined)) / share
        return walksInMemory
            ? isScanCheaper(inMemory: passingCount, expansions: expansions, isJoined: isJoined)
            : isScanCheaper(byPages: passingCount, expansions: expansions)
    }

    /// The same where blocks are walked in memory: both are counted in nanoseconds.
    ///
    /// Measured on 128 dimensions of 1 and 4 bytes and 384 of 2: a row in order 26, 35 and 43 to
    /// 57, an expansion (with the distances of all neighbours) 450 to 600, and what a walk costs
    /// before its first one 5 to 8 thousand by itself, less than two joined with others. Only what
    /// they are to each other matters here.
    private func isScanCheaper(
        inMemory passingCount: Int, expansions: Double, isJoined: Bool
    ) -> Bool {
        let comparison = 16 + Double(layout.vectorByteCount) / 20
        let scan = min(Double(rowCount) * comparison, Double(passingCount) * (comparison + 100))
        return scan <= 500 * expansions + (isJoined ? 1_500 : 6_000)
    }

    /// The same where the walk is by pages: both are counted in pages of 4 KiB read.
    ///
    /// A scan reads all of them in order, or one for each row where few may be results; a walk
    /// reads one for each node it expands. A page read here and there counts as four read in order
    /// where the file is mapped.
    private func isScanCheaper(byPages passingCount: Int, expansions: Double) -> Bool {
        let pages = layout.byteCount(rowCount: rowCount) / SegmentBlocks.pageByteCount
        let scan = min(Double(pages), 4 * Double(passingCount * layout.unitsPerPage))
        // Without a mapping, a walk reads many pages at a time and a scan one after the other.
        return scan <= (isMapped ? 4 : 1) * expansions * Double(layout.unitsPerPage)
    }
}
