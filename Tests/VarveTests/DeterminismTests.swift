// The same writes give the same bytes, however many threads build.

import Synchronization
import Testing
import Varve
import VarveStorage
import VarveStorageSimulation

@Suite struct DeterminismTests {
    /// The bytes of every segment and tombstone file of a store built by so many threads.
    private func files(threadCount: Int) throws -> [String: [UInt8]] {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store"
        var options = Options()
        options.threadCount = threadCount
        // When a merge begins beside flushes is up to the threads of this machine.
        options.compaction.isAutomatic = false
        let store = try Store.create(
            at: path, on: PosixFileSystem(), SeededRuntime(seed: 7),
            schema: Schema(dimension: 24, metric: .cosine, elementType: .float32),
            options: options)
        var vectors = SeededVectors(state: 11)
        for part in 0..<3 {
            for first in stride(from: 0, to: 1_200, by: 100) {
                var batch = WriteBatch()
                for row in first..<first + 100 {
                    batch.upsert(
                        id: .number(UInt64(part * 700 + row)), vector: vectors.next(24),
                        attributes: ["row": .int(Int64(row)), "part": .string("part \(part)")])
                }
                try store.write(batch)
            }
            try store.delete(id: .number(UInt64(part)))
            try store.flush()
        }
        try store.close()
        let folder = FilePath(path + "/segments")
        var files: [String: [UInt8]] = [:]
        let fileSystem = PosixFileSystem()
        for name in try fileSystem.list(folder) {
            files[name] = try fileSystem.readWholeFile(folder.appending(name), limit: 1 << 30)
        }
        return files
    }

    @Test func `one thread and two build the same bytes`() throws {
        let one = try files(threadCount: 1)
        let two = try files(threadCount: 2)
        #expect(one.keys.filter { $0.hasSuffix(".seg") }.count == 3)
        #expect(one.keys.sorted() == two.keys.sorted())
        for (name, bytes) in one {
            let other = two[name] ?? []
            let difference = zip(bytes, other).enumerated().first { $0.element.0 != $0.element.1 }
            let isEqual = bytes.count == other.count && difference == nil
            #expect(isEqual, "\(name) from byte \(difference?.offset ?? -1) of \(bytes.count)")
        }
    }
}

/// The threads and clocks of this machine, but random bits out of a seed: two stores get one id.
final class SeededRuntime: Runtime {
    private let system = SystemRuntime()
    private let state: Atomic<UInt64>

    init(seed: UInt64) { state = Atomic(seed) }

    func monotonicNanoseconds() -> UInt64 { system.monotonicNanoseconds() }
    func wallClockMicroseconds() -> Int64 { system.wallClockMicroseconds() }
    func randomBits() -> UInt64 {
        splitMix64(state.wrappingAdd(1, ordering: .relaxed).newValue)
    }
    func startWorker(
        _ name: String, _ step: @escaping @Sendable () -> WorkerStep
    ) -> any Worker { system.startWorker(name, step) }
    func enterBackground() { system.enterBackground() }
    func noteForeground() { system.noteForeground() }
    func makeGate() -> any Gate { system.makeGate() }
    func parallel(count: Int, threadCount: Int, _ body: @Sendable (Int) -> Void) {
        system.parallel(count: count, threadCount: threadCount, body)
    }
    func sleep(nanoseconds: UInt64) { system.sleep(nanoseconds: nanoseconds) }
}
