// The graph of a memtable: what searches find with it, and that it depends on the operations alone.

import Testing
import VarveFormat
import VarveGraph
import VarveKernels
import VarveMemtable
import VarveStorage

/// Random vectors around a few centres, as real data lie.
struct Clusters {
    var generator: SeededGenerator
    private let centres: [[Float]]
    private let schema: Schema

    init(_ schema: Schema, count: Int = 20, seed: UInt64) {
        self.schema = schema
        generator = SeededGenerator(seed)
        var centres: [[Float]] = []
        for _ in 0..<count { centres.append(randomVector(schema, &generator)) }
        self.centres = centres
    }

    mutating func next() -> [Float] {
        let centre = centres.randomElement(using: &generator) ?? []
        return centre.map { component in
            switch schema.elementType {
            case .float32, .float16: component + 0.4 * generator.float()
            case .uint8: min(255, max(0, (component + 50 * generator.float()).rounded()))
            case .int8: min(127, max(-128, (component + 50 * generator.float()).rounded()))
            }
        }
    }
}

@Suite struct IndexingTests {
    static let schemas: [Schema] = [
        Schema(dimension: 24, metric: .euclidean, elementType: .float32),
        Schema(dimension: 32, metric: .euclidean, elementType: .uint8),
        Schema(dimension: 20, metric: .innerProduct, elementType: .float16),
        Schema(dimension: 64, metric: .euclidean, elementType: .int8),
    ]

    private static func fill(
        _ memtable: Memtable, rowCount: Int, idCount: UInt64, _ clusters: inout Clusters
    ) {
        for row in 0..<rowCount {
            let id = UInt64.random(in: 0..<idCount, using: &clusters.generator)
            memtable.put(.number(id), clusters.next())
            if row % 50 == 49 { memtable.publish() }
        }
        memtable.publish()
    }

    /// The share of the truly nearest ten that searches find.
    private static func recall(
        _ memtable: Memtable, width: Int, _ clusters: inout Clusters,
        _ statistics: inout MemtableSearchStatistics,
        isLive: (RowOrdinal) -> Bool = { _ in true }
    ) -> Double {
        let view = memtable.view
        let query = MemtableQuery(schema: memtable.schema)
        var found = 0
        var wanted = 0
        for _ in 0..<50 {
            unsafe query.prepare(clusters.next())
            let hits = view.search(
                query, k: 10, width: width, statistics: &statistics, isLive: isLive)
            var ignored = MemtableSearchStatistics()
            let exact = view.searchExactly(query, k: 10, statistics: &ignored, isLive: isLive)
            #expect(hits.count == exact.count)
            #expect(hits.allSatisfy { view.isVisible($0.row) && isLive($0.row) })
            #expect(zip(hits, hits.dropFirst()).allSatisfy { $0.distance <= $1.distance })
            // Rows at the same distance as the last count as found, whichever of them it is.
            let bound = exact.last?.distance ?? 0
            found += hits.count { $0.distance <= bound }
            wanted += exact.count
        }
        return Double(found) / Double(max(wanted, 1))
    }

    @Test(arguments: schemas)
    func `searches find nearly all of the nearest with none, part or all rows indexed`(
        schema: Schema
    ) throws {
        let runtime = SystemRuntime()
        let memtable = try makeMemtable(schema)
        var clusters = Clusters(schema, seed: 3)
        Self.fill(memtable, rowCount: 5_000, idCount: 20_000, &clusters)
        var scanned = MemtableSearchStatistics()
        #expect(Self.recall(memtable, width: 30, &clusters, &scanned) > 0.98)
        #expect(scanned.expandedNodeCount == 0)
        while memtable.indexedRowCount < 4_000 {
            #expect(memtable.indexStep(runtime: runtime, threadCount: 2))
        }
        var partly = MemtableSearchStatistics()
        #expect(Self.recall(memtable, width: 30, &clusters, &partly) > 0.9)
        #expect(partly.expandedNodeCount > 0)
        while memtable.indexStep(runtime: runtime, threadCount: 2) {}
        #expect(!memtable.hasRowsToIndex)
        #expect(memtable.view.rowCount - memtable.indexedRowCount < 100)
        var walked = MemtableSearchStatistics()
        #expect(Self.recall(memtable, width: 30, &clusters, &walked) > 0.9)
        #expect(walked.byteDistanceCount < scanned.byteDistanceCount)
    }

    @Test func `searches find their results among mostly dead rows`() throws {
        let schema = Self.schemas[0]
        let runtime = SystemRuntime()
        let memtable = try makeMemtable(schema)
        var clusters = Clusters(schema, seed: 4)
        // Every id is written twice, so fewer than one row in two is visible.
        Self.fill(memtable, rowCount: 5_000, idCount: 2_500, &clusters)
        while memtable.indexStep(runtime: runtime, threadCount: 1) {}
        var statistics = MemtableSearchStatistics()
        #expect(memtable.view.liveRowCount < 2_501)
        #expect(Self.recall(memtable, width: 12, &clusters, &statistics) > 0.8)
        #expect(statistics.expandedNodeCount > 0)
        // Of those one in fifty is accepted: a walk of that width finds too few, and is repeated
        // wider.
        let share = Self.recall(memtable, width: 12, &clusters, &statistics) {
            $0.rawValue % 50 == 0
        }
        #expect(share > 0.95)
    }

    @Test func `a search within a distance finds all rows that near and no others`() throws {
        let schema = Self.schemas[0]
        let memtable = try makeMemtable(schema)
        var clusters = Clusters(schema, seed: 5)
        Self.fill(memtable, rowCount: 1_000, idCount: 900, &clusters)
        let view = memtable.view
        let query = MemtableQuery(schema: schema)
        for _ in 0..<10 {
            unsafe query.prepare(clusters.next())
            var statistics = MemtableSearchStatistics()
            let all = view.searchExactly(query, k: 2_000, statistics: &statistics) { _ in true }
            #expect(all.count == view.liveRowCount)
            let bound = all[30].distance
            let expected = all.filter { $0.distance <= bound }
            let near = view.search(query, within: bound, limit: 500, statistics: &statistics) {
                _ in true
            }
            #expect(near == expected)
            let few = view.search(query, within: bound, limit: 7, statistics: &statistics) {
                _ in true
            }
            #expect(few == Array(expected.prefix(7)))
            let rows = few.map(\.row)
            #expect(
                view.distances(query, to: rows, statistics: &statistics) == few.map(\.distance))
        }
    }

    /// What a flush would write, as plain values.
    private struct Written: Equatable {
        var ids: [RecordID]
        var vectors: [[UInt8]]
        var lists: [[UInt32]]
        var entries: [RowOrdinal]

        init(_ sealed: SealedMemtable) {
            let ordinals = (0..<sealed.rowCount).map { RowOrdinal(UInt32($0)) }
            ids = ordinals.map { sealed.id($0) }
            vectors = ordinals.map { unsafe [UInt8](sealed.vector($0)) }
            lists = ordinals.map { ordinal in
                let list = sealed.adjacency.neighbours(of: ordinal)
                return list.indices.map { list[$0] }
            }
            entries = sealed.adjacency.entryPoints
        }
    }

    /// Writes the same operations as every other call with the same seed, indexing after every
    /// `stepEvery`-th row, and finishes.
    private static func finished(
        idCount: UInt64, stepEvery: Int, threadCount: Int
    ) throws -> SealedMemtable {
        let schema = schemas[0]
        let runtime = SystemRuntime()
        let memtable = try makeMemtable(schema)
        var clusters = Clusters(schema, seed: 6)
        for row in 0..<1_500 {
            let id = UInt64.random(in: 0..<idCount, using: &clusters.generator)
            memtable.put(.number(id), clusters.next())
            if row % 3 == 2 { memtable.publish() }
            if row % stepEvery == stepEvery - 1 {
                _ = memtable.indexStep(runtime: runtime, threadCount: threadCount)
            }
        }
        memtable.publish()
        memtable.seal()
        return try memtable.finishGraph(runtime: runtime, threadCount: threadCount)
    }

    /// Ids for 1,500 rows: every row lives, five in six do, about half, few.
    static let idCounts: [UInt64] = [1_000_000_000, 4_000, 1_200, 100]

    @Test(arguments: idCounts)
    func `the finished graph depends on the operations, not on threads or interleaving`(
        idCount: UInt64
    ) throws {
        let first = try Written(Self.finished(idCount: idCount, stepEvery: 7, threadCount: 1))
        for (stepEvery, threadCount) in [(7, 2), (1, 1), (400, 2), (100_000, 1)] {
            let other = try Self.finished(
                idCount: idCount, stepEvery: stepEvery, threadCount: threadCount)
            #expect(Written(other) == first, "a step every \(stepEvery), \(threadCount) threads")
        }
    }

    @Test(arguments: idCounts)
    func `a flush gets exactly the live rows, all of them reachable`(idCount: UInt64) throws {
        let sealed = try Self.finished(idCount: idCount, stepEvery: 20, threadCount: 2)
        let view = sealed.view
        #expect(sealed.rowCount == view.liveRowCount)
        #expect(sealed.adjacency.rowCount == sealed.rowCount)
        var seen: Set<RowOrdinal> = []
        for index in 0..<sealed.rowCount {
            let ordinal = RowOrdinal(UInt32(index))
            let row = sealed.row(ordinal)
            #expect(view.isVisible(row))
            #expect(sealed.ordinal(row) == ordinal)
            #expect(seen.insert(row).inserted)
        }
        for row in 0..<view.rowCount where !view.isVisible(RowOrdinal(UInt32(row))) {
            #expect(sealed.ordinal(RowOrdinal(UInt32(row))) == nil)
        }
        var reached = Set(sealed.adjacency.entryPoints)
        var waiting = Array(reached)
        while let ordinal = waiting.popLast() {
            let list = sealed.adjacency.neighbours(of: ordinal)
            for index in list.indices where reached.insert(RowOrdinal(list[index])).inserted {
                waiting.append(RowOrdinal(list[index]))
            }
        }
        #expect(reached.count == sealed.rowCount)
    }

    @Test(arguments: idCounts)
    func `the finished graph leads to the nearest of the live rows`(idCount: UInt64) throws {
        let sealed = try Self.finished(idCount: idCount, stepEvery: 20, threadCount: 2)
        let scratch = SearchScratch()
        var clusters = Clusters(Self.schemas[0], seed: 6)
        let query = MemtableQuery(schema: Self.schemas[0])
        var code = ByteVector(dimension: Self.schemas[0].dimension)
        var found = 0
        for _ in 0..<50 {
            let vector = clusters.next()
            unsafe query.prepare(vector)
            unsafe code.encode(vector)
            var ignored = MemtableSearchStatistics()
            let exact = sealed.view.searchExactly(query, k: 10, statistics: &ignored) { _ in true }
            sealed.adjacency.search(
                code, width: 60, table: sealed.byteVectors, scratch: scratch)
            let rows = Set((0..<scratch.resultCount).map { sealed.row(scratch.result(at: $0).row) })
            found += exact.count { rows.contains($0.row) }
        }
        #expect(Double(found) / 500 > 0.95)
    }

    @Test func `a memtable whose rows are all deleted finishes empty`() throws {
        let memtable = try makeMemtable(Self.schemas[0])
        memtable.put(1, [Float](repeating: 1, count: 24))
        memtable.delete(1)
        memtable.publish()
        memtable.seal()
        let sealed = try memtable.finishGraph(runtime: SystemRuntime(), threadCount: 1)
        #expect(sealed.rowCount == 0)
        #expect(sealed.adjacency.entryPoints.isEmpty)
    }
}
