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
    /// ``SegmentQuery/walkTogether(k:)`` has walk.
    ///
    /// The segment must be one that ``canJoin()``. Rows of `deleted` are no results.
    public func join(
        _ query: SegmentQuery, slot: Int, pace: WalkPace, deleted: DeletedRows?
    ) throws(SegmentError) {
        guard let resident = try walk() else { preconditionFailure("a walk that cannot join") }
        let walk = query.joinedWalk(slot)
        walk.resident = resident
        walk.table = query.table(resident.codebook.rotation, isShared: true)
        walk.live = deleted?.live
        walk.pace = pace
        walk.liftNorm2 = description.liftNorm2
    }

    /// Notes the results of this segment's walk that pass, as long as they are among the nearest of
    /// all; those that `isLive` refuses, and rows of `deleted`, do not.
    ///
    /// - Throws: ``SegmentError`` if the walk came to a damaged block.
    public func keepFound(
        _ query: SegmentQuery, slot: Int, deleted: DeletedRows?,
        statistics: inout SegmentSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) {
        let walk = query.joinedWalk(slot)
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
        let walk = query.joinedWalk(slot)
        let count = min(query.nearest.count(of: UInt32(slot)), walk.foundCount)
        guard count > 0, let resident = walk.resident else { return }
        let start = query.rerank.count
        for place in 0..<count {
            try append(walk.scratch, walk.rank(place), resident, to: query.rerank)
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
