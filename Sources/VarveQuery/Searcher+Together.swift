// Walks over several segments that share what they find.

import VarveFormat
import VarveGraph
import VarveSegment

extension Searcher {
    /// Searches the segments of `walks`, all of which can pause, in three rounds.
    ///
    /// First every walk comes near the query and pauses. Then each goes on until nothing it knows
    /// is nearer than its slack allows beyond the k-th of all rows found so far, wherever they are:
    /// rows of one segment need not be among the nearest of their own segment only. At last the
    /// nearest of all, by codes, get their exact distances. The order is that of `walks`, so the
    /// answer depends on nothing else.
    func searchTogether(
        _ view: View, _ request: SearchRequest, _ cost: inout SearchCost
    ) throws(SegmentError) {
        segmentQuery.beginTogether(k: request.k)
        for hit in hits { segmentQuery.know(hit.distance) }
        filters.removeAll(keepingCapacity: true)
        for slot in walks.indices {
            filters.append(RowFilter())
            try part(slot, view, request, &cost) {
                (segment, reader, cost) throws(SegmentError) in
                let filter = try filter(of: segment, at: walks[slot].index, view, request)
                filters[slot] = filter
                try reader.explore(
                    segmentQuery, slot: slot, k: request.k, pace: walks[slot].pace,
                    deleted: segment.deletedRows, statistics: &cost
                ) { filter.passes($0) }
            }
        }
        for slot in walks.indices {
            let filter = filters[slot]
            try part(slot, view, request, &cost) {
                (segment, reader, cost) throws(SegmentError) in
                try reader.resume(
                    segmentQuery, slot: slot, k: request.k, pace: walks[slot].pace,
                    deleted: segment.deletedRows, statistics: &cost
                ) { filter.passes($0) }
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
        guard walks[slot].canPause else { return }
        let segment = view.state.segments[walks[slot].index]
        let before = cost.damagedSegmentCount
        try skippingDamage(request, &cost) { (cost) throws(SegmentError) in
            try body(segment, try segment.reader, &cost.segments)
        }
        if cost.damagedSegmentCount > before {
            walks[slot].canPause = false
            segmentQuery.forgetPaused(slot)
        }
    }
}

extension SegmentWalk {
    /// When the walk pauses for the others.
    ///
    /// Expanded rows must lie ahead of everything open, more of them the more is wanted: fewer miss
    /// the neighbourhood of the query, more are expanded in vain. Of the seeds only those around
    /// the nearest two leaders are measured: all of them cost more than the steps they save.
    fileprivate var pace: WalkPace {
        WalkPace(lead: 5 + Int(effort.gamma * 100), slack: effort.gamma, seedGroupCount: 2)
    }
}
