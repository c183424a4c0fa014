// What a search promises: exact distances, order, paging, thresholds, and the same answer twice.

import Testing
import Varve

@Suite struct SearchTests {
    private let directory = TemporaryDirectory()

    /// A store with rows in a segment, in a sealed state and in the memtable, some of them
    /// replaced.
    private func makeStore(
        _ metric: Metric, _ element: ElementType, rowCount: Int = 900
    ) throws -> (Store, [RecordID: [Float]]) {
        let store = try Store.create(
            at: directory.path + "/\(metric)-\(element)",
            schema: Schema(dimension: 20, metric: metric, elementType: element))
        var vectors = SeededVectors(state: 5)
        var model: [RecordID: [Float]] = [:]
        for part in 0..<3 {
            var batch = WriteBatch()
            for row in 0..<rowCount / 3 {
                let id = RecordID.number(UInt64(part * 200 + row))
                var vector = vectors.next(20)
                if element == .uint8 || element == .int8 {
                    vector = vector.map { ($0 * 100).rounded() + (element == .uint8 ? 60 : 0) }
                }
                batch.upsert(id: id, vector: vector, attributes: ["part": .int(Int64(part))])
                model[id] = vector
            }
            try store.write(batch)
            if part < 2 { try store.flush() }
        }
        for id in [3, 250, 640] as [RecordID] {
            try store.delete(id: id)
            model[id] = nil
        }
        return (store, model)
    }

    private static let schemas: [(Metric, ElementType)] = [
        (.euclidean, .float32), (.euclidean, .uint8), (.euclidean, .int8), (.cosine, .float32),
        (.cosine, .float16), (.innerProduct, .float32),
    ]

    /// Of the segments of a store some lie in memory and others are searched by pages; every way to
    /// say how much work a search may do works over both, search after search.
    @Test func `segments in memory and segments by pages are searched together`() throws {
        var options = Options()
        options.compaction.isAutomatic = false
        options.memoryBudgetByteCount = 32 << 20
        let store = try Store.create(
            at: directory.path + "/mixed",
            schema: Schema(dimension: 96, metric: .euclidean, elementType: .float32),
            options: options)
        var vectors = SeededVectors(state: 8)
        for part in 0..<4 as Range<UInt64> {
            var batch = WriteBatch()
            for row in 0..<1_200 as Range<UInt64> {
                batch.upsert(id: .number(part * 1_200 + row), vector: vectors.next(96))
            }
            try store.write(batch)
            try store.flush()
        }
        #expect(try store.statistics().segmentCount == 4)
        let queries = (0..<20).map { _ in vectors.next(96) }
        for effort in [Effort.width(100), .slack(0.4), .recall(0.95)] {
            var (foundCount, pageCount, expandedCount) = (0, 0, 0)
            for vector in queries {
                var query = Query(vector: vector, k: 10)
                query.effort = .exact
                let best = Set(try store.search(query).hits.map(\.id))
                query.effort = effort
                let result = try store.search(query)
                foundCount += best.intersection(result.hits.map(\.id)).count
                pageCount += result.statistics.pageReadCount
                expandedCount += result.statistics.expandedNodeCount
            }
            #expect(pageCount > 0 && expandedCount > 0)
            #expect(foundCount >= 180, "\(effort): \(foundCount) of 200")
        }
    }

    @Test(arguments: schemas)
    func `exact searches find what brute force finds`(
        metric: Metric, element: ElementType
    ) throws {
        let (store, model) = try makeStore(metric, element)
        #expect(try store.count() == model.count)
        var vectors = SeededVectors(state: 99)
        for _ in 0..<5 {
            var query = Query(vector: vectors.next(20).map { $0 * 90 }, k: 15)
            query.effort = .exact
            let found = try store.search(query).hits
            guard case .vector(let target) = query.target else { return }
            let expected = model.map { (id: $0.key, distance: distance(metric, target, $0.value)) }
                .sorted { ($0.distance, $0.id) < ($1.distance, $1.id) }
            for (hit, best) in zip(found, expected) {
                let tolerance = max(1e-3, abs(best.distance) * 2e-3)
                #expect(abs(hit.distance - best.distance) <= tolerance)
            }
            #expect(found.map(\.distance) == found.map(\.distance).sorted())
            #expect(Set(found.map(\.id)).count == 15)
        }
        try store.close()
    }

    private func distance(_ metric: Metric, _ a: [Float], _ b: [Float]) -> Float {
        let dot = zip(a, b).reduce(Float(0)) { $0 + $1.0 * $1.1 }
        switch metric {
        case .euclidean: return zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }
        case .innerProduct: return -dot
        case .cosine:
            let norms = a.reduce(0) { $0 + $1 * $1 } * b.reduce(0) { $0 + $1 * $1 }
            return 1 - dot / norms.squareRoot()
        }
    }

    @Test func `pages follow each other without gap or overlap`() throws {
        let (store, _) = try makeStore(.euclidean, .float32)
        var vectors = SeededVectors(state: 3)
        var query = Query(vector: vectors.next(20), k: 60)
        query.effort = .exact
        let all = try store.search(query).hits
        query.k = 20
        var pages: [Hit] = []
        for offset in [0, 20, 40] {
            query.offset = offset
            pages += try store.search(query).hits
        }
        #expect(pages == all)
        try store.close()
    }

    @Test func `a threshold leaves out what is farther`() throws {
        let (store, _) = try makeStore(.euclidean, .float32)
        var vectors = SeededVectors(state: 4)
        var query = Query(vector: vectors.next(20), k: 100)
        query.effort = .exact
        let all = try store.search(query).hits
        query.maximumDistance = all[30].distance
        let near = try store.search(query).hits
        #expect(near == all.filter { $0.distance <= all[30].distance })
        try store.close()
    }

    @Test func `a search by a row finds its neighbours and not itself`() throws {
        let (store, model) = try makeStore(.cosine, .float32)
        for id in [1, 300, 690] as [RecordID] {
            let hits = try store.search(Query(row: id, k: 5)).hits
            #expect(hits.count == 5)
            #expect(!hits.map(\.id).contains(id))
            var byVector = Query(vector: try #require(model[id]), k: 6)
            byVector.effort = .exact
            let first = try #require(try store.search(byVector).hits.first)
            #expect(first.id == id)
        }
        try store.close()
    }

    @Test func `many queries at once give the answers of one after the other`() throws {
        let (store, _) = try makeStore(.euclidean, .float32)
        var vectors = SeededVectors(state: 6)
        let queries = (0..<40).map { _ in Query(vector: vectors.next(20), k: 7) }
        let together = try store.search(queries).map(\.hits)
        let alone = try queries.map { try store.search($0).hits }
        #expect(together == alone)
        try store.close()
    }

    @Test func `attributes and vectors come when asked for`() throws {
        let (store, model) = try makeStore(.euclidean, .float32)
        var vectors = SeededVectors(state: 8)
        var query = Query(vector: vectors.next(20), k: 30)
        let bare = try store.search(query)
        #expect(bare.hits.allSatisfy { $0.attributes == nil && $0.vector == nil })
        #expect(bare.statistics.distanceCount > 0 && bare.statistics.sourceCount == 3)
        query.includeAttributes = true
        query.includeVectors = true
        for hit in try store.search(query).hits {
            #expect(hit.vector == model[hit.id])
            #expect(hit.attributes?["part"] != nil)
        }
        try store.close()
    }

    @Test func `a snapshot gives the same answers whatever is written`() throws {
        let (store, model) = try makeStore(.euclidean, .float32)
        var vectors = SeededVectors(state: 12)
        var query = Query(vector: vectors.next(20), k: 25)
        query.effort = .exact
        let snapshot = try store.snapshot()
        let before = try snapshot.search(query).hits
        for id in before.prefix(10).map(\.id) { try store.delete(id: id) }
        try store.flush()
        for id in before.suffix(5).map(\.id) { try store.upsert(id: id, vector: vectors.next(20)) }
        #expect(try snapshot.search(query).hits == before)
        #expect(snapshot.count == model.count)
        #expect(try store.count() == model.count - 10)
        #expect(try store.search(query).hits != before)
        try store.close()
    }
}
