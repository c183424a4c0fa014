// Failures that other engines have published, each played to this one.

import Testing
import Varve
import VarveCheck
import VarveFormat
import VarveMutants
import VarveOracle
import VarveStorage
import VarveStorageSimulation

/// A store on a simulated disk.
private struct Bench {
    static let path = "/store"
    static let root = FilePath("/store")
    let disk: SimulatedFileSystem

    init(_ disk: SimulatedFileSystem = SimulatedFileSystem(seed: 4)) { self.disk = disk }

    static var options: Options {
        var options = Options()
        options.memoryBudgetByteCount = Options.minimumMemoryBudgetByteCount
        options.memtableByteLimit = 192 << 10
        options.lowSpaceByteCount = 0
        options.compaction.isAutomatic = false
        return options
    }

    func create() throws -> Store {
        try Store.create(
            at: Self.path, on: disk, SimulatedRuntime(seed: 4),
            schema: Schema(dimension: 2, metric: .euclidean, elementType: .float32),
            options: Self.options)
    }

    func open(readOnly: Bool = false) throws -> Store {
        try Store.open(
            at: Self.path, on: disk, SimulatedRuntime(seed: 5), options: Self.options,
            readOnly: readOnly)
    }

    func write(_ store: Store, _ ids: ClosedRange<UInt64>, _ value: Float = 0) throws {
        var batch = WriteBatch()
        for id in ids { batch.upsert(id: .number(id), vector: [Float(id), value]) }
        try store.write(batch)
    }

    /// Whether a store opened on `disk` has exactly these rows.
    static func expect(_ ids: [UInt64], on disk: SimulatedFileSystem) throws {
        let store = try Bench(disk).open()
        var found: [RecordID] = []
        try store.snapshot().forEachRow { row throws(StoreError) in
            found.append(row.id)
            return true
        }
        #expect(found == ids.map { .number($0) })
        var query = Query(vector: [0, 0], k: 100)
        query.effort = .exact
        #expect(try store.search(query).hits.map(\.id) == ids.map { .number($0) })
        try store.close()
    }

    func file(_ suffix: String) throws -> FilePath {
        try #require(disk.filePaths.last { $0.name.hasSuffix(suffix) })
    }
}

@Suite struct PublishedFailureTests {
    @Test(arguments: CrashPolicy.all)
    func `CURRENT renamed and its directory not synced`(policy: CrashPolicy) throws {
        let bench = Bench()
        let store = try bench.create()
        for round in 1...3 as ClosedRange<UInt64> {
            try bench.write(store, 1...round)
            try store.flush()
            try Bench.expect(Array(1...round), on: bench.disk.crash(policy, seed: round))
        }
        try store.close()
    }

    @Test func `a torn tail is not damage, and damage is not a torn tail`() throws {
        let bench = Bench()
        let store = try bench.create()
        try bench.write(store, 1...1)
        try bench.write(store, 2...2)
        let torn = bench.disk.kill(seed: 1)
        let log = try bench.file(".wal")
        let length = try #require(torn.bytes(log)?.lastIndex { $0 != 0 })
        torn.damage(log, .zero(length - 6..<length + 1))
        try Bench.expect([1], on: torn)
        let damaged = bench.disk.kill(seed: 1)
        damaged.damage(log, .flipBit(offset: 180, bit: 3))
        let error = #expect(throws: StoreError.self) { try Bench(damaged).open() }
        #expect(error?.code == .corruption)
        try store.close()
    }

    @Test func `a sync that failed once is not taken for done`() throws {
        let bench = Bench()
        let store = try bench.create()
        bench.disk.faults.add(FaultRule(.dropPages, on: [.sync], paths: .suffix(".wal")))
        #expect(throws: StoreError.self) { try bench.write(store, 1...1) }
        let error = #expect(throws: StoreError.self) { try bench.write(store, 2...2) }
        #expect(error?.code == .failed)
        try store.close()
    }

    @Test func `a crash, then merging before anything was flushed`() throws {
        let bench = Bench()
        let store = try bench.create()
        try bench.write(store, 1...5)
        let killed = Bench(bench.disk.kill(seed: 2))
        try store.close()
        let second = try killed.open()
        try second.compact(.all)
        try second.close()
        try Bench.expect([1, 2, 3, 4, 5], on: killed.disk.crash(.loseUnsynced, seed: 3))
    }

    @Test func `no moment between a flush and the end of its log loses a row`() throws {
        let bench = Bench()
        let store = try bench.create()
        try bench.write(store, 1...4)
        let images = Images()
        bench.disk.onOperation { _ in images.add(bench.disk.crash(.keepAll, seed: 1)) }
        try store.flush()
        bench.disk.onOperation(nil)
        try store.close()
        for image in images.all { try Bench.expect([1, 2, 3, 4], on: image) }
        #expect(images.all.count > 10)
    }

    @Test func `deleted rows stay deleted when older segments are merged`() throws {
        let bench = Bench()
        let store = try bench.create()
        try bench.write(store, 1...6)
        try store.flush()
        try bench.write(store, 4...9)
        try store.flush()
        try store.delete(id: 5)
        try store.compact(.all)
        try store.delete(id: 6)
        try store.close()
        try Bench.expect([1, 2, 3, 4, 7, 8, 9], on: bench.disk)
    }

    @Test func `a second opener is refused, and the first goes on`() throws {
        let bench = Bench()
        let store = try bench.create()
        let error = #expect(throws: StoreError.self) { try bench.open() }
        #expect(error?.code == .locked)
        try bench.write(store, 1...2)
        try store.close()
        try Bench.expect([1, 2], on: bench.disk)
    }

    @Test(arguments: [
        "segments/000099.seg.tmp", "segments/.DS_Store", "log/000099.wal.tmp", "CURRENT.tmp",
        "notes.txt", "trash/old", "manifest-000099.bak",
    ])
    func `leftovers and foreign files harm nothing`(name: String) throws {
        let bench = Bench()
        let store = try bench.create()
        try bench.write(store, 1...3)
        try store.flush()
        try store.close()
        let path = Bench.root.appending(name)
        try bench.disk.writeFileDurably(path, [1, 2, 3])
        try Bench.expect([1, 2, 3], on: bench.disk)
        // What is not the store's own stays.
        if !name.hasSuffix(".tmp") { #expect(bench.disk.bytes(path) == [1, 2, 3]) }
    }

    @Test(arguments: [".seg", ".wal", "CURRENT", "manifest-000002"])
    func `a file of no length is damage that names it`(suffix: String) throws {
        let bench = Bench()
        let store = try bench.create()
        try bench.write(store, 1...3)
        try store.flush()
        try store.close()
        let path = try bench.file(suffix)
        bench.disk.damage(path, .truncate(byteCount: 0))
        let error = #expect(throws: StoreError.self) {
            let store = try bench.open()
            try store.close()
        }
        #expect(error?.code == .corruption, "\(String(describing: error))")
    }

    @Test func `files of another store are not believed`() throws {
        let first = Bench()
        let second = Bench(SimulatedFileSystem(seed: 9))
        for bench in [first, second] {
            let store = try Store.create(
                at: Bench.path, on: bench.disk,
                SimulatedRuntime(seed: bench.disk === first.disk ? 1 : 2),
                schema: Schema(dimension: 2, metric: .euclidean, elementType: .float32),
                options: Bench.options)
            try bench.write(store, 1...3)
            try store.flush()
            try store.close()
        }
        let segment = try second.file(".seg")
        let bytes = try #require(first.disk.bytes(segment))
        second.disk.damage(segment, .truncate(byteCount: 0))
        second.disk.damage(segment, .append(bytes))
        #expect(throws: StoreError.self) { try second.open() }
    }

    @Test func `a full disk stalls nobody for ever`() throws {
        let bench = Bench()
        let store = try bench.create()
        try bench.write(store, 1...3)
        bench.disk.faults.add(
            FaultRule(.fail(.noSpace), on: [.write], paths: .suffix(".seg"), repeats: true))
        let error = #expect(throws: StoreError.self) { try store.flush() }
        #expect(error?.code == .noSpace)
        bench.disk.faults.heal()
        try store.flush()
        try bench.write(store, 4...4)
        try store.close()
        try Bench.expect([1, 2, 3, 4], on: bench.disk)
    }

    @Test func `a check writes nothing and finds a healthy store healthy`() throws {
        let bench = Bench()
        let store = try bench.create()
        try bench.write(store, 1...9)
        try store.flush()
        try store.delete(id: 2)
        try store.close()
        let count = bench.disk.operationCount
        var request = CheckRequest()
        request.level = .recall
        let report = try StoreCheck.run(bench.disk, Bench.root, request)
        #expect(report.worst == nil, "\(report.findings)")
        #expect(bench.disk.operationCount == count)
    }

    @Test func `damage to a file without bytes can be told`() {
        #expect("\(Damage.zeroed(0..<0))" == "there are no bytes")
    }

    @Test func `the harness is measured by planted bugs`() {
        #expect(Mutant.allCases.count >= 30)
        #expect(!Mutant.isPlanted(.dropLogSync))
    }
}

/// Disks, gathered from the hook of another.
private final class Images: @unchecked Sendable {
    // Invariant for Sendable: hook and test run on one thread.
    private(set) var all: [SimulatedFileSystem] = []

    func add(_ disk: SimulatedFileSystem) { all.append(disk) }
}
