// A search by pages of one segment, perhaps among several.

import VarveFormat
import VarveGraph
import VarveKernels

/// One segment of a search by pages: its walk, its results, its pages of the round under way.
///
/// Kept from query to query for its memory; what it refers to is let go when the search ends.
final class PageSlot {
    /// The walk.
    let walk = PageWalk()
    /// The segment; nil where the slot is not in use.
    private(set) var reader: SegmentReader?
    private(set) var resident: ResidentPages?
    // The walk refers to it.
    private var codes: RowCodeQuery?
    /// The nearest rows of this segment; those that came late are none farther than the k-th of
    /// all.
    var results = NearestRows()
    /// How far beyond the k-th row of all a candidate may be and still be worth a page.
    private var slack: Float = 0
    /// By how much this segment's candidates are farther, as its walk compares them, than without
    /// a lift.
    private(set) var offset: Float = 0
    /// Candidates that are no nearer are worth no page.
    private(set) var limit = Float.infinity
    /// Where its pages stand among those of the round.
    var round = 0..<0

    /// Begins a search of `reader` for `k` rows, and its walk towards `query`.
    func begin(
        _ reader: SegmentReader, _ resident: ResidentPages, _ query: SegmentQuery, k: Int,
        slack: Float, width: Int, scanRowCount: Int
    ) {
        (self.reader, self.resident, self.slack) = (reader, resident, slack)
        (limit, round) = (.infinity, 0..<0)
        results.reset(limit: k)
        let vector = query.vector
        offset =
            vector.codeDistance(0, liftNorm2: reader.description.liftNorm2)
            - vector.codeDistance(0, liftNorm2: 0)
        let codes = unsafe query.pages.codeQuery(
            resident.rotation, vector.floats, generation: vector.generation)
        self.codes = codes
        unsafe walk.begin(
            resident.space, row: vector.bytes.row, bytes: vector.bytes.codes, codes: codes,
            width: width, scanRowCount: scanRowCount)
    }

    /// Takes the distance of the k-th row of all, infinite where there are fewer.
    func bind(_ bound: Float, _ query: SegmentQuery) {
        guard let reader else { return }
        limit = SegmentReader.pageLimit(
            bound, slack: slack, query, liftNorm2: reader.description.liftNorm2)
    }

    /// Lets everything go.
    func end() { (reader, resident, codes) = (nil, nil, nil) }
}
