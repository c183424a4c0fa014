// One search over everything a view shows: memtables first, then segments, merged on exact
// distances.

public import VarveFormat
import VarveGraph
public import VarveMemtable
public import VarveSegment

/// How much work a search does in each source.
public enum SearchWidth: Hashable, Sendable {
    /// A beam of this many candidates in every graph.
    case width(Int)
    /// Until nothing is nearer than (1 + slack) times the k-th result.
    case slack(Float)
    /// As wide as each source says this recall needs.
    case recall(Double)
    /// Every row is compared.
    case exact
}

/// What a search looks for.
public struct SearchRequest: Sendable {
    /// The most rows wanted, those the caller will skip included.
    public var k: Int
    /// How much work each source does.
    public var width: SearchWidth
    /// Only rows at most this far.
    public var maximumDistance: Float?
    /// A row to leave out: the one whose vector is the query.
    public var excluded: RowPlace?
    /// Whether damaged segments are left out and counted, rather than failing the search.
    public var skipsDamaged = false

    /// A request of these parts.
    public init(
        k: Int, width: SearchWidth, maximumDistance: Float? = nil, excluded: RowPlace? = nil
    ) {
        self.k = k
        self.width = width
        self.maximumDistance = maximumDistance
        self.excluded = excluded
    }
}

/// A row that a search found, by its place in the view.
public struct PlacedHit: Hashable, Sendable {
    /// Where the row stands.
    public var place: RowPlace
    /// Its exact distance.
    public var distance: Float
}

/// What a search cost; sums over all sources.
public struct SearchCost: Hashable, Sendable {
    /// In memtables.
    public var memtables = MemtableSearchStatistics()
    /// In segments.
    public var segments = SegmentSearchStatistics()
    /// Memtables and segments searched.
    public var sourceCount = 0
    /// Segments left out because they are damaged.
    public var damagedSegmentCount = 0
    /// What is wrong with them.
    public var damages: [SegmentError] = []

    /// Nothing spent yet.
    public init() {}
}

/// The buffers of searches in stores of one schema.
///
/// Not for use by two threads at once; make one for each thread and use it again and again.
public final class Searcher {
    private let vector: QueryVector
    let memtableQuery: MemtableQuery
    let segmentQuery: SegmentQuery
    /// What the search under way has found.
    var hits: [PlacedHit] = []
    /// The segments of the search under way that are walked.
    var walks: [SegmentWalk] = []

    /// A searcher for stores of `schema`.
    public init(schema: Schema) {
        vector = QueryVector(schema: schema)
        memtableQuery = MemtableQuery(vector)
        segmentQuery = SegmentQuery(vector)
    }

    /// Takes the vector to search for.
    ///
    /// - Parameters:
    ///   - components: Of the schema's dimension, finite, of length 1 under cosine.
    ///   - normalising: Whether they are brought to that length first.
    /// - Returns: False if they cannot, because all are zero.
    public func prepare(_ components: [Float], normalising: Bool) -> Bool {
        unsafe components.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return false }
            return unsafe vector.prepare(base, normalising: normalising)
        }
    }

    /// The visible rows nearest to the vector taken last, nearest first, equal distances in the
    /// order of ids.
    ///
    /// Sources are looked at in an order that follows from their sizes alone, so the same view
    /// gives the same answer: memtables and what is scanned first, then walks over graphs, the
    /// largest first.
    ///
    /// - Throws: ``SegmentError`` if a segment is damaged or cannot be read.
    public func search(
        in view: View, _ request: SearchRequest, cost: inout SearchCost
    ) throws(SegmentError) -> [PlacedHit] {
        hits.removeAll(keepingCapacity: true)
        for index in 0..<view.memtableCount where view.memtable(index).rowCount > 0 {
            cost.sourceCount += 1
            search(memtable: index, of: view, request, &cost)
        }
        try searchSegments(of: view, request, &cost)
        return try nearest(request, view)
    }

    private func search(
        memtable index: Int, of view: View, _ request: SearchRequest, _ cost: inout SearchCost
    ) {
        let memtable = view.memtable(index)
        let marks = view.marks(on: memtable.memtable.sourceID, newerCount: index)
        let excluded = request.excluded.flatMap { $0.row(ofMemtable: index) }
        let filter = MemtableFilter(
            marks: marks, excluded: excluded, view: view, memtable: memtable)
        let found: [RowHit]
        if case .exact = request.width {
            found = memtable.searchExactly(
                memtableQuery, k: request.k, statistics: &cost.memtables
            ) { filter.passes($0) }
        } else {
            found = memtable.search(
                memtableQuery, k: request.k, width: request.memtableWidth,
                statistics: &cost.memtables
            ) { filter.passes($0) }
        }
        for hit in found {
            hits.append(PlacedHit(place: .memtable(index, hit.row), distance: hit.distance))
        }
    }

    /// The first `k` of all hits in the order of distance and id.
    private func nearest(
        _ request: SearchRequest, _ view: View
    ) throws(SegmentError) -> [PlacedHit] {
        if let limit = request.maximumDistance { hits.removeAll { $0.distance > limit } }
        // One source gives its hits in order; ids need to be read for equal distances only.
        if hits.count <= request.k,
            zip(hits, hits.dropFirst()).allSatisfy({ $0.distance < $1.distance })
        {
            return hits
        }
        var failure: SegmentError?
        hits.sort { a, b in
            if a.distance != b.distance { return a.distance < b.distance }
            do throws(SegmentError) {
                return try view.id(of: a.place) < view.id(of: b.place)
            } catch {
                failure = error
                return false
            }
        }
        if let failure { throw failure }
        return Array(hits.prefix(request.k))
    }
}

extension SearchRequest {
    /// When a walk over a segment's graph stops; nil for an exact scan.
    func effort(in segment: SegmentHandle) throws(SegmentError) -> SearchEffort? {
        switch width {
        case .width(let width): return SearchEffort(width: max(width, k))
        case .slack(let slack): return SearchEffort(width: 0, gamma: slack)
        case .recall(let recall):
            if var measured = try segment.effort(forRecall: recall) {
                if measured.width > 0 { measured.width = max(measured.width, k) }
                return measured
            }
            return SearchEffort(width: 0, gamma: Self.gamma(recall))
        case .exact: return nil
        }
    }

    /// The slack with which data of many kinds has reached a recall; between the points, straight
    /// lines.
    private static func gamma(_ recall: Double) -> Float {
        let points: [(recall: Double, gamma: Double)] = [
            (0.5, 0), (0.9, 0.06), (0.95, 0.12), (0.99, 0.22), (0.999, 0.45),
        ]
        guard let upper = points.firstIndex(where: { $0.recall >= recall }), upper > 0 else {
            return Float(points[0].gamma)
        }
        let (a, b) = (points[upper - 1], points[upper])
        let share = (recall - a.recall) / (b.recall - a.recall)
        return Float(a.gamma + share * (b.gamma - a.gamma))
    }

    /// The beam of a memtable's graph, which has no measured widths yet.
    var memtableWidth: Int {
        switch width {
        case .width(let width): max(width, k)
        case .slack(let slack): max(Int(16 + 640 * slack), k)
        case .recall(let recall): max(recall > 0.97 ? 160 : recall > 0.92 ? 80 : 40, k)
        case .exact: k
        }
    }
}

/// Which rows of a memtable a search leaves out.
private struct MemtableFilter {
    let marks: SourceMarks
    let excluded: RowOrdinal?
    let view: View
    let memtable: MemtableView

    @inline(__always)
    func passes(_ row: RowOrdinal) -> Bool {
        !marks.contains(row) && row != excluded && !view.isExpired(row, in: memtable)
    }
}

extension RowPlace {
    fileprivate func row(ofMemtable index: Int) -> RowOrdinal? {
        if case .memtable(index, let row) = self { row } else { nil }
    }

    func row(ofSegment index: Int) -> RowOrdinal? {
        if case .segment(index, let row) = self { row } else { nil }
    }
}
