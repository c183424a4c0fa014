// Stores whose segments do not fit the memory: searched by pages, all segments together.

import Testing
import Varve
import VarveStorage
import VarveStorageSimulation

@Suite struct PagedSearchTests {
    private static let root = "/store"

    /// Segments of at most 1,600 rows, more than the budget maps, and 100 rows in the memtable.
    private func makeStore(_ disk: SimulatedFileSystem) throws -> Store {
        var options = Options()
        options.compaction.isAutomatic = false
        options.memoryBudgetByteCount = 16 << 20
        let store = try Store.create(
            at: Self.root, on: disk, SimulatedRuntime(seed: 7),
            schema: Schema(dimension: 96, metric: .euclidean, elementType: .float32),
            options: options)
        var vectors = SeededVectors(state: 21)
        for part in 0..<5 as Range<UInt64> {
            var batch = WriteBatch()
            for row in 0..<(part < 4 ? 1_600 : 100) as Range<UInt64> {
                batch.upsert(id: .number(part * 1_600 + row), vector: vectors.next(96))
            }
            try store.write(batch)
            if part < 4 { try store.flush() }
        }
        return store
    }

    private func answers(
        _ store: Store, _ effort: Effort
    ) throws -> (found: Int, result: [SearchResult]) {
        var vectors = SeededVectors(state: 22)
        var (found, results) = (0, [SearchResult]())
        for _ in 0..<10 {
            var query = Query(vector: vectors.next(96), k: 10)
            query.effort = .exact
            let exact = try store.search(query).hits
            query.effort = effort
            let result = try store.search(query)
            #expect(Set(result.hits.map(\.id)).count == 10)
            found += Set(exact.map(\.id)).intersection(result.hits.map(\.id)).count
            results.append(result)
        }
        return (found, results)
    }

    @Test(arguments: [Effort.width(100), .slack(0.5), .recall(0.95)])
    func `what is searched by pages is found, and found again`(_ effort: Effort) throws {
        let disk = SimulatedFileSystem(seed: 1)
        let store = try makeStore(disk)
        #expect(try store.statistics().segmentCount >= 4)
        let (found, results) = try answers(store, effort)
        #expect(found >= 90, "\(found) of 100")
        let pageCount = results.reduce(0) { $0 + $1.statistics.pageReadCount }
        #expect(pageCount > 0)
        #expect(try answers(store, effort).result.map(\.hits) == results.map(\.hits))
        try store.close()
    }

    /// Wherever a segment is damaged, in what is kept in memory or in a page that a walk comes to,
    /// the answer is that of the other segments.
    @Test(arguments: [9, 10, 11])
    func `a damaged segment is left out of a store that is open for reading`(_ part: Int) throws {
        let disk = SimulatedFileSystem(seed: 2)
        let store = try makeStore(disk)
        try store.close()
        let folder = FilePath(Self.root + "/segments")
        let name = try #require(try disk.list(folder).sorted().first { $0.hasSuffix(".seg") })
        let path = folder.appending(name)
        let byteCount = try #require(disk.bytes(path)?.count)
        disk.damage(path, .zero(byteCount * part / 13..<byteCount * (part + 1) / 13))
        let opened = try Store.open(
            at: Self.root, on: disk, SimulatedRuntime(seed: 8), readOnly: true)
        var vectors = SeededVectors(state: 22)
        var damagedCount = 0
        for _ in 0..<5 {
            let vector = vectors.next(96)
            let result = try opened.search(Query(vector: vector, k: 10))
            #expect(Set(result.hits.map(\.id)).count == 10)
            guard result.statistics.damagedSegmentCount > 0 else { continue }
            damagedCount += 1
            var query = Query(vector: vector, k: 10)
            query.effort = .width(2_600)
            let wide = try opened.search(query)
            #expect(wide.statistics.damagedSegmentCount == 1)
            query.effort = .exact
            let exact = try opened.search(query)
            #expect(wide.hits == exact.hits)
        }
        #expect(damagedCount > 0)
        try opened.close()
    }
}
