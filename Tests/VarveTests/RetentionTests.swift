// Rows that go by themselves: expiry, maximum age, maximum size, archive.

import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct RetentionTests {
    private static let second: Int64 = 1_000_000

    private static func now(_ stepped: SteppedStore) -> Int64 {
        stepped.runtime.wallClockMicroseconds()
    }

    private static func pass(_ seconds: UInt64, _ stepped: SteppedStore) {
        stepped.runtime.sleep(nanoseconds: seconds * 1_000_000_000)
    }

    /// Writes rows `ids`, every second of which expires after `seconds`.
    private static func write(
        _ ids: Range<UInt64>, expiringAfter seconds: Int64, _ stepped: SteppedStore
    ) throws {
        var vectors = SeededVectors(state: ids.lowerBound)
        var batch = WriteBatch()
        for id in ids {
            let vector = vectors.next(8)
            if id % 2 == 0 {
                batch.upsert(
                    id: .number(id), vector: vector, attributes: ["n": .int(Int64(id))],
                    expires: now(stepped) + seconds * second)
            } else {
                batch.upsert(id: .number(id), vector: vector, attributes: ["n": .int(Int64(id))])
            }
        }
        try stepped.store.write(batch)
    }

    private static func ids(_ store: Store) throws -> [UInt64] {
        try SteppedStore.contents(try store.snapshot()).compactMap {
            if case .number(let number) = $0.id { number } else { nil }
        }
    }

    /// In a memtable, in a segment, in a merged segment, and after reopening.
    @Test(arguments: [0, 1, 2])
    func `an expired row is nowhere to be seen`(flushCount: Int) throws {
        let stepped = try SteppedStore()
        try Self.write(0..<20, expiringAfter: 100, stepped)
        if flushCount > 0 { try stepped.store.flush() }
        try Self.write(20..<40, expiringAfter: 200, stepped)
        if flushCount > 1 { try stepped.store.compact(.all) }
        let store = stepped.store
        #expect(try Self.ids(store) == Array(0..<40))
        let row = try #require(try store.get(4))
        #expect(row.expires != nil)
        let early = try store.snapshot()
        Self.pass(120, stepped)
        let left = (0..<40 as Range<UInt64>).filter { $0 >= 20 || $0 % 2 == 1 }
        #expect(try Self.ids(store) == left)
        #expect(try store.count() == 30)
        #expect(try store.get(4) == nil)
        #expect(try store.contains(4) == false)
        for effort in [Effort.exact, .width(64), .recall(0.95)] {
            var query = Query(vector: row.vector, k: 40)
            query.effort = effort
            let found = try store.search(query).hits.map(\.id)
            #expect(!found.contains(4))
            #expect(found.count == 30)
        }
        // A snapshot shows its own moment.
        #expect(early.count == 40)
        #expect(try early.get(4) == row)
        try stepped.reopen()
        #expect(try Self.ids(stepped.store) == left)
        // Written again, the row is there again.
        try stepped.store.upsert(id: 4, vector: row.vector)
        #expect(try stepped.store.count() == 31)
        Self.pass(100, stepped)
        #expect(try stepped.store.count() == 21)
        try stepped.store.compact(.all)
        #expect(try stepped.store.count() == 21)
        #expect(try stepped.store.statistics().segmentRowCount == 21)
    }

    @Test func `rows of a bulk load expire`() throws {
        let stepped = try SteppedStore()
        let moment = Self.now(stepped) + 10 * Self.second
        var next: UInt64 = 0
        try stepped.store.bulkLoad { () throws(StoreError) -> Row? in
            guard next < 50 else { return nil }
            defer { next += 1 }
            return Row(
                id: .number(next), vector: [Float](repeating: Float(next), count: 8),
                attributes: next < 30 ? [Expiry.attributeName: .date(microseconds: moment)] : [:])
        }
        #expect(try stepped.store.count() == 50)
        Self.pass(11, stepped)
        #expect(try stepped.store.count() == 20)
    }

    @Test func `an expiry is a date`() throws {
        let stepped = try SteppedStore()
        let error = try #require(throws: StoreError.self) {
            try stepped.store.upsert(
                id: 1, vector: [Float](repeating: 0, count: 8),
                attributes: [Expiry.attributeName: .int(5)])
        }
        #expect(error.code == .invalidArgument)
        #expect(try stepped.store.count() == 0)
    }

    @Test func `expired rows leave the disk without being asked to`() throws {
        var options = SteppedStore.options
        options.compaction.isAutomatic = true
        let stepped = try SteppedStore(options: options)
        try Self.write(0..<100, expiringAfter: 50, stepped)
        try stepped.store.flush()
        while stepped.store.compactionStep() {}
        #expect(try stepped.store.statistics().mergeCount == 0)
        Self.pass(60, stepped)
        while stepped.store.compactionStep() {}
        #expect(try stepped.store.statistics().mergeCount == 1)
        #expect(try stepped.store.statistics().segmentRowCount == 50)
    }

    @Test func `no row grows older than a store lets it`() throws {
        var options = SteppedStore.options
        options.retention.maximumAgeSeconds = 150
        let stepped = try SteppedStore(options: options)
        // Half of them want to go earlier.
        try Self.write(0..<10, expiringAfter: 100, stepped)
        try stepped.store.flush()
        Self.pass(60, stepped)
        try Self.write(10..<20, expiringAfter: 1_000, stepped)
        Self.pass(60, stepped)
        #expect(try Self.ids(stepped.store) == [1, 3, 5, 7, 9] + Array(10..<20))
        Self.pass(60, stepped)
        #expect(try Self.ids(stepped.store) == Array(10..<20))
        Self.pass(60, stepped)
        #expect(try stepped.store.count() == 0)
        // The option is the store's.
        try stepped.reopen(options: nil)
        #expect(stepped.store.options.retention.maximumAgeSeconds == 150)
    }

    @Test func `a store that is too large drops what was written first`() throws {
        var options = SteppedStore.options
        options.compaction.isAutomatic = true
        options.compaction.tierCount = 8
        options.retention.maximumByteCount = 400_000
        options.retention.archivePath = "/archive"
        let stepped = try SteppedStore(options: options)
        for part in 0..<6 as Range<UInt64> {
            try Self.write(part * 200..<part * 200 + 200, expiringAfter: 1_000_000, stepped)
            try stepped.store.flush()
            Self.pass(1, stepped)
            while stepped.store.compactionStep() {}
        }
        let figures = try stepped.store.statistics()
        #expect(figures.segmentByteCount < 450_000)
        let left = try Self.ids(stepped.store)
        let first = try #require(left.first)
        #expect(first > 0)
        #expect(left.count > 100)
        // Nothing younger has gone.
        #expect(left.suffix(200) == Array(1_000..<1_200)[...])
        var unlimited = options
        unlimited.retention.maximumByteCount = 0
        try stepped.reopen(options: unlimited)
        #expect(try stepped.store.importArchive(from: "/archive") >= 1_200 - left.count)
        #expect(try Self.ids(stepped.store) == Array(0..<1_200))
    }

    @Test func `expired rows go into the archive and come back from it`() throws {
        var options = SteppedStore.options
        options.retention.archivePath = "/archive"
        let stepped = try SteppedStore(options: options)
        try Self.write(0..<40, expiringAfter: 10, stepped)
        try stepped.store.flush()
        try stepped.store.delete(id: 2)
        let kept = try #require(try stepped.store.get(6))
        Self.pass(20, stepped)
        try stepped.store.compact(.all)
        #expect(try stepped.store.count() == 20)
        #expect(try stepped.disk.list(FilePath("/archive")).count == 1)
        // All but the one that was deleted.
        #expect(try stepped.store.importArchive(from: "/archive") == 19)
        #expect(try stepped.store.count() == 39)
        let back = try #require(try stepped.store.get(6))
        #expect(back.vector == kept.vector)
        #expect(back.attributes == ["n": .int(6)])
        Self.pass(1_000, stepped)
        #expect(try stepped.store.count() == 39)
    }

    @Test func `without room for the archive nothing is dropped`() throws {
        var options = SteppedStore.options
        options.retention.archivePath = "/archive"
        let stepped = try SteppedStore(options: options)
        try Self.write(0..<40, expiringAfter: 10, stepped)
        try stepped.store.flush()
        Self.pass(20, stepped)
        stepped.disk.faults.add(
            FaultRule(.fail(.noSpace), on: [.write], paths: .suffix(".jsonl"), repeats: true))
        let error = try #require(throws: StoreError.self) { try stepped.store.compact(.all) }
        #expect(error.code == .noSpace)
        #expect(try stepped.store.statistics().segmentRowCount == 40)
        stepped.disk.faults.heal()
        try stepped.store.compact(.all)
        #expect(try stepped.store.importArchive(from: "/archive") == 20)
    }
}
