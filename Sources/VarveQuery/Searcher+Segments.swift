// Searching the segments of a view: those that are walked in memory by slack together, then those
// that are walked by pages together, others one by one.

import VarveFormat
import VarveMemtable
import VarveSegment

/// A segment that a search walks over.
struct SegmentWalk {
    let segment: SegmentHandle
    let reader: SegmentReader
    /// Its place in the view.
    var index: Int
    /// Rows that may be results.
    var rowCount: Int
    var effort: SearchEffort
    /// Whether it can go together with others that are walked in memory.
    var canJoin: Bool
    /// Whether it can go together with others that are walked by pages.
    var canJoinPages: Bool
    /// Rows that are left out.
    var filter = RowFilter()
}

extension Searcher {
    /// Searches all segments and appends what it finds.
    ///
    /// Segments that are scanned come first, then walks in memory, then walks by pages, each from
    /// the largest segment down.
    func searchSegments(
        of view: View, _ request: SearchRequest, _ cost: inout SearchCost
    ) throws(SegmentError) {
        // A searcher waits for its next search without holding the files of this one.
        defer { walks.removeAll(keepingCapacity: true) }
        segmentQuery.keepsFront = false
        for index in view.state.segments.indices {
            cost.sourceCount += 1
            let segment = view.state.segments[index]
            try skippingDamage(request, &cost) { (cost) throws(SegmentError) in
                let (reader, rowCount) = (try segment.reader, segment.liveRowCount)
                let effort = try request.effort(in: segment)
                if let effort,
                    !reader.isScanCheaper(
                        effort: effort, k: request.k, passingCount: rowCount,
                        isAmongOthers: view.state.segments.count > 1)
                {
                    let canJoin = effort.isSlackAlone ? try reader.canJoin() : false
                    walks.append(
                        SegmentWalk(
                            segment: segment, reader: reader, index: index, rowCount: rowCount,
                            effort: effort, canJoin: canJoin,
                            canJoinPages: try reader.canJoinPages()))
                } else {
                    try search(segment: index, of: view, request, effort, &cost)
                }
            }
        }
        walks.sort { ($1.rowCount, $0.index) < ($0.rowCount, $1.index) }
        let isAlone = walks.count == 1 && hits.isEmpty
        if case .recall = request.width, walks.count > 1 { widen() }
        for walk in walks where !walk.canJoinPages && (isAlone || !walk.canJoin) {
            try skippingDamage(request, &cost) { (cost) throws(SegmentError) in
                try search(segment: walk.index, of: view, request, walk.effort, &cost)
            }
            segmentQuery.keepsFront = true
        }
        if !isAlone, walks.contains(where: \.canJoin) {
            try searchTogether(view, request, &cost)
        }
        // What is read from a disk comes last: what has been found by then spares pages.
        try searchPages(view, request, &cost)
    }

    /// Gives walks the slack that a recall needs over several segments.
    ///
    /// Each segment was measured by its own nearest rows, which are farther than the nearest of
    /// all. What is added was measured on eight equal segments, and on such as a compactor leaves,
    /// of SIFT and of text: all of them find what is asked for.
    private func widen() {
        let doublings = Float(walks.count.bitWidth - walks.count.leadingZeroBitCount - 1)
        for slot in walks.indices where walks[slot].effort.gamma >= 0 {
            walks[slot].effort.gamma *= 1 + 0.18 * doublings
            walks[slot].effort.gamma += 0.003 * doublings
        }
    }

    /// Runs `body`; damage is counted where the request leaves damaged segments out.
    func skippingDamage(
        _ request: SearchRequest, _ cost: inout SearchCost,
        _ body: (inout SearchCost) throws(SegmentError) -> Void
    ) throws(SegmentError) {
        do throws(SegmentError) {
            try body(&cost)
        } catch {
            try leaveOut(error, request, &cost)
        }
    }

    /// Counts a damaged segment as left out, where the request has it left out.
    func leaveOut(
        _ error: SegmentError, _ request: SearchRequest, _ cost: inout SearchCost
    ) throws(SegmentError) {
        guard request.skipsDamaged, case .damaged = error else { throw error }
        cost.damagedSegmentCount += 1
        cost.damages.append(error)
    }

    /// Searches one segment and appends what it finds.
    func search(
        segment index: Int, of view: View, _ request: SearchRequest, _ effort: SearchEffort?,
        _ cost: inout SearchCost
    ) throws(SegmentError) {
        let segment = view.state.segments[index]
        let filter = try filter(of: segment, at: index, view, request)
        let found: [RowHit]
        if let effort {
            found = try segment.reader.search(
                segmentQuery, k: request.k, effort: effort, deleted: segment.deletedRows,
                statistics: &cost.segments
            ) { filter.passes($0) }
        } else {
            found = try segment.reader.searchExactly(
                segmentQuery, k: request.k, deleted: segment.deletedRows,
                statistics: &cost.segments
            ) { filter.passes($0) }
        }
        for hit in found {
            hits.append(PlacedHit(place: .segment(index, hit.row), distance: hit.distance))
        }
    }
}

extension Searcher {
    /// Which rows of a segment are left out.
    func filter(
        of segment: SegmentHandle, at index: Int, _ view: View, _ request: SearchRequest
    ) throws(SegmentError) -> RowFilter {
        RowFilter(
            marks: view.marks(on: segment.id, newerCount: view.memtableCount),
            excluded: request.excluded.flatMap { $0.row(ofSegment: index) },
            expiry: try view.expiryTest(of: segment))
    }
}

/// Which rows of a segment a search leaves out besides those its version has deleted.
struct RowFilter {
    // A value rather than a closure, so that nothing is allocated for it.
    var marks = SourceMarks()
    var excluded: RowOrdinal?
    var expiry = ExpiryTest(table: nil, moment: 0)

    @inline(__always)
    func passes(_ row: RowOrdinal) -> Bool {
        !marks.contains(row) && row != excluded && !expiry.isExpired(row)
    }
}
