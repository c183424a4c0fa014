// Searching several segments together: each walk comes near, then all go on as far as the best of
// all rows found asks for.

public import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

extension SegmentReader {
    /// Whether searches of this segment may be taken in two parts: its blocks lie in memory.
    public func canPause() throws(SegmentError) -> Bool { try walk() != nil }

    /// The first part: walks until `lead` expanded rows are nearer than everything known, and keeps
    /// what it has in place `slot` of the query.
    ///
    /// The segment must be one that ``canPause()``. Rows of `deleted` and those `isLive` refuses
    /// are no results.
    public func explore(
        _ query: SegmentQuery, slot: Int, k: Int, lead: Int, deleted: DeletedRows?,
        statistics: inout SegmentSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) {
        let paused = query.pausedWalk(slot)
        paused.live = deleted?.liveWords
        query.knownCodeDistances.removeAll(keepingCapacity: true)
        var rule = rule(k: k, slack: 0)
        rule.phase = .explore
        rule.lead = lead
        try step(query, paused, rule, &statistics)
        keepFound(query, paused, deleted, isLive)
    }

    /// The second part: goes on until nothing is known that is nearer than (1 + slack) times the
    /// k-th of all rows found here and elsewhere, at the distances `known`.
    public func resume(
        _ query: SegmentQuery, slot: Int, k: Int, slack: Float, known: [Float],
        deleted: DeletedRows?,
        statistics: inout SegmentSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) {
        let paused = query.pausedWalk(slot)
        var rule = rule(k: k, slack: slack)
        rule.phase = .resume
        query.knownCodeDistances.removeAll(keepingCapacity: true)
        for distance in known.prefix(rule.resultCount) {
            query.knownCodeDistances.append(
                query.vector.codeDistance(distance, liftNorm2: description.liftNorm2))
        }
        try step(query, paused, rule, &statistics)
        keepFound(query, paused, deleted, isLive)
    }

    /// The last part: the exact distances of those rows of the walk that
    /// ``SegmentQuery/nearestPaused(count:of:excluding:into:)`` has counted.
    public func rank(
        _ query: SegmentQuery, slot: Int, k: Int, statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) -> [RowHit] {
        let paused = query.pausedWalk(slot)
        guard paused.takenCount > 0, let resident = try walk() else { return [] }
        let ranks = paused.found.prefix(paused.takenCount).lazy.map(\.rank)
        try rerank(query, resident, paused.scratch, ranks, k: k, statistics: &statistics)
        return try query.results.takeSorted(precedes: idPrecedes)
    }

    private func rule(k: Int, slack: Float) -> WalkRule {
        let count = Self.candidateCount(k: k)
        // The rank counts rows of other segments, too: this one may have fewer.
        return WalkRule(resultCount: count, stopRank: k, slack: slack)
    }

    private func step(
        _ query: SegmentQuery, _ paused: PausedWalk, _ rule: WalkRule,
        _ statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        guard let resident = try walk() else { preconditionFailure("a walk that cannot pause") }
        let table = query.table(resident.codebook.rotation)
        unsafe query.knownCodeDistances.withUnsafeBufferPointer { known in
            if let live = paused.live {
                unsafe live.withUnsafeBufferPointer { words in
                    unsafe resident.graph.walk(
                        query.vector.bytes, table: table.view, rule: rule, live: words.baseAddress,
                        known: known, scratch: paused.scratch)
                }
            } else {
                unsafe resident.graph.walk(
                    query.vector.bytes, table: table.view, rule: rule, live: nil, known: known,
                    scratch: paused.scratch)
            }
        }
        if paused.scratch.wasRefused { try throwDamage() }
        statistics.expandedNodeCount += paused.scratch.expandedCount
        statistics.codeDistanceCount +=
            paused.scratch.estimatedCount + paused.scratch.measuredCount
    }

    /// Notes the results that pass.
    private func keepFound(
        _ query: SegmentQuery, _ paused: PausedWalk, _ deleted: DeletedRows?,
        _ isLive: (RowOrdinal) -> Bool
    ) {
        let scratch = paused.scratch
        paused.found.removeAll(keepingCapacity: true)
        for rank in 0..<scratch.resultCount where !scratch.isForeign(rank) {
            let row = scratch.row(rank)
            guard deleted?.contains(row) != true, isLive(row) else { continue }
            let distance = query.vector.metricDistance(
                scratch.distance(rank), liftNorm2: description.liftNorm2)
            paused.found.append((rank, distance))
        }
    }
}
