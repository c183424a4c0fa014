// Searches that walk the graph, compared with scans.

import Testing
import VarveFormat
import VarveGraph
import VarveSegment
import VarveStorage

@Suite("Searches of segments")
struct SearchTests {
    static let schemas = [
        Schema(dimension: 24, metric: .euclidean, elementType: .float32),
        Schema(dimension: 24, metric: .cosine, elementType: .float16),
        Schema(dimension: 24, metric: .innerProduct, elementType: .float32),
        Schema(dimension: 24, metric: .euclidean, elementType: .uint8),
        Schema(dimension: 24, metric: .euclidean, elementType: .int8),
        Schema(dimension: 1_200, metric: .euclidean, elementType: .float32),
    ]
    static let effort = SearchEffort(width: 60)

    @Test(arguments: schemas, [true, false])
    func `a walk finds nearly all true neighbours`(_ schema: Schema, _ isMapped: Bool) throws {
        let rowCount = schema.dimension > 1_000 ? 300 : 2_000
        let effort = SearchEffort(width: schema.dimension > 1_000 ? 150 : 60)
        let sample = try SampleSegment(indexed: schema, rowCount: rowCount, seed: 61)
        let reader = try sample.open(isMapped ? .mapped : .paged(PageCache(byteBudget: 1 << 20)))
        let query = SegmentQuery(schema: schema)
        var (walk, scan) = (SegmentSearchStatistics(), SegmentSearchStatistics())
        var found = 0
        for seed in 0..<20 {
            SampleVector(schema: schema, seed: UInt64(1_000 + seed)).prepare(query)
            let exact = try reader.searchExactly(query, k: 10, statistics: &scan) { _ in true }
            let hits = try reader.searchGraph(
                query, k: 10, effort: effort, statistics: &walk
            ) { _ in true }
            #expect(hits.count == 10)
            found += hits.filter { hit in exact.contains { $0.row == hit.row } }.count
            for hit in hits {
                let distance = try reader.exactDistance(hit.row, from: query)
                #expect(abs(hit.distance - distance) <= 1e-5 * max(1, abs(distance)))
            }
        }
        #expect(walk.scanCount == 0)
        #expect(walk.expandedNodeCount > 0)
        #expect(found >= 170, "\(found) of 200")
    }

    /// What the walk over one segment has expanded counts for the next, which must find its way
    /// down to the query all the same.
    @Test(arguments: [Metric.euclidean, .innerProduct], [60, 30])
    func `a full front does not keep the next walk from its nearest rows`(
        _ metric: Metric, _ width: Int
    ) throws {
        let schema = Schema(dimension: 24, metric: metric, elementType: .float32)
        let first = try SampleSegment(indexed: schema, rowCount: 2_000, seed: 64).open()
        let second = try SampleSegment(indexed: schema, rowCount: 2_000, seed: 65).open()
        let query = SegmentQuery(schema: schema)
        var (foundCount, keptCount, aloneCount) = (0, 0, 0)
        for seed in 0..<20 {
            SampleVector(schema: schema, seed: UInt64(5_000 + seed)).prepare(query)
            func search(
                _ reader: SegmentReader, keepingFront isKept: Bool
            ) throws -> ([RowHit], Int) {
                query.keepsFront = isKept
                var statistics = SegmentSearchStatistics()
                let hits = try reader.searchGraph(
                    query, k: 10, effort: SearchEffort(width: width), statistics: &statistics
                ) { _ in true }
                return (hits, statistics.expandedNodeCount)
            }
            let (alone, count) = try search(second, keepingFront: false)
            aloneCount += count
            _ = try search(first, keepingFront: false)
            let (kept, lessCount) = try search(second, keepingFront: true)
            keptCount += lessCount
            // The nearest half of them: the others may be farther than what the first has.
            let best = alone.prefix(5).map(\.row)
            foundCount += best.filter { row in kept.contains { $0.row == row } }.count
        }
        // The front is that of both segments, so each is searched about half as far.
        #expect(foundCount >= 88, "\(foundCount) of 100")
        // Lifted distances of two segments cannot be compared: there each walk has its own front.
        #expect(metric == .innerProduct ? keptCount == aloneCount : keptCount < aloneCount)
    }

    /// Of the segments of a store some may lie in memory and others not.
    @Test func `a search by pages leaves no front, and that of an earlier vector does not count`()
        throws
    {
        let schema = Schema(dimension: 16, metric: .euclidean, elementType: .float32)
        let sample = try SampleSegment(indexed: schema, rowCount: 2_000, seed: 63)
        let paged = try sample.open(.paged(PageCache(byteBudget: 1 << 20)))
        let mapped = try sample.open()
        let query = SegmentQuery(schema: schema)
        for seed in 0..<20 {
            let vector = SampleVector(schema: schema, seed: UInt64(3_000 + seed))
            vector.prepare(query)
            var statistics = SegmentSearchStatistics()
            query.keepsFront = false
            _ = try paged.searchGraph(
                query, k: 10, effort: Self.effort, statistics: &statistics
            ) { _ in true }
            query.keepsFront = true
            var kept = SegmentSearchStatistics()
            let hits = try mapped.searchGraph(
                query, k: 10, effort: Self.effort, statistics: &kept
            ) { _ in true }
            let other = SegmentQuery(schema: schema)
            vector.prepare(other)
            var alone = SegmentSearchStatistics()
            let expected = try mapped.searchGraph(
                other, k: 10, effort: Self.effort, statistics: &alone
            ) { _ in true }
            #expect(hits == expected)
            #expect(kept.expandedNodeCount == alone.expandedNodeCount)
        }
    }

    @Test(arguments: [true, false])
    func `deleted, dead and not allowed rows never come out`(_ isMapped: Bool) throws {
        let schema = Schema(dimension: 16, metric: .euclidean, elementType: .float32)
        let sample = try SampleSegment(indexed: schema, rowCount: 2_000, seed: 62)
        let reader = try sample.open(isMapped ? .mapped : .paged(PageCache(byteBudget: 1 << 20)))
        let query = SegmentQuery(schema: schema)
        let half = RowSet((0..<2_000).filter { $0 % 2 == 0 }.map { RowOrdinal(UInt32($0)) })
        for seed in 0..<10 {
            SampleVector(schema: schema, seed: UInt64(2_000 + seed)).prepare(query)
            var statistics = SegmentSearchStatistics()
            for (deleted, allowed) in [(half, nil), (nil, half), (half, half)]
                as [(
                    RowSet?, RowSet?
                )]
            {
                let hits = try reader.searchGraph(
                    query, k: 10, effort: Self.effort,
                    deleted: deleted.map { DeletedRows($0, rowCount: reader.rowCount) },
                    allowed: allowed,
                    statistics: &statistics
                ) { $0.index % 3 != 0 }
                #expect(hits.count == (deleted != nil && allowed != nil ? 0 : 10))
                for hit in hits {
                    #expect(hit.row.index % 3 != 0)
                    #expect(deleted?.contains(hit.row) != true)
                    #expect(allowed?.contains(hit.row) != false)
                }
            }
        }
    }

    @Test func `few rows, and few rows that may be results, are scanned`() throws {
        let schema = Schema(dimension: 16, metric: .euclidean, elementType: .float32)
        let small = try SampleSegment(indexed: schema, rowCount: 100, seed: 63).open()
        let large = try SampleSegment(schema: schema, rowCount: 20_000, seed: 64).open()
        #expect(small.isScanCheaper(effort: Self.effort, k: 10, passingCount: 100))
        #expect(!large.isScanCheaper(effort: Self.effort, k: 10, passingCount: 20_000))
        #expect(large.isScanCheaper(effort: Self.effort, k: 10, passingCount: 50))
        #expect(large.isScanCheaper(effort: Self.effort, k: 10, passingCount: 10))
    }

    @Test func `a thousand rows are walked in memory and scanned by pages`() throws {
        let schema = Schema(dimension: 384, metric: .euclidean, elementType: .float16)
        let effort = SearchEffort(width: 0, gamma: 0.3)
        let inMemory = try SampleSegment(indexed: schema, rowCount: 1_300, seed: 70).open()
        let byPages = try SampleSegment(schema: schema, rowCount: 1_300, seed: 70).open()
        #expect(inMemory.walksInMemory && !byPages.walksInMemory)
        #expect(!inMemory.isScanCheaper(effort: effort, k: 10, passingCount: 1_300))
        #expect(byPages.isScanCheaper(effort: effort, k: 10, passingCount: 1_300))
        // Few rows that may be results are compared one by one, and only where they are few.
        #expect(inMemory.isScanCheaper(effort: effort, k: 10, passingCount: 100))
        #expect(!inMemory.isScanCheaper(effort: effort, k: 10, passingCount: 1_200))
        // Walks over several segments take fewer steps in each.
        let few = try SampleSegment(indexed: schema, rowCount: 600, seed: 70).open()
        #expect(few.isScanCheaper(effort: effort, k: 10, passingCount: 600))
        #expect(
            !few.isScanCheaper(effort: effort, k: 10, passingCount: 600, isAmongOthers: true))
        var statistics = SegmentSearchStatistics()
        let query = SegmentQuery(schema: schema)
        SampleVector(schema: schema, seed: 71).prepare(query)
        let hits = try inMemory.search(
            query, k: 10, effort: effort, statistics: &statistics
        ) { _ in true }
        #expect(hits.count == 10 && statistics.scanCount == 0)
        #expect(statistics.expandedNodeCount > 0)
    }

    @Test(arguments: [Metric.euclidean, .innerProduct], [1, 40, 1_000])
    func `a segment with everything in it verifies`(_ metric: Metric, _ rowCount: Int) throws {
        let schema = Schema(dimension: 16, metric: metric, elementType: .float32)
        let sample = try SampleSegment(indexed: schema, rowCount: rowCount, seed: 65)
        let verification = try SegmentVerification(
            verifying: SampleSegment.path, of: sample.disk, against: sample.record)
        #expect(verification.sweepCount > 0)
        #expect(try #require(verification.recall) >= 0.85)
        let canary = try #require(try sample.open().canary())
        #expect(canary.queries.count == min(rowCount, 64))
        #expect(canary.widths[0] > 0 && canary.widths[0] <= canary.widths[1])
        let names = try sample.open().sectionEntries.map(\.name)
        #expect(names.contains("walk") && names.contains("codes"))
        try RoundTripTests.compare(sample, try sample.open())
    }

    @Test func `codes and blocks do not depend on the threads`() throws {
        let schema = Schema(dimension: 40, metric: .innerProduct, elementType: .float32)
        let one = try SampleSegment(indexed: schema, rowCount: 700, seed: 66, threadCount: 1)
        let two = try SampleSegment(indexed: schema, rowCount: 700, seed: 66, threadCount: 2)
        #expect(one.disk[SampleSegment.path] == two.disk[SampleSegment.path])
    }

    @Test func `rows that are all the same verify`() throws {
        let schema = Schema(dimension: 8, metric: .euclidean, elementType: .float32)
        let base = SampleRows(schema: schema, rowCount: 300, seed: 67)
        let rows = SampleRows(
            schema: schema, ids: base.ids,
            vectors: (0..<300).map { _ in base.vectors[0] }, records: base.records)
        let vectors = SampleVectors(rows)
        let graph = try vectors.graph(rowCount: 300, maxDegree: 8, threadCount: 1)
        let disk = MemoryDisk()
        var plan = SampleSegment.plan(schema: schema)
        plan.entryPoints = graph.entryPoints
        let builder = SegmentBuilder(
            fileSystem: disk, runtime: TestRuntime(), threadCount: 1)
        let record = try builder.build(
            plan, rows: rows, graph: graph, vectors: vectors.table, at: SampleSegment.path)
        _ = try SegmentVerification(verifying: SampleSegment.path, of: disk, against: record)
    }
}
