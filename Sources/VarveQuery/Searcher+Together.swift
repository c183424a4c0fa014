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
        let k = request.k
        for slot in walks.indices {
            try part(slot, view, request, &cost) {
                (reader, deleted, cost, isLive)
                    throws(SegmentError) in
                try reader.explore(
                    segmentQuery, slot: slot, k: k, lead: Self.lead(walks[slot].effort),
                    deleted: deleted, statistics: &cost, isLive: isLive)
            }
        }
        elsewhere.removeAll(keepingCapacity: true)
        for hit in hits { elsewhere.append(hit.distance) }
        elsewhere.sort()
        for slot in walks.indices {
            segmentQuery.nearestPaused(
                count: k, of: walks.count, excluding: slot, into: &known)
            known.append(contentsOf: elsewhere.prefix(k))
            known.sort()
            if known.count > k { known.removeLast(known.count - k) }
            try part(slot, view, request, &cost) {
                (reader, deleted, cost, isLive)
                    throws(SegmentError) in
                try reader.resume(
                    segmentQuery, slot: slot, k: k, slack: walks[slot].effort.gamma,
                    known: known, deleted: deleted, statistics: &cost, isLive: isLive)
            }
        }
        segmentQuery.nearestPaused(
            count: SegmentReader.candidateCount(k: k), of: walks.count, into: &known)
        for slot in walks.indices {
            let index = walks[slot].index
            try part(slot, view, request, &cost) { (reader, _, cost, _) throws(SegmentError) in
                for hit in try reader.rank(segmentQuery, slot: slot, k: k, statistics: &cost) {
                    hits.append(
                        PlacedHit(place: .segment(index, hit.row), distance: hit.distance))
                }
            }
        }
    }

    /// Does a part of the work on the segment of one walk; a walk over damage is not gone on with.
    private func part(
        _ slot: Int, _ view: View, _ request: SearchRequest, _ cost: inout SearchCost,
        _ body: (
            SegmentReader, DeletedRows, inout SegmentSearchStatistics, (RowOrdinal) -> Bool
        ) throws(SegmentError) -> Void
    ) throws(SegmentError) {
        guard walks[slot].canPause else { return }
        let segment = view.state.segments[walks[slot].index]
        let before = cost.damagedSegmentCount
        try skippingDamage(request, &cost) { (cost) throws(SegmentError) in
            let filter = try filter(of: segment, at: walks[slot].index, view, request)
            try body(segment.reader, segment.deletedRows, &cost.segments) { filter.passes($0) }
        }
        if cost.damagedSegmentCount > before {
            walks[slot].canPause = false
            segmentQuery.forgetPaused(slot)
        }
    }

    /// Expanded rows that must lie ahead of everything open before a walk pauses: fewer miss the
    /// neighbourhood of the query, more are expanded in vain.
    private static func lead(_ effort: SearchEffort) -> Int {
        min(WalkRule.maximumLead, 5 + Int(effort.gamma * 60))
    }
}
