// Walks over several segments that share what they find.

import VarveFormat
import VarveGraph
import VarveSegment

extension Searcher {
    /// Searches the segments of `walks` that can join together.
    ///
    /// The walks go step by step in turn and share the bound of what has been found, wherever it
    /// is; then the nearest of all, by codes, get their exact distances. The order is that of
    /// `walks`, so the answer depends on nothing else. Where a walk comes to damage and the request
    /// leaves damaged segments out, the others begin anew: what it found bounded them.
    func searchTogether(
        _ view: View, _ request: SearchRequest, _ cost: inout SearchCost
    ) throws(SegmentError) {
        // Out of the object meanwhile, so that each look at one does not claim it anew.
        var walks: [SegmentWalk] = []
        swap(&walks, &self.walks)
        defer {
            swap(&walks, &self.walks)
            segmentQuery.endTogether()
        }
        var isComplete = false
        while !isComplete {
            segmentQuery.beginTogether(k: request.k, count: walks.count)
            let joining = walks.lazy.filter(\.canJoin)
            let (count, rowCount) = (joining.count, joining.reduce(0) { $0 + $1.rowCount })
            for hit in hits { segmentQuery.know(hit.distance) }
            for slot in walks.indices where walks[slot].canJoin {
                try part(slot, &walks[slot], request, &cost) { (walk, _) throws(SegmentError) in
                    walk.filter = try filter(of: walk.segment, at: walk.index, view, request)
                    try walk.reader.join(
                        segmentQuery, slot: slot, k: request.k,
                        pace: walk.pace(among: count, rowCount: rowCount),
                        deleted: walk.segment.deletedRows)
                }
            }
            isComplete = segmentQuery.walkTogether()
            for slot in walks.indices where walks[slot].canJoin {
                try part(slot, &walks[slot], request, &cost) {
                    (walk, statistics) throws(SegmentError) in
                    let filter = walk.filter
                    try walk.reader.keepFound(
                        segmentQuery, slot: slot, deleted: walk.segment.deletedRows,
                        statistics: &statistics
                    ) { filter.passes($0) }
                }
            }
        }
        segmentQuery.beginGathering()
        for slot in walks.indices where walks[slot].canJoin {
            try part(slot, &walks[slot], request, &cost) {
                (walk, statistics) throws(SegmentError) in
                try walk.reader.gather(segmentQuery, slot: slot, statistics: &statistics)
            }
        }
        segmentQuery.takeTogether(of: walks.count) { slot, row, distance in
            hits.append(PlacedHit(place: .segment(walks[slot].index, row), distance: distance))
        }
    }

    /// Does a part of the work on the segment of one walk; a walk over damage is not gone on with.
    private func part(
        _ slot: Int, _ walk: inout SegmentWalk, _ request: SearchRequest, _ cost: inout SearchCost,
        _ body: (inout SegmentWalk, inout SegmentSearchStatistics) throws(SegmentError) -> Void
    ) throws(SegmentError) {
        do throws(SegmentError) {
            try body(&walk, &cost.segments)
        } catch {
            try leaveOut(error, request, &cost)
            walk.canJoin = false
            segmentQuery.forget(slot)
        }
    }
}

extension SegmentWalk {
    /// How far the walk goes whatever the others have found, and how far beyond that, where `count`
    /// walks over `rowCount` rows go together.
    ///
    /// Expanded rows must lie ahead of everything open, more of them the more is wanted: fewer miss
    /// the neighbourhood of the query, more are expanded in vain. A segment with few of the rows
    /// has few of the answers: it is given three fewer where its share is half as large. (By what
    /// each row ahead still finds it would be four; but three lose less where nearly all answers
    /// are asked for.) Where a segment has many rows near the query all the same, the slack has it
    /// go on. Of the seeds only those around the nearest leader are measured: all of them cost more
    /// than the steps they save.
    fileprivate func pace(among count: Int, rowCount total: Int) -> WalkPace {
        let share = Float(max(1, rowCount)) * Float(count) / Float(max(1, total))
        // Between powers of two straight lines: the same on every machine.
        let doublings = Float(share.exponent) + (share.significand - 1)
        let lead = 4 + effort.gamma * 70 + (doublings > 0 ? 4 : 3) * doublings
        return WalkPace(
            lead: max(Self.leastLead, Int(lead)), slack: effort.gamma, seedGroupCount: 1)
    }

    /// Rows ahead in a segment however small, so that rows just written are found, too.
    private static var leastLead: Int { 3 }
}
