// Power cuts and full disks while a bulk load runs: all of it, or nothing and no files.

import Synchronization
import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct BulkLoadCrashTests {
    private static let path = "store"
    private static let schema = Schema(dimension: 8, metric: .euclidean, elementType: .float32)

    private static var options: Options {
        var options = Options()
        options.memoryBudgetByteCount = Options.minimumMemoryBudgetByteCount
        options.trashGraceSeconds = 0
        options.threadCount = 1
        return options
    }

    private static func rows(_ ids: Range<UInt64>, seed: UInt64) -> [Row] {
        var vectors = SeededVectors(state: seed)
        return ids.map {
            Row(
                id: .number($0), vector: vectors.next(8),
                attributes: ["seed \(seed)": .int(Int64($0))])
        }
    }

    /// Rows in a segment, rows in the log, and the rows that a load brings over both.
    private static let flushed = rows(0..<30, seed: 1)
    private static let logged = rows(25..<40, seed: 2)
    private static let loaded = rows(20..<80, seed: 3) + rows(20..<25, seed: 4)

    private static func newestRows(_ rows: [Row]) -> [Row] {
        var last: [RecordID: Row] = [:]
        for row in rows { last[row.id] = row }
        return last.values.sorted { $0.id < $1.id }
    }

    private static func makeStore(_ disk: SimulatedFileSystem, seed: UInt64) throws -> Store {
        let store = try Store.create(
            at: path, on: disk, SimulatedRuntime(seed: seed), schema: schema, options: options)
        for row in flushed { try write(row, to: store) }
        try store.flush()
        for row in logged { try write(row, to: store) }
        return store
    }

    private static func write(_ row: Row, to store: Store) throws {
        try store.upsert(id: row.id, vector: row.vector, attributes: row.attributes)
    }

    private static func load(into store: Store) throws -> BulkLoadReport {
        var left = loaded[...]
        return try store.bulkLoad(segmentRowCount: 25) { left.popFirst() }
    }

    private static func contents(_ store: Store) throws -> [Row] {
        var rows: [Row] = []
        try store.snapshot().forEachRow { row throws(StoreError) in
            rows.append(row)
            return true
        }
        return rows
    }

    private static func segmentFiles(_ disk: SimulatedFileSystem) throws -> [String] {
        try disk.list(FilePath(path + "/segments")).filter { $0.hasSuffix(".seg") }.sorted()
    }

    /// The disks that power cuts at every third moment of a load would leave, and one at its end.
    private static func images(
        _ policy: CrashPolicy, seed: UInt64
    ) throws -> [SimulatedFileSystem] {
        let disk = SimulatedFileSystem(seed: seed)
        let store = try makeStore(disk, seed: seed)
        let images = Mutex<[SimulatedFileSystem]>([])
        disk.onOperation { [unowned disk] operation in
            guard UInt64(operation.index) % 3 == seed % 3 else { return }
            let image = disk.crash(policy, seed: seed &+ UInt64(operation.index))
            images.withLock { $0.append(image) }
        }
        let report = try load(into: store)
        #expect(report.segmentCount == 3)
        disk.onOperation(nil)
        images.withLock { $0.append(disk.crash(policy, seed: seed)) }
        return images.withLock { $0 }
    }

    @Test(
        arguments: zip(
            [CrashPolicy.loseUnsynced, .keepAll, .randomPrefixPerFile, .randomSubsetPerSector],
            1...4 as ClosedRange<UInt64>))
    func `a power cut leaves all of a load or nothing`(policy: CrashPolicy, seed: UInt64) throws {
        let before = Self.newestRows(Self.flushed + Self.logged)
        let after = Self.newestRows(Self.flushed + Self.logged + Self.loaded)
        var seen: Set<Bool> = []
        for (number, image) in try Self.images(policy, seed: seed).enumerated() {
            let store = try Store.open(
                at: Self.path, on: image, SimulatedRuntime(seed: UInt64(number)))
            let found = try Self.contents(store)
            seen.insert(found == after)
            #expect(found == before || found == after, "cut \(number)")
            // The next flush takes away what no version names.
            let extra = Self.rows(100..<101, seed: 9)[0]
            try Self.write(extra, to: store)
            try store.flush()
            #expect(try Self.contents(store) == found + [extra], "cut \(number)")
            try store.close()
            let again = try Store.open(
                at: Self.path, on: image, SimulatedRuntime(seed: UInt64(number)))
            #expect(try Self.contents(again) == found + [extra], "cut \(number)")
            let count = try again.statistics().segmentCount
            #expect(try Self.segmentFiles(image).count == count, "cut \(number)")
            try again.close()
        }
        #expect(seen == [true, false])
    }

    @Test func `a full disk ends a load, and the store goes on`() throws {
        let full = SimulatedFileSystem(seed: 3)
        let store = try Self.makeStore(full, seed: 3)
        let files = try Self.segmentFiles(full)
        full.faults.add(
            FaultRule(
                .fail(.noSpace), on: [.write], paths: .suffix(".seg"), trigger: .nth(4),
                repeats: true))
        let error = try #require(throws: StoreError.self) { try Self.load(into: store) }
        #expect(error.code == .noSpace)
        #expect(try Self.segmentFiles(full) == files)
        #expect(try Self.contents(store) == Self.newestRows(Self.flushed + Self.logged))
        full.faults.heal()
        let report = try Self.load(into: store)
        #expect(report.rowCount == 60)
        #expect(
            try Self.contents(store) == Self.newestRows(Self.flushed + Self.logged + Self.loaded))
        try store.close()
    }
}
