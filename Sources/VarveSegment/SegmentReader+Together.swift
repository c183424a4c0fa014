// Searching several segments together: walks that go on as far as the best of all rows found asks
// for.

public import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

extension SegmentReader {
    /// Whether this segment may be searched together with others: its blocks lie in memory.
    public func canJoin() throws(SegmentError) -> Bool { try walk() != nil }

    /// Adds a walk over this segment, in place `slot`, to those that
    /// ``SegmentQuery/walkTogether()`` has walk, in a search for `k` rows.
    ///
    /// The segment must be one that ``canJoin()``. Rows of `deleted` are no results.
    public func join(
        _ query: SegmentQuery, slot: Int, k: Int, pace: WalkPace, deleted: DeletedRows?
    ) throws(SegmentError) {
        guard let resident = try walk() else { preconditionFailure("a walk that cannot join") }
        let table = query.table(resident.codebook.rotation, isShared: true)
        let live = deleted?.live
        // The rank counts rows of other segments, too: this one may have fewer.
        var rule = WalkRule(
            resultCount: Self.candidateCount(k: k), stopRank: k, slack: pace.slack)
        rule.lead = pace.lead
        rule.seedGroupCount = pace.seedGroupCount
        let vector = query.vector
        let offset =
            vector.codeDistance(0, liftNorm2: description.liftNorm2)
            - vector.codeDistance(0, liftNorm2: 0)
        let walk = query.joinedWalks[slot]
        walk.keep(resident, table, live: live)
        unsafe query.walksTogether.add(
            resident.graph, vector.bytes, table: table.view, rule: rule, live: live?.words,
            offset: offset, scratch: walk.scratch)
    }

    /// Notes the results of this segment's walk that pass, as long as they are among the nearest of
    /// all; those that `isLive` refuses, and rows of `deleted`, do not.
    ///
    /// - Throws: ``SegmentError`` if the walk came to a damaged block.
    public func keepFound(
        _ query: SegmentQuery, slot: Int, deleted: DeletedRows?,
        statistics: inout SegmentSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) {
        let walk = query.joinedWalks[slot]
        guard walk.resident != nil else { return }
        if walk.scratch.wasRefused { try throwDamage() }
        statistics.expandedNodeCount += walk.scratch.expandedCount
        statistics.codeDistanceCount += walk.scratch.estimatedCount + walk.scratch.measuredCount
        let results = walk.scratch.results
        let nearest = query.nearest
        walk.begin(capacity: results.count)
        for rank in 0..<results.count {
            let result = results.result(rank)
            guard deleted?.contains(result.row) != true, isLive(result.row) else { continue }
            let distance = query.vector.metricDistance(
                result.distance, liftNorm2: description.liftNorm2)
            guard nearest.insert(distance, slot: UInt32(slot)) else { return }
            walk.append(rank: rank)
        }
    }

    /// The last part: gathers those rows of the walk that are among the nearest of all; their exact
    /// distances are computed when all walks have been asked.
    public func gather(
        _ query: SegmentQuery, slot: Int, statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        let walk = query.joinedWalks[slot]
        let count = min(query.nearest.count(of: UInt32(slot)), walk.foundCount)
        guard count > 0, let resident = walk.resident else { return }
        let start = query.rerank.count
        // Their ids are read when the results are given out.
        let identifiers = unsafe try container.mappedBase(places.identifiers, verifying: 0..<0)
        for place in 0..<count {
            let rank = walk.rank(place)
            try append(walk.scratch, rank, resident, to: query.rerank)
            unsafe fetchIdentifier(of: walk.scratch.row(rank), in: identifiers)
        }
        walk.gathered = start..<start + count
        statistics.exactDistanceCount += count
    }
}

/// How far a walk among several goes.
public struct WalkPace: Hashable, Sendable {
    /// Expanded rows that must be nearer than everything open, whatever the other walks have found.
    public var lead: Int
    /// How far beyond the k-th of all rows found it looks.
    public var slack: Float
    /// Groups of seeds it looks through.
    public var seedGroupCount: Int

    /// A pace of these parts.
    public init(lead: Int, slack: Float, seedGroupCount: Int) {
        precondition(lead >= 1 && slack >= 0 && seedGroupCount >= 0)
        self.lead = min(lead, WalkRule.maximumLead)
        self.slack = slack
        self.seedGroupCount = min(seedGroupCount, WalkRule.maximumSeedGroupCount)
    }
}
