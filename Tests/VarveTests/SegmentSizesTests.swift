// Searches over one large segment and several small ones, each walked in memory.

import Glibc
import Testing
import Varve

@Suite struct SegmentSizesTests {
    private let directory = TemporaryDirectory()
    private static let dimension = 528
    private static let rowCount = 12_000

    /// A vector of 12 free components: near rows are far nearer than others.
    private static func vector(_ vectors: inout SeededVectors) -> [Float] {
        let free = vectors.next(12)
        return (0..<dimension).map { free[$0 % 12] }
    }

    /// A store that has the same rows as any other made here, in segments of these sizes; those of
    /// `crowd` lie close to each other.
    private func makeStore(_ rowCounts: [Int], crowd: Range<Int> = 0..<0) throws -> Store {
        var options = Options()
        options.compaction.isAutomatic = false
        // All walk blocks lie in memory.
        options.memoryBudgetByteCount = 1 << 30
        let store = try Store.create(
            at: directory.path + "/\(rowCounts.count)-\(rowCounts[0])-\(crowd.count)",
            schema: Schema(
                dimension: Self.dimension, metric: .euclidean, elementType: .float32),
            options: options)
        var vectors = SeededVectors(state: 3)
        var row = 0
        for count in rowCounts {
            let end = row + count
            try store.bulkLoad(rowCount: count, segmentRowCount: count) {
                guard row < end else { return nil }
                defer { row += 1 }
                var vector = Self.vector(&vectors)
                if crowd.contains(row) { vector = vector.map { 0.5 + 0.02 * $0 } }
                return Row(id: .number(UInt64(row)), vector: vector)
            }
        }
        #expect(try store.statistics().segmentCount == rowCounts.count)
        return store
    }

    private static let equal = [Int](repeating: rowCount / 8, count: 8)
    private static let tiered = [6_800, 1_200, 1_000, 800, 600, 600, 500, 500]

    /// What searches for `queries` find of the ten nearest, as a share, and the nodes they expand.
    private func search(
        _ store: Store, _ queries: [[Float]]
    ) throws -> (recall: Double, expandedCount: Int) {
        var (foundCount, expandedCount) = (0, 0)
        for vector in queries {
            var query = Query(vector: vector, k: 10)
            query.effort = .exact
            let best = Set(try store.search(query).hits.map(\.id))
            query.effort = .slack(0.05)
            let result = try store.search(query)
            foundCount += best.intersection(result.hits.map(\.id)).count
            expandedCount += result.statistics.expandedNodeCount
            // All segments were walked: one that is compared row by row computes hundreds.
            #expect(result.statistics.distanceCount < 100 && result.statistics.pageReadCount == 0)
        }
        return (Double(foundCount) / Double(10 * queries.count), expandedCount)
    }

    @Test func `segments with few of the rows cost less than equal ones`() throws {
        var vectors = SeededVectors(state: 9)
        let queries = (0..<50).map { _ in Self.vector(&vectors) }
        let equal = try search(try makeStore(Self.equal), queries)
        let tiered = try search(try makeStore(Self.tiered), queries)
        #expect(equal.recall >= 0.95 && tiered.recall >= 0.95)
        // With as many rows ahead in all of them the small ones would cost the same.
        #expect(tiered.expandedCount < equal.expandedCount * 9 / 10)
    }

    @Test func `a small segment that has all of the nearest rows is searched for them`() throws {
        // They stand in the last segment.
        let crowd = Self.rowCount - 300..<Self.rowCount
        let store = try makeStore(Self.tiered, crowd: crowd)
        var vectors = SeededVectors(state: 9)
        let queries = (0..<50).map { _ in Self.vector(&vectors).map { 0.5 + 0.02 * $0 } }
        let result = try search(store, queries)
        #expect(result.recall >= 0.95)
    }

    @Test func `segments that were searched and then merged away are let go of`() throws {
        let store = try makeStore([600, 500, 500, 500])
        var vectors = SeededVectors(state: 9)
        _ = try search(store, [Self.vector(&vectors)])
        #expect(try mappedFiles().count == 4)
        try store.compact(.all)
        // The last one to let go of a file may be the worker, a moment later.
        for _ in 0..<500 where try mappedFiles().count > 1 { usleep(10_000) }
        #expect(try mappedFiles().count <= 1)
        #expect(try store.statistics().segmentCount == 1)
    }

    /// Files of the test's stores that this process has in its memory.
    private func mappedFiles() throws -> Set<String> {
        let file = unsafe try #require(unsafe fopen("/proc/self/maps", "r"))
        defer { unsafe fclose(file) }
        var found: Set<String> = []
        var line = [CChar](repeating: 0, count: 4_096)
        while unsafe fgets(&line, Int32(line.count), file) != nil {
            let bytes = line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            let text = String(decoding: bytes, as: UTF8.self)
            guard let place = text.firstRange(of: directory.path) else { continue }
            found.insert(String(text[place.lowerBound...]))
        }
        return found
    }
}
