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
        filters.removeAll(keepingCapacity: true)
        for _ in walks { filters.append(RowFilter()) }
        var isComplete = false
        while !isComplete {
            segmentQuery.beginTogether(k: request.k)
            let joining = walks.lazy.filter(\.canJoin)
            let (count, rowCount) = (joining.count, joining.reduce(0) { $0 + $1.rowCount })
            for hit in hits { segmentQuery.know(hit.distance) }
            for slot in walks.indices {
                try part(slot, view, request, &cost) { (segment, reader, _) throws(SegmentError) in
                    filters[slot] = try filter(of: segment, at: walks[slot].index, view, request)
                    try reader.join(
                        segmentQuery, slot: slot,
                        pace: walks[slot].pace(among: count, rowCount: rowCount),
                        deleted: segment.deletedRows)
                }
            }
            isComplete = segmentQuery.walkTogether(k: request.k)
            for slot in walks.indices {
                let filter = filters[slot]
                try part(slot, view, request, &cost) {
                    (segment, reader, cost) throws(SegmentError) in
                    try reader.keepFound(
                        segmentQuery, slot: slot, deleted: segment.deletedRows, statistics: &cost
                    ) { filter.passes($0) }
                }
            }
        }
        segmentQuery.beginGathering()
        for slot in walks.indices {
            try part(slot, view, request, &cost) { (_, reader, cost) throws(SegmentError) in
                try reader.gather(segmentQuery, slot: slot, statistics: &cost)
            }
        }
        segmentQuery.endTogether(of: walks.count) { slot, row, distance in
            hits.append(PlacedHit(place: .segment(walks[slot].index, row), distance: distance))
        }
    }

    /// Does a part of the work on the segment of one walk; a walk over damage is not gone on with.
    private func part(
        _ slot: Int, _ view: View, _ request: SearchRequest, _ cost: inout SearchCost,
        _ body: (
            SegmentHandle, SegmentReader, inout SegmentSearchStatistics
        ) throws(SegmentError) -> Void
    ) throws(SegmentError) {
        guard walks[slot].canJoin else { return }
        let segment = view.state.segments[walks[slot].index]
        let before = cost.damagedSegmentCount
        try skippingDamage(request, &cost) { (cost) throws(SegmentError) in
            try body(segment, try segment.reader, &cost.segments)
        }
        if cost.damagedSegmentCount > before {
            walks[slot].canJoin = false
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
        let lead = 4 + effort.gamma * 70 + 3 * doublings
        return WalkPace(
            lead: max(Self.leastLead, Int(lead)), slack: effort.gamma, seedGroupCount: 1)
    }

    /// Rows ahead in a segment however small, so that rows just written are found, too.
    private static var leastLead: Int { 4 }
}
