// How stores end, with and without closing, and what may be missing when they are opened again.

import Testing
import Varve
import VarveStorage
import VarveStorageSimulation

private let schema = Schema(dimension: 4, metric: .euclidean, elementType: .float32)

@Suite struct EndingTests {
    private let disk = SimulatedFileSystem(seed: 1)

    private func makeStore() throws -> Store {
        try Store.create(at: "/store", on: disk, SimulatedRuntime(seed: 1), schema: schema)
    }

    private func reopen(readOnly: Bool = false) throws -> Store {
        try Store.open(at: "/store", on: disk, SimulatedRuntime(seed: 2), readOnly: readOnly)
    }

    private func expectRefusal(_ code: StoreError.Code, _ body: () throws -> Void) throws {
        let error = try #require(throws: StoreError.self) { try body() }
        #expect(error.code == code, "\(error)")
    }

    @Test func `a store that is dropped gives up its lock, its threads and its files`() throws {
        for round in 0..<3 as Range<UInt64> {
            let directory = TemporaryDirectory()
            var store: Store? = try Store.create(at: directory.path + "/store", schema: schema)
            try store?.upsert(id: .number(round), vector: [1, 2, 3, 4])
            let snapshot = try #require(try store?.snapshot())
            store = nil
            #expect(try snapshot.get(.number(round)) != nil)
            let again = try Store.open(at: directory.path + "/store")
            #expect(try again.count() == 1)
            try again.close()
        }
        var store: Store? = try makeStore()
        try store?.upsert(id: 1, vector: [1, 2, 3, 4])
        store = nil
        #expect(disk.openFileCount == 0)
        #expect(try reopen().count() == 1)
    }

    @Test func `awaited reads of a closed store are refused`() async throws {
        let store = try Store.create(
            at: TemporaryDirectory().path + "/store", schema: schema)
        try await store.close()
        let search = await #expect(throws: StoreError.self) {
            try await store.search(Query(vector: [0, 0, 0, 0]))
        }
        #expect(search?.code == .closed)
        let get = await #expect(throws: StoreError.self) { try await store.get(1) }
        #expect(get?.code == .closed)
    }

    @Test func `a log that is missing is told, whatever the way of opening`() throws {
        try makeStore().close()
        for row in 1...3 as ClosedRange<UInt64> {
            let store = try reopen()
            try store.upsert(id: .number(row), vector: [1, 2, 3, 4])
            try store.close()
        }
        let logs = disk.filePaths.filter { $0.name.hasSuffix(".wal") }.sorted { $0.text < $1.text }
        #expect(logs.count >= 3)
        let second = logs[logs.count - 2]
        try disk.remove(second)
        try expectRefusal(.corruption) { _ = try reopen() }
        try expectRefusal(.corruption) { _ = try reopen(readOnly: true) }
    }

}

@Suite struct CheckpointTests {
    /// A store with two segments, tombstones on one, and rows in memory.
    private func makeStore(_ disk: SimulatedFileSystem) throws -> Store {
        let store = try Store.create(
            at: "/store", on: disk, SimulatedRuntime(seed: 1), schema: schema)
        for row in 0..<20 as Range<UInt64> {
            try store.upsert(id: .number(row), vector: [Float(row), 0, 0, 0])
        }
        try store.flush()
        try store.delete(id: 3)
        try store.upsert(id: 4, vector: [0, 4, 0, 0], attributes: ["name": .string("four")])
        try store.flush()
        try store.upsert(id: 100, vector: [1, 1, 1, 1])
        return store
    }

    @Test func `a copy has what the store had, and goes its own way`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let store = try makeStore(disk)
        try store.checkpoint(at: "/copy")
        try store.delete(id: 5)
        try store.close()
        let copy = try Store.open(at: "/copy", on: disk, SimulatedRuntime(seed: 2))
        #expect(try copy.count() == 20)
        #expect(try copy.get(3) == nil)
        #expect(try copy.get(4)?.attributes == ["name": .string("four")])
        #expect(try copy.get(5) != nil)
        try copy.upsert(id: 200, vector: [2, 2, 2, 2])
        try copy.close()
        let again = try Store.open(at: "/copy", on: disk, SimulatedRuntime(seed: 3))
        #expect(try again.count() == 21)
        try again.close()
    }

    @Test func `a power cut leaves a whole copy or no store, never an empty one`() throws {
        let disk = SimulatedFileSystem(seed: 1)
        let store = try makeStore(disk)
        try store.flush()
        let collected = Cuts()
        disk.onOperation { _ in
            collected.add(disk.crash(.loseUnsynced, seed: 1))
        }
        try store.checkpoint(at: "/copy")
        disk.onOperation(nil)
        try store.close()
        #expect(collected.disks.count > 5)
        for (index, cut) in collected.disks.enumerated() {
            do throws(StoreError) {
                let copy = try Store.open(at: "/copy", on: cut, SimulatedRuntime(seed: 2))
                #expect(try copy.count() == 20, "cut \(index)")
                try copy.close()
            } catch {
                // Between the version and its pointer there is a version to repair the copy with.
                let codes: [StoreError.Code] = [
                    .notFound, .notAStore, .interruptedCreation, .corruption,
                ]
                #expect(codes.contains(error.code), "cut \(index): \(error)")
            }
        }
    }

    @Test(arguments: [DiskCall.link, .create, .write, .rename, .syncDirectory])
    func `a copy that cannot be finished is taken back, and may be tried again`(
        call: DiskCall
    ) throws {
        let disk = SimulatedFileSystem(seed: 1)
        let store = try makeStore(disk)
        try store.flush()
        disk.faults.add(
            FaultRule(
                .fail(.noSpace), on: [call],
                paths: call == .link ? .suffix(".seg") : .containing("/copy"), repeats: true))
        let error = #expect(throws: StoreError.self) { try store.checkpoint(at: "/copy") }
        #expect(error != nil)
        disk.faults.heal()
        try store.checkpoint(at: "/copy")
        try store.close()
        let copy = try Store.open(at: "/copy", on: disk, SimulatedRuntime(seed: 2))
        #expect(try copy.count() == 20)
        try copy.close()
    }
}

/// Disks gathered by a hook.
private final class Cuts: @unchecked Sendable {
    // Invariant for Sendable: used from the one thread of a simulation.
    private(set) var disks: [SimulatedFileSystem] = []

    func add(_ disk: SimulatedFileSystem) { disks.append(disk) }
}
