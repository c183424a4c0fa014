// What others change between the end of a wait and the look at what it was for.

import Synchronization
import Testing
import Varve
import VarveStorage
import VarveStorageSimulation

@Suite struct WaitTests {
    private let runtime = HeldRuntime()

    /// Writes rows from `first` on until as many memtables as may wait for their flush; gives the
    /// next row.
    private func fill(_ small: SmallStore, from first: Int = 0) throws -> Int {
        var row = first
        while try small.store.statistics().sealedMemtableCount < Options.sealedMemtableLimit {
            try small.writeRow(row)
            row += 1
        }
        return row
    }

    @Test func `a flush on demand waits again when writes have taken its room`() throws {
        let small = try SmallStore(runtime)
        defer { runtime.letFlush() }
        let written = Mutex(try fill(small))
        let problem = Mutex<(any Error)?>(nil)
        runtime.letOneFlush {
            do {
                try written.withLock { $0 = try fill(small, from: $0) }
            } catch {
                problem.withLock { $0 = error }
            }
        }
        let before = written.withLock { $0 }
        try small.store.flush()
        #expect(problem.withLock { $0 } == nil)
        #expect(written.withLock { $0 } > before)
        #expect(try small.store.statistics().sealedMemtableCount == 0)
        #expect(try small.store.count() == written.withLock { $0 })
        try small.store.close()
    }

    @Test func `a write goes on when a flush on demand has taken its room`() throws {
        let small = try SmallStore(runtime)
        defer { runtime.letFlush() }
        var row = try fill(small)
        let flush = Errand { try small.store.flush() }
        runtime.letOneFlush {
            flush.start(on: runtime)
            while (try? small.store.statistics().sealedMemtableCount)
                != Options.sealedMemtableLimit, flush.problem == nil
            {
                runtime.sleep(nanoseconds: 1_000_000)
            }
        }
        while !flush.hasStarted {
            try small.writeRow(row)
            row += 1
        }
        flush.join()
        #expect(flush.problem == nil)
        #expect(try small.store.count() == row)
        try small.store.close()
    }

    @Test func `a store that is closed just as a load begins waits for its end`() throws {
        let small = try SmallStore(runtime)
        defer { runtime.letFlush() }
        let close = Errand { try small.store.close() }
        runtime.letOneFlush {
            close.start(on: runtime)
            while (try? small.store.count()) != nil { runtime.sleep(nanoseconds: 1_000_000) }
        }
        let refusal = #expect(throws: StoreError.self) {
            let vector = [Float](repeating: 1, count: SmallStore.dimension)
            var rows = [Row(id: 1, vector: vector)]
            try small.store.bulkLoad { rows.popLast() }
        }
        #expect(refusal?.code == .closed)
        close.join()
        #expect(close.problem == nil)
    }
}

/// Something that another thread does once, and what went wrong.
private final class Errand: Sendable {
    private let body: @Sendable () throws -> Void
    private let worker = Mutex<(any Worker)?>(nil)
    private let failure = Mutex<(any Error)?>(nil)

    init(_ body: @escaping @Sendable () throws -> Void) { self.body = body }

    var problem: (any Error)? { failure.withLock { $0 } }
    var hasStarted: Bool { worker.withLock { $0 != nil } }

    func start(on runtime: HeldRuntime) {
        let started = runtime.startWorker("errand") { [self] in
            do { try body() } catch { failure.withLock { $0 = error } }
            return .finished
        }
        worker.withLock { $0 = started }
    }

    func join() { worker.withLock { $0 }?.join() }
}

/// The threads and clocks of this machine, but the worker that flushes rests until it is let go,
/// and whoever waits first does not get on before something else has been done.
private final class HeldRuntime: Runtime {
    private let system = SystemRuntime()
    /// How many steps the builder may make.
    private let allowance = Atomic<Int>(0)
    private let isStepping = Atomic<Bool>(false)
    private let interlude = Mutex<(@Sendable () -> Void)?>(nil)

    /// From the next wait at a gate on, has the builder make one step, and calls `body` before the
    /// waiting thread goes on; then lets the builder do as it likes.
    func letOneFlush(then body: @escaping @Sendable () -> Void) {
        interlude.withLock { $0 = body }
    }

    func wait(at gate: any Gate, until condition: () -> Bool) {
        guard let body = interlude.withLock({ $0.take() }) else {
            return gate.wait(until: condition)
        }
        allowance.store(1, ordering: .releasing)
        gate.wait(until: condition)
        while isStepping.load(ordering: .acquiring) { sleep(nanoseconds: 1_000_000) }
        body()
        letFlush()
    }

    /// Lets the builder do as it likes, without which no store can be closed.
    func letFlush() { allowance.store(.max, ordering: .releasing) }

    func startWorker(
        _ name: String, _ step: @escaping @Sendable () -> WorkerStep
    ) -> any Worker {
        guard name == "varve-build" else { return system.startWorker(name, step) }
        return system.startWorker(name) { [self] in
            isStepping.store(true, ordering: .releasing)
            defer { isStepping.store(false, ordering: .releasing) }
            let left = allowance.load(ordering: .acquiring)
            guard left > 0 else { return .sleep(nanoseconds: 1_000_000) }
            if left < .max { allowance.store(left - 1, ordering: .releasing) }
            return step()
        }
    }

    func makeGate() -> any Gate { HeldGate(runtime: self, gate: system.makeGate()) }
    func monotonicNanoseconds() -> UInt64 { system.monotonicNanoseconds() }
    func wallClockMicroseconds() -> Int64 { system.wallClockMicroseconds() }
    func randomBits() -> UInt64 { system.randomBits() }
    func enterBackground() { system.enterBackground() }
    func noteForeground() { system.noteForeground() }
    func parallel(count: Int, threadCount: Int, _ body: @Sendable (Int) -> Void) {
        system.parallel(count: count, threadCount: threadCount, body)
    }
    func sleep(nanoseconds: UInt64) { system.sleep(nanoseconds: nanoseconds) }
}

/// A gate whose waits go by way of a ``HeldRuntime``.
private final class HeldGate: Gate {
    private let runtime: HeldRuntime
    private let gate: any Gate

    init(runtime: HeldRuntime, gate: any Gate) {
        self.runtime = runtime
        self.gate = gate
    }

    func wait(until condition: () -> Bool) { runtime.wait(at: gate, until: condition) }
    func open() { gate.open() }
}
