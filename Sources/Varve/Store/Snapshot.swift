// A store at one moment.

import VarveStorage
import Synchronization
public import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuery
import VarveSegment

/// A store as it was at one moment: every read gives the same answer, whatever is written
/// meanwhile.
///
/// May be used from any number of threads. It keeps the memory and the files of its moment from
/// being freed, so a snapshot that is kept for long keeps their space.
public final class Snapshot: Sendable {
    let engine: Engine
    let view: View
    /// A write the snapshot shows, with all writes before it: the last one that had been
    /// acknowledged when the snapshot was taken, or a later one.
    ///
    /// Writes that became visible at that very moment may be shown, too.
    public let sequence: SequenceNumber

    init(engine: Engine) {
        self.engine = engine
        // In this order, so that the view never shows less than the number says.
        sequence = engine.visibleSequence
        view = engine.view
    }

    /// Rows in the snapshot.
    public var count: Int { view.liveRowCount }

    /// Whether there is a row of that id.
    ///
    /// - Throws: ``StoreError``: `corruption`, `inputOutput`.
    public func contains(_ id: RecordID) throws(StoreError) -> Bool {
        try withSegmentErrors { () throws(SegmentError) in try view.find(id) != nil }
    }

    /// The row of that id; nil if there is none.
    ///
    /// - Throws: ``StoreError``: `corruption`, `inputOutput`.
    public func get(_ id: RecordID) throws(StoreError) -> Row? {
        guard
            let place = try withSegmentErrors({ () throws(SegmentError) in
                try view.find(id)
            })
        else { return nil }
        return Row(id: id, vector: try vector(at: place), attributes: try attributes(at: place))
    }

    /// Calls `body` with every row, in the order of their ids, until it returns false.
    ///
    /// Rows are read one by one; memory is bounded by the ids of the memtables.
    ///
    /// - Throws: ``StoreError``: `corruption`, `inputOutput`.
    public func forEachRow(_ body: (Row) throws(StoreError) -> Bool) throws(StoreError) {
        var cursor = try withSegmentErrors { () throws(SegmentError) in try RowCursor(view) }
        while let (id, place) = try withSegmentErrors({ () throws(SegmentError) in
            try cursor.next()
        }) {
            let row = Row(
                id: id, vector: try vector(at: place), attributes: try attributes(at: place))
            guard try body(row) else { return }
        }
    }

    // MARK: - Searching

    /// The rows nearest to a vector, or to a stored row; see ``Store/search(_:)-(Query)``.
    ///
    /// - Throws: ``StoreError``: `invalidArgument`, `notFound`, `corruption`, `inputOutput`.
    public func search(_ query: Query) throws(StoreError) -> SearchResult {
        let start = engine.runtime.monotonicNanoseconds()
        engine.runtime.noteForeground()
        let (vector, place) = try target(of: query)
        let request = try request(of: query, excluding: place)
        var cost = SearchCost()
        let found = try engine.searchers.withSearcher {
            (searcher) throws(StoreError) -> [PlacedHit] in
            do throws(SegmentError) {
                return try searcher.search(vector, in: view, request, cost: &cost)
            } catch {
                let failure = StoreError(error)
                engine.note(failure)
                throw failure
            }
        }
        for damage in cost.damages { engine.note(StoreError(damage)) }
        var hits: [Hit] = []
        hits.reserveCapacity(max(0, found.count - query.offset))
        for placed in found.dropFirst(query.offset) {
            hits.append(try hit(placed, query))
        }
        engine.counters.searchCount.add(1)
        var statistics = QueryStatistics(cost)
        statistics.nanoseconds = engine.runtime.monotonicNanoseconds() - start
        return SearchResult(hits: hits, statistics: statistics)
    }

    /// The answers to many queries; see ``Store/search(_:)-([Query])``.
    ///
    /// - Throws: ``StoreError`` as ``search(_:)-(Query)``, for the first query that failed.
    public func search(_ queries: [Query]) throws(StoreError) -> [SearchResult] {
        let results = Mutex<[Result<SearchResult, StoreError>?]>(
            Array(repeating: nil, count: queries.count))
        engine.runtime.parallel(
            count: queries.count, threadCount: engine.options.threadCount
        ) { index in
            let result: Result<SearchResult, StoreError>
            do throws(StoreError) {
                result = .success(try search(queries[index]))
            } catch {
                result = .failure(error)
            }
            results.withLock { $0[index] = result }
        }
        var answers: [SearchResult] = []
        answers.reserveCapacity(queries.count)
        for result in results.withLock({ $0 }) {
            guard let result else { preconditionFailure("every query is worked on") }
            answers.append(try result.get())
        }
        return answers
    }

    private func request(
        of query: Query, excluding place: RowPlace?
    ) throws(StoreError) -> SearchRequest {
        guard query.k >= 1, query.offset >= 0,
            query.k <= Query.maximumHitCount - query.offset
        else {
            throw StoreError(
                .invalidArgument,
                "k is at least 1 and k + offset at most \(Query.maximumHitCount), not "
                    + "\(query.k) + \(query.offset)")
        }
        let width: SearchWidth
        switch query.effort {
        case .exact: width = .exact
        case .width(let candidates):
            guard candidates >= 1 else {
                throw StoreError(.invalidArgument, "a width is at least 1, not \(candidates)")
            }
            width = .width(min(candidates, 1 << 16))
        case .slack(let slack):
            guard (0...16).contains(slack) else {
                throw StoreError(.invalidArgument, "a slack is 0 to 16, not \(slack)")
            }
            width = .slack(Float(slack))
        case .recall(let recall):
            guard (0.5...0.999).contains(recall) else {
                throw StoreError(.invalidArgument, "a recall is 0.5 to 0.999, not \(recall)")
            }
            width = .recall(recall)
        }
        var request = SearchRequest(
            k: query.k + query.offset, width: width, maximumDistance: query.maximumDistance,
            excluded: place)
        request.skipsDamaged = engine.isReadOnly
        return request
    }

    /// The vector a query compares with, normalised under cosine, and the row it is of, if it is
    /// one's.
    private func target(of query: Query) throws(StoreError) -> ([Float], RowPlace?) {
        switch query.target {
        case .row(let id):
            let place = try withSegmentErrors { () throws(SegmentError) in try view.find(id) }
            guard let place else { throw StoreError(.notFound, "no row has the id \(id)") }
            return (try vector(at: place), place)
        case .vector(var vector):
            guard vector.count == engine.schema.dimension else {
                throw StoreError(
                    .invalidArgument,
                    "the query has \(vector.count) components, the store's dimension is "
                        + "\(engine.schema.dimension)")
            }
            let problem = unsafe vector.withUnsafeMutableBufferPointer { buffer -> String? in
                guard let base = buffer.baseAddress else { return "empty" }
                if let index = unsafe VectorConversion.firstNotFinite(base, count: buffer.count) {
                    return "component \(index) of the query is \(unsafe base[index])"
                }
                guard engine.schema.metric == .cosine else {
                    let norm2 = unsafe VectorConversion.squaredNorm(base, count: buffer.count)
                    return norm2 <= BatchEncoding.squaredNormLimit
                        ? nil
                        : "the query is longer than 8.9e18, so that distances would not be finite"
                }
                return unsafe VectorConversion.normalise(base, count: buffer.count)
                    ? nil : "a query of zeros has no direction, and the metric is cosine"
            }
            if let problem { throw StoreError(.invalidArgument, problem) }
            return (vector, nil)
        }
    }

    private func hit(_ placed: PlacedHit, _ query: Query) throws(StoreError) -> Hit {
        let id = try withSegmentErrors { () throws(SegmentError) in try view.id(of: placed.place) }
        return Hit(
            id: id, distance: placed.distance,
            attributes: query.includeAttributes ? try attributes(at: placed.place) : nil,
            vector: query.includeVectors ? try vector(at: placed.place) : nil)
    }

    // MARK: - Rows

    /// The stored vector at a place, as numbers.
    func vector(at place: RowPlace) throws(StoreError) -> [Float] {
        let schema = engine.schema
        var vector = [Float](repeating: 0, count: schema.dimension)
        try withSegmentErrors { () throws(SegmentError) in
            unsafe try view.withVector(of: place) { bytes in
                guard let source = bytes.baseAddress else { return }
                unsafe vector.withUnsafeMutableBufferPointer { buffer in
                    guard let base = buffer.baseAddress else { return }
                    unsafe VectorConversion.widen(
                        source, count: schema.dimension,
                        from: schema.elementType.vectorElement, into: base)
                }
            }
        }
        return vector
    }

    /// The attributes at a place, by name.
    func attributes(at place: RowPlace) throws(StoreError) -> [String: AttributeValue] {
        let record = try withSegmentErrors { () throws(SegmentError) in
            try view.attributeRecord(of: place)
        }
        let names = engine.names.load().definitions
        do throws(FormatError) {
            return try AttributeCatalogue.attributes(of: record, names)
        } catch {
            throw StoreError(error)
        }
    }
}
