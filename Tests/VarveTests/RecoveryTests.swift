// Openings after crashes that once went wrong.

import Synchronization
import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

/// A store on a simulated disk, and what a test does to it.
private struct Scene {
    let disk: SimulatedFileSystem
    static let path = "/store"

    init() throws {
        disk = SimulatedFileSystem(seed: 1)
        let schema = Schema(dimension: 4, metric: .euclidean, elementType: .float32)
        let store = try Store.create(
            at: Self.path, on: disk, SimulatedRuntime(seed: 1), schema: schema)
        try store.upsert(id: 1, vector: [1, 2, 3, 4])
        try store.close()
    }

    init(_ disk: SimulatedFileSystem) { self.disk = disk }

    func open() throws -> Store {
        try Store.open(at: Self.path, on: disk, SimulatedRuntime(seed: 2))
    }

    var newestLog: FilePath? { disk.filePaths.filter { $0.name.hasSuffix(".wal") }.last }
}

@Suite struct RecoveryTests {
    @Test(arguments: [0, 100, 144])
    func `a log whose creation was cut off does not keep the store from opening, ever`(
        byteCount: Int
    ) throws {
        let scene = try Scene()
        try scene.open().close()
        let newest = try #require(scene.newestLog)
        // What a power cut leaves of a log that was being created.
        try scene.disk.rename(newest, to: FilePath(newest.text + ".tmp"))
        scene.disk.damage(FilePath(newest.text + ".tmp"), .truncate(byteCount: byteCount))
        for round in 2..<6 as Range<UInt64> {
            let store = try scene.open()
            #expect(try store.count() == Int(round) - 1)
            try store.upsert(id: .number(round), vector: [0, 0, 0, Float(round)])
            try store.close()
        }
    }

    @Test(arguments: [0, 100, 143, 144, 200])
    func `a newest log that was cut short is damage, not a crash`(byteCount: Int) throws {
        let scene = try Scene()
        let newest = try #require(scene.newestLog)
        scene.disk.damage(newest, .truncate(byteCount: byteCount))
        let error = #expect(throws: StoreError.self) { try scene.open() }
        #expect(error?.code == .corruption)
        #expect(error?.place?.file.hasSuffix(".wal") == true)
    }

    @Test func `rows that a failed sync left in the page cache outlive the next power cut`()
        throws
    {
        let scene = try Scene()
        let store = try scene.open()
        scene.disk.faults.add(FaultRule(.dropPages, on: [.sync], paths: .suffix(".wal")))
        #expect(throws: StoreError.self) { try store.upsert(id: 2, vector: [2, 2, 2, 2]) }
        try store.close()
        let second = try scene.open()
        let count = try second.count()
        try second.upsert(id: 3, vector: [3, 3, 3, 3])
        let cut = Scene(scene.disk.crash(.loseUnsynced, seed: 1))
        try second.close()
        let third = try cut.open()
        #expect(try third.count() == count + 1)
        try third.close()
    }

    @Test func `a version whose writer was killed outlives the next power cut once it is opened`()
        throws
    {
        let disk = SimulatedFileSystem(seed: 1)
        let killed = Mutex<SimulatedFileSystem?>(nil)
        disk.onOperation { operation in
            // The last one makes the name of CURRENT durable.
            guard operation.call == .syncDirectory, operation.path.text == Scene.path else {
                return
            }
            killed.withLock { $0 = disk.kill(seed: 1) }
        }
        let schema = Schema(dimension: 4, metric: .euclidean, elementType: .float32)
        try Store.create(at: Scene.path, on: disk, SimulatedRuntime(seed: 1), schema: schema)
            .close()
        let scene = Scene(try #require(killed.withLock { $0 }))
        let second = try scene.open()
        try second.upsert(id: 1, vector: [1, 1, 1, 1])
        let cut = Scene(scene.disk.crash(.renameLost, seed: 1))
        try second.close()
        let third = try cut.open()
        #expect(try third.count() == 1)
        try third.close()
    }

    @Test func `rows that outlived a process outlive the next power cut`() throws {
        let scene = try Scene()
        let store = try Store.open(
            at: Scene.path, on: scene.disk, SimulatedRuntime(seed: 3), options: .onRequest)
        try store.upsert(id: 2, vector: [2, 2, 2, 2])
        let killed = Scene(scene.disk.kill(seed: 1))
        try store.close()
        let second = try Store.open(
            at: Scene.path, on: killed.disk, SimulatedRuntime(seed: 4), options: Options())
        #expect(try second.count() == 2)
        try second.upsert(id: 3, vector: [3, 3, 3, 3])
        let cut = Scene(killed.disk.crash(.loseUnsynced, seed: 1))
        try second.close()
        let third = try cut.open()
        #expect(try third.count() == 3)
        try third.close()
    }
}

@Suite struct IntervalTests {
    @Test(arguments: 1..<6 as Range<UInt64>)
    func `no write waits for its sync longer than the interval`(seed: UInt64) throws {
        let scene = try Scene()
        var options = Options()
        options.durability = .interval(milliseconds: 50)
        let runtime = SimulatedRuntime(seed: seed)
        let store = try Store.open(
            at: Scene.path, on: scene.disk, runtime, options: options)
        for round in 2..<8 as Range<UInt64> {
            runtime.sleep(nanoseconds: round * 170_000_000)
            try store.upsert(id: .number(round), vector: [0, 0, 0, Float(round)])
            runtime.sleep(nanoseconds: 55_000_000)
            let cut = try Scene(scene.disk.crash(.loseUnsynced, seed: seed)).open()
            #expect(try cut.count() == Int(round))
            try cut.close()
        }
        try store.close()
    }
}

@Suite struct ClosedLogTests {
    @Test(arguments: [150, 260])
    func `damage to a log that was closed in order is told, whatever the durability`(
        offset: Int
    ) throws {
        let scene = try Scene()
        let store = try Store.open(
            at: Scene.path, on: scene.disk, SimulatedRuntime(seed: 3), options: .onRequest)
        for round in 2..<6 as Range<UInt64> {
            try store.upsert(id: .number(round), vector: [0, 0, 0, Float(round)])
        }
        try store.close()
        let newest = try #require(scene.newestLog)
        #expect(scene.disk.damage(newest, .flipBit(offset: offset, bit: 2)))
        let error = #expect(throws: StoreError.self) { _ = try scene.open() }
        #expect(error?.code == .corruption)
    }
}

@Suite struct FullDiskTests {
    @Test func `a flush on a full disk says so, and succeeds when there is room`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let schema = Schema(dimension: 4, metric: .euclidean, elementType: .float32)
        let store = try Store.create(
            at: Scene.path, on: disk, SimulatedRuntime(seed: 1), schema: schema)
        disk.faults.add(
            FaultRule(
                .fail(.noSpace), on: [.create, .write], paths: .suffix(".seg"), repeats: true))
        for round in 1...5 as ClosedRange<UInt64> {
            try store.upsert(id: .number(round), vector: [1, 2, 3, Float(round)])
            let error = #expect(throws: StoreError.self) { try store.flush() }
            #expect(error?.code == .noSpace)
            #expect(try store.count() == Int(round))
        }
        disk.faults.heal()
        try store.flush()
        #expect(try store.statistics().sealedMemtableCount == 0)
        #expect(try store.count() == 5)
        try store.close()
    }
}

@Suite struct FailedCopyTests {
    @Test func `a copy that fails is an error of the device, and the store goes on`() throws {
        let scene = try Scene()
        let store = try scene.open()
        scene.disk.faults.add(
            FaultRule(
                .fail(.inputOutput), on: [.sync], paths: .containing("/copy/manifest")))
        let error = #expect(throws: StoreError.self) { try store.checkpoint(at: "/copy") }
        #expect(error?.code == .inputOutput)
        try store.upsert(id: 2, vector: [2, 2, 2, 2])
        #expect(try store.count() == 2)
        try store.close()
    }
}

@Suite struct SameBytesTests {
    /// The log of a store into which attributes of these names were written, in one dictionary.
    private func log(of names: [String]) throws -> [UInt8]? {
        let disk = SimulatedFileSystem(seed: 1)
        let store = try Store.create(
            at: Scene.path, on: disk, SimulatedRuntime(seed: 1),
            schema: Schema(dimension: 1, metric: .euclidean, elementType: .float32))
        var attributes: [String: AttributeValue] = [:]
        for name in names { attributes[name] = .int(1) }
        try store.upsert(id: 1, vector: [1], attributes: attributes)
        try store.close()
        return Scene(disk).newestLog.flatMap { disk.bytes($0) }
    }

    @Test func `the order of a dictionary of attributes does not reach the disk`() throws {
        let names = (0..<20).map { "name \($0)" }
        let first = try #require(try log(of: names))
        for _ in 0..<10 {
            #expect(try log(of: names) == first)
            #expect(try log(of: names.reversed()) == first)
        }
    }
}

extension Options {
    /// Nothing is synced unasked.
    fileprivate static var onRequest: Options {
        var options = Options()
        options.durability = .onRequest
        return options
    }
}
