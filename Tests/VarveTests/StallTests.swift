// Writing when flushing is behind, cannot go on, or is asked for meanwhile.

import Synchronization
import Testing
import Varve
import VarveStorage
import VarveStorageSimulation

/// A store of small memtables on a simulated disk: a hundred rows fill one.
final class SmallStore: Sendable {
    static let dimension = 4_096
    let disk = SimulatedFileSystem(seed: 1)
    let store: Store

    init(
        _ runtime: any Runtime = SimulatedRuntime(seed: 1),
        listener: EventListener = EventListener()
    ) throws {
        store = try Store.create(
            at: "/store", on: disk, runtime,
            schema: Schema(
                dimension: Self.dimension, metric: .euclidean, elementType: .float32),
            options: Self.options, listener: listener)
    }

    static var options: Options {
        var options = Options()
        options.memoryBudgetByteCount = Options.minimumMemoryBudgetByteCount
        options.durability = .onRequest
        options.maxDegree = 8
        options.buildWidth = 8
        // Of what merging holds up other tests tell.
        options.compaction.isAutomatic = false
        return options
    }

    func writeRow(_ row: Int) throws {
        var vector = [Float](repeating: 0, count: Self.dimension)
        vector[row % Self.dimension] = 1
        try store.upsert(id: .number(UInt64(row)), vector: vector)
    }

    /// Writes rows from `start` on until one is refused; gives its number and the refusal.
    func writeUntilRefused(from start: Int = 0) throws -> (row: Int, error: StoreError) {
        for row in start..<start + 100_000 {
            do {
                try writeRow(row)
            } catch let error as StoreError {
                return (row, error)
            }
        }
        throw StoreError.neverRefused
    }

    /// The disk has no room for files that end so.
    func fill(_ calls: Set<DiskCall>, _ suffix: String) {
        disk.faults.add(
            FaultRule(.fail(.noSpace), on: calls, paths: .suffix(suffix), repeats: true))
    }

    func reopenedCount() throws -> Int {
        let again = try Store.open(at: "/store", on: disk, SimulatedRuntime(seed: 2))
        defer { try? again.close() }
        return try again.count()
    }
}

extension StoreError {
    fileprivate static var neverRefused: StoreError { StoreError(.failed, "nothing was refused") }
}

@Suite struct StallTests {
    @Test func `while flushes find no room writes are refused, and go on once there is`() throws {
        let small = try SmallStore()
        small.fill([.write], ".seg")
        let (row, error) = try small.writeUntilRefused()
        #expect(error.code == .noSpace, "\(error)")
        let refusal = #expect(throws: StoreError.self) { try small.store.flush() }
        #expect(refusal?.code == .noSpace)
        #expect(try small.store.count() == row)
        small.disk.faults.heal()
        try small.store.flush()
        try small.writeRow(row)
        #expect(try small.store.count() == row + 1)
        try small.store.close()
        #expect(try small.reopenedCount() == row + 1)
    }

    @Test func `a store closes while flushes find no room, and loses nothing`() throws {
        let small = try SmallStore()
        small.fill([.write], ".seg")
        let (row, _) = try small.writeUntilRefused()
        try small.store.close()
        small.disk.faults.heal()
        #expect(try small.reopenedCount() == row)
    }

    @Test(arguments: [DiskCall.create, .preallocate, .write, .sync])
    func `a disk without room for the next log refuses writes until there is`(
        call: DiskCall
    ) throws {
        let small = try SmallStore()
        failNextLog(small.disk, call)
        let (row, error) = try small.writeUntilRefused()
        #expect(error.code == .noSpace, "\(error)")
        small.disk.faults.heal()
        try small.writeRow(row)
        try small.store.close()
        #expect(try small.reopenedCount() == row + 1)
    }

    /// Has `call` find no room, for the next log that is created and for no other file.
    private func failNextLog(_ disk: SimulatedFileSystem, _ call: DiskCall) {
        let isArmed = Atomic<Bool>(false)
        disk.onOperation { operation in
            guard operation.call == .create, operation.path.parent.name == "log",
                !isArmed.exchange(true, ordering: .relaxed)
            else { return }
            disk.faults.add(
                FaultRule(
                    .fail(.noSpace), on: [call], paths: .exactly(operation.path), repeats: true))
        }
    }

    @Test func `flushes on demand and full memtables do not get into each other's way`() throws {
        let directory = TemporaryDirectory()
        let store = try Store.create(
            at: directory.path + "/store",
            schema: Schema(dimension: 4_096, metric: .euclidean, elementType: .float32),
            options: SmallStore.options)
        let isDone = Atomic<Bool>(false)
        let problems = Mutex<[any Error]>([])
        let runtime = SystemRuntime()
        runtime.parallel(count: 2, threadCount: 2) { thread in
            do {
                var vector = [Float](repeating: 0, count: 4_096)
                for row in 0..<220 where thread == 0 {
                    vector[row] = 1
                    try store.upsert(id: .number(UInt64(row)), vector: vector)
                }
                if thread == 0 { isDone.store(true, ordering: .releasing) }
                while !isDone.load(ordering: .acquiring) {
                    try store.flush()
                    runtime.sleep(nanoseconds: 50_000_000)
                }
            } catch {
                isDone.store(true, ordering: .releasing)
                problems.withLock { $0.append(error) }
            }
        }
        #expect(problems.withLock { $0 }.isEmpty)
        try store.flush()
        #expect(try store.count() == 220)
        #expect(try store.statistics().sealedMemtableCount == 0)
        try store.close()
    }

    @Test func `a large batch comes back under a smaller budget and a larger degree`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let store = try Store.create(
            at: "/store", on: disk, SimulatedRuntime(seed: 1),
            schema: Schema(dimension: 4, metric: .euclidean, elementType: .uint8))
        var batch = WriteBatch()
        for row in 0..<4_000 { batch.upsert(id: .number(UInt64(row)), bytes: [0, 1, 2, 3]) }
        for row in 0..<9_000 { batch.delete(id: .number(UInt64(10_000 + row))) }
        try store.write(batch)
        let killed = disk.kill(seed: 1)
        try store.close()
        var options = SmallStore.options
        options.maxDegree = 128
        options.buildWidth = 128
        let again = try Store.open(
            at: "/store", on: killed, SimulatedRuntime(seed: 2), options: options)
        #expect(try again.count() == 4_000)
    }

    @Test func `rows get into the graph of their memtable before it is full`() throws {
        let runtime = SimulatedRuntime(seed: 1)
        let store = try Store.create(
            at: "/store", on: SimulatedFileSystem(seed: 1), runtime,
            schema: Schema(dimension: 4, metric: .euclidean, elementType: .float32))
        runtime.runUntilIdle()
        var vectors = SeededVectors(state: 1)
        for round in 1...2 {
            var batch = WriteBatch()
            for row in 0..<2_000 {
                batch.upsert(id: .number(UInt64(round * 10_000 + row)), vector: vectors.next(4))
            }
            try store.write(batch)
            runtime.runUntilIdle()
            let indexed = try store.statistics().indexedMemtableRowCount
            #expect(indexed > round * 2_000 - 500, "\(indexed) rows after \(round) rounds")
        }
        try store.close()
    }

    @Test func `a store that has failed keeps nobody waiting`() throws {
        let small = try SmallStore()
        for row in 0..<20 { try small.writeRow(row) }
        small.disk.faults.add(FaultRule(.fail(.inputOutput), on: [.sync], paths: .suffix(".wal")))
        let error = #expect(throws: StoreError.self) { try small.store.sync() }
        #expect(error?.code == .failed)
        for call in [{ try small.store.flush() }, { try small.writeRow(20) }] {
            let later = #expect(throws: StoreError.self) { try call() }
            #expect(later?.code == .failed)
        }
        try? small.store.close()
        #expect(try small.reopenedCount() == 20)
    }

    @Test(arguments: [1_500, 2_300, 3_000])
    func `a batch fits into a memtable or is refused, whatever the degree of the graph`(
        rowCount: Int
    ) throws {
        var options = SmallStore.options
        options.maxDegree = 128
        options.buildWidth = 128
        let disk = SimulatedFileSystem(seed: 1)
        let store = try Store.create(
            at: "/store", on: disk, SimulatedRuntime(seed: 1),
            schema: Schema(dimension: 4, metric: .euclidean, elementType: .float32),
            options: options)
        var batch = WriteBatch()
        for row in 0..<rowCount { batch.upsert(id: .number(UInt64(row)), vector: [0, 1, 2, 3]) }
        var written = rowCount
        do throws(StoreError) {
            try store.write(batch)
        } catch {
            #expect(error.code == .tooLarge, "\(error)")
            written = 0
        }
        #expect(try store.count() == written)
        #expect(try store.statistics().sealedMemtableCount == 0)
        try store.close()
    }
}
