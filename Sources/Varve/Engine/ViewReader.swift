// Reading what one view of a store shows.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuery
import VarveSegment
import VarveStorage

/// Answers questions about one view.
///
/// A value, so that a single search needs no object to ask; ``Snapshot`` is one that can be kept.
struct ViewReader: Sendable {
    let engine: Engine
    let view: View

    // MARK: - Searching

    /// The rows nearest to a vector, or to a stored row; see ``Store/search(_:)-(Query)``.
    func search(_ query: Query) throws(StoreError) -> SearchResult {
        let start = engine.runtime.monotonicNanoseconds()
        engine.runtime.noteForeground()
        let (vector, place) = try target(of: query)
        let isToBeNormalised = engine.schema.metric == .cosine && place == nil
        let request = try request(of: query, excluding: place)
        var cost = SearchCost()
        let found = try engine.searchers.withSearcher {
            (searcher) throws(StoreError) -> [PlacedHit] in
            guard searcher.prepare(vector, normalising: isToBeNormalised) else {
                throw StoreError(
                    .invalidArgument,
                    "a query of zeros has no direction, and the metric is cosine")
            }
            do throws(SegmentError) {
                return try searcher.search(in: view, request, cost: &cost)
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

    /// The vector a query compares with, and the row it is of, if it is one's.
    private func target(of query: Query) throws(StoreError) -> ([Float], RowPlace?) {
        switch query.target {
        case .row(let id):
            let place = try withSegmentErrors { () throws(SegmentError) in try view.find(id) }
            guard let place else { throw StoreError(.notFound, "no row has the id \(id)") }
            return (try vector(at: place), place)
        case .vector(let vector):
            guard vector.count == engine.schema.dimension else {
                throw StoreError(
                    .invalidArgument,
                    "the query has \(vector.count) components, the store's dimension is "
                        + "\(engine.schema.dimension)")
            }
            let problem = unsafe vector.withUnsafeBufferPointer { buffer -> String? in
                guard let base = buffer.baseAddress else { return "empty" }
                // Nearly all queries pass by this alone.
                let limit = BatchEncoding.certainComponentLimit
                if unsafe VectorConversion.isBelow(limit, base, count: buffer.count) { return nil }
                // Of floats that are finite the sum of squares is, too, in double precision.
                let norm2 = unsafe VectorConversion.squaredNorm(base, count: buffer.count)
                if norm2 <= BatchEncoding.squaredNormLimit { return nil }
                if let index = unsafe VectorConversion.firstNotFinite(base, count: buffer.count) {
                    return "component \(index) of the query is \(unsafe base[index])"
                }
                if engine.schema.metric == .cosine { return nil }
                return "the query is longer than 8.9e18, so that distances would not be finite"
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
