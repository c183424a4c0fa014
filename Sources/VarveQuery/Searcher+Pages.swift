// Walks by pages over several segments that share what they find, and wait for the disk together.

import VarveFormat
import VarveSegment

extension Searcher {
    /// Searches the segments of `walks` that are walked by pages, and appends what it finds.
    ///
    /// What has been found elsewhere bounds them, and they bound one another. Where one comes to
    /// damage and the request leaves damaged segments out, the others begin anew: what it found
    /// bounded them.
    func searchPages(
        _ view: View, _ request: SearchRequest, _ cost: inout SearchCost
    ) throws(SegmentError) {
        let hitCount = hits.count
        var isComplete = !walks.contains(where: \.canJoinPages)
        while !isComplete {
            segmentQuery.beginPages(k: request.k)
            for hit in hits { segmentQuery.know(hit.distance) }
            for slot in walks.indices {
                try joinPages(slot, view, request, &cost)
            }
            try skippingDamage(request, &cost) { (cost) throws(SegmentError) in
                try segmentQuery.walkPages(statistics: &cost.segments) { slot, row in
                    !walks[slot].segment.deletedRows.contains(row)
                        && walks[slot].filter.passes(row)
                }
                try takePages()
                isComplete = true
            }
            guard !isComplete, let slot = segmentQuery.failedSlot else { return }
            walks[slot].canJoinPages = false
            hits.removeSubrange(hitCount...)
        }
    }

    private func takePages() throws(SegmentError) {
        for slot in walks.indices where walks[slot].canJoinPages {
            for hit in try segmentQuery.takePages(slot: slot) {
                hits.append(
                    PlacedHit(
                        place: .segment(walks[slot].index, hit.row), distance: hit.distance))
            }
        }
    }

    private func joinPages(
        _ slot: Int, _ view: View, _ request: SearchRequest, _ cost: inout SearchCost
    ) throws(SegmentError) {
        guard walks[slot].canJoinPages else { return }
        let walk = walks[slot]
        walks[slot].canJoinPages = false
        try skippingDamage(request, &cost) { (_) throws(SegmentError) in
            walks[slot].filter = try filter(of: walk.segment, at: walk.index, view, request)
            try walk.reader.joinPages(
                segmentQuery, slot: slot, effort: walk.effort, k: request.k,
                deleted: walk.segment.deletedRows)
            walks[slot].canJoinPages = true
        }
    }
}
