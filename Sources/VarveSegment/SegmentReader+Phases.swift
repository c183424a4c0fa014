// Searching several segments together: each walk comes near, then all go on as far as the best of
// all rows found asks for.

public import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

extension SegmentReader {
    /// Whether searches of this segment may be taken in two parts: its blocks lie in memory.
    public func canPause() throws(SegmentError) -> Bool { try walk() != nil }

    /// The first part: walks until `pace` lets it pause, and keeps what it has in place `slot` of
    /// the query.
    ///
    /// The segment must be one that ``canPause()``. Rows of `deleted` and those `isLive` refuses
    /// are no results. What other walks and sources have found bounds what is worth remembering.
    public func explore(
        _ query: SegmentQuery, slot: Int, k: Int, pace: WalkPace, deleted: DeletedRows?,
        statistics: inout SegmentSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) {
        guard let resident = try walk() else { preconditionFailure("a walk that cannot pause") }
        let paused = query.pausedWalk(slot)
        paused.resident = resident
        paused.live = deleted?.liveWords
        var rule = rule(k: k, pace)
        rule.phase = .explore
        rule.lead = min(pace.lead, WalkRule.maximumLead)
        rule.seedGroupCount = pace.seedGroupCount
        try step(query, paused, resident, slot, k, rule, &statistics)
        keepFound(query, paused, slot, deleted, isLive)
    }

    /// The second part: goes on until nothing is known that is nearer than (1 + slack) times the
    /// k-th of all rows found so far, here and elsewhere.
    public func resume(
        _ query: SegmentQuery, slot: Int, k: Int, pace: WalkPace, deleted: DeletedRows?,
        statistics: inout SegmentSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) {
        let paused = query.pausedWalk(slot)
        guard let resident = paused.resident else { preconditionFailure("a walk explored before") }
        if let bound = query.nearest.distance(rank: k - 1) {
            let limit =
                query.vector.codeDistance(bound, liftNorm2: description.liftNorm2)
                * (1 + pace.slack)
            guard paused.scratch.nextDistance <= limit else { return }
        }
        var rule = rule(k: k, pace)
        rule.phase = .resume
        try step(query, paused, resident, slot, k, rule, &statistics)
        query.nearest.remove(slot: UInt32(slot))
        keepFound(query, paused, slot, deleted, isLive)
    }

    /// The last part: gathers those rows of the walk that are among the nearest of all; their exact
    /// distances are computed when all walks have been asked.
    public func gather(
        _ query: SegmentQuery, slot: Int, statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        let paused = query.pausedWalk(slot)
        let count = min(query.nearest.count(of: UInt32(slot)), paused.foundCount)
        guard count > 0, let resident = paused.resident else { return }
        let start = query.rerank.count
        for place in 0..<count {
            try append(paused.scratch, paused.rank(place), resident, to: query.rerank)
        }
        paused.gathered = start..<start + count
        statistics.exactDistanceCount += count
    }

    private func rule(k: Int, _ pace: WalkPace) -> WalkRule {
        let count = Self.candidateCount(k: k)
        // The rank counts rows of other segments, too: this one may have fewer.
        return WalkRule(resultCount: count, stopRank: k, slack: pace.slack)
    }

    private func step(
        _ query: SegmentQuery, _ paused: PausedWalk, _ resident: ResidentWalk, _ slot: Int,
        _ k: Int, _ rule: WalkRule, _ statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        let table = query.table(resident.codebook.rotation, isShared: true)
        let lift = description.liftNorm2
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: k) { room in
            var count = 0
            query.nearest.forEach(first: k, without: UInt32(slot)) { distance in
                unsafe room.initializeElement(
                    at: count, to: query.vector.codeDistance(distance, liftNorm2: lift))
                count += 1
            }
            let known = unsafe UnsafeBufferPointer(rebasing: room[..<count])
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

    /// Notes the results that pass, as long as they are among the nearest of all.
    private func keepFound(
        _ query: SegmentQuery, _ paused: PausedWalk, _ slot: Int, _ deleted: DeletedRows?,
        _ isLive: (RowOrdinal) -> Bool
    ) {
        let results = paused.scratch.results
        let nearest = query.nearest
        paused.begin(capacity: results.count)
        for rank in 0..<results.count {
            guard let result = results.own(rank), deleted?.contains(result.row) != true,
                isLive(result.row)
            else { continue }
            let distance = query.vector.metricDistance(
                result.distance, liftNorm2: description.liftNorm2)
            guard nearest.insert(distance, slot: UInt32(slot)) else { return }
            paused.append(rank: rank)
        }
    }
}

/// When a walk pauses for the others.
public struct WalkPace: Hashable, Sendable {
    /// Expanded rows that must be nearer than everything open.
    public var lead: Int
    /// The slack with which the walk is to be gone on with.
    public var slack: Float
    /// Groups of seeds it looks through.
    public var seedGroupCount: Int

    /// A pace of these parts.
    public init(lead: Int, slack: Float, seedGroupCount: Int) {
        precondition(lead >= 1 && slack >= 0 && seedGroupCount >= 0)
        self.lead = lead
        self.slack = slack
        self.seedGroupCount = min(seedGroupCount, WalkRule.maximumSeedGroupCount)
    }
}
