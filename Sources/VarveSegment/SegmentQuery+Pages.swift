// Searching segments by pages, several of them together.

public import VarveFormat
import VarveGraph

extension SegmentQuery {
    /// Begins a search by pages that asks for `k` rows.
    ///
    /// Rows found elsewhere are made known by ``know(_:)``, segments join by
    /// ``SegmentReader/joinPages(_:slot:effort:k:deleted:)``.
    public func beginPages(k: Int) {
        pages.begin()
        nearest.reset(limit: k)
    }

    /// Has all walks that have joined go to their ends.
    ///
    /// In rounds: everything near enough whose page is here is expanded, then the pages of the
    /// nearest candidates, wherever they are, are read with one wait. Near enough is what is within
    /// a slack of the k-th of all rows found. The answer does not depend on how pages are reached.
    ///
    /// - Parameter passes: Whether a row of the segment in a slot may be a result.
    /// - Throws: ``SegmentError``; ``failedSlot`` is that of the segment it is about.
    public func walkPages(
        statistics: inout SegmentSearchStatistics,
        passes: (_ slot: Int, _ row: RowOrdinal) -> Bool
    ) throws(SegmentError) {
        failedSlot = nil
        defer {
            for slot in usedSlots {
                statistics.expandedNodeCount += pages.slot(slot).walk.expandedCount
                statistics.codeDistanceCount += pages.slot(slot).walk.estimatedCount
            }
        }
        while true {
            for slot in usedSlots {
                try noting(slot) { (place, reader) throws(SegmentError) in
                    try reader.expandPages(self, place)
                }
            }
            guard pages.choose() else { return }
            statistics.roundCount += 1
            try pages.readRound()
            for slot in usedSlots {
                try noting(slot) { (place, reader) throws(SegmentError) in
                    try reader.comparePages(
                        self, place, passes: { passes(slot, $0) }, statistics: &statistics)
                }
            }
        }
    }

    /// The nearest rows of the segment in place `slot` that were found, nearest first; some may be
    /// farther than the k-th of all.
    ///
    /// - Throws: ``SegmentError`` where the ids of rows equally far cannot be read; ``failedSlot``
    ///   is the slot then.
    public func takePages(slot: Int) throws(SegmentError) -> [RowHit] {
        var hits: [RowHit] = []
        try noting(slot) { (place, reader) throws(SegmentError) in
            hits = try place.results.takeSorted(precedes: reader.idPrecedes)
            place.end()
        }
        return hits
    }

    private var usedSlots: some Sequence<Int> {
        (0..<pages.slotCount).lazy.filter { [pages] in pages.slot($0).reader != nil }
    }

    private func noting(
        _ slot: Int, _ body: (PageSlot, SegmentReader) throws(SegmentError) -> Void
    ) throws(SegmentError) {
        let place = pages.slot(slot)
        guard let reader = place.reader else { return }
        do throws(SegmentError) { try body(place, reader) } catch {
            failedSlot = slot
            throw error
        }
    }
}
