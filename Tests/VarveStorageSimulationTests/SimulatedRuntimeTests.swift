// The scheduler of simulations: one seed, one history.

import Synchronization
import Testing
import VarveStorage
import VarveStorageSimulation

@Suite struct SimulatedRuntimeTests {
    /// The order in which three workers of four steps each go, and the hash of it.
    private func history(seed: UInt64) -> ([String], UInt64) {
        let runtime = SimulatedRuntime(seed: seed)
        let recorder = Recorder()
        for name in ["a", "b", "c"] {
            let count = Atomic(0)
            let counter = Counter(count)
            _ = runtime.startWorker(name) {
                recorder.add(name)
                return counter.next() == 4 ? .finished : .again
            }
        }
        runtime.runUntilIdle()
        #expect(!runtime.step())
        return (recorder.lines, runtime.traceHash)
    }

    @Test func `one seed gives one order, other seeds others`() {
        for seed in 0..<10 as Range<UInt64> {
            let (order, hash) = history(seed: seed)
            #expect(history(seed: seed) == (order, hash))
            #expect(order.sorted() == ["a", "a", "a", "a", "b", "b", "b", "b", "c", "c", "c", "c"])
        }
        #expect(Set((0..<50).map { history(seed: $0).0 }).count > 45)
        #expect(Set((0..<50).map { history(seed: $0).1 }).count == 50)
        let bits = { (seed: UInt64) in SimulatedRuntime(seed: seed).randomBits() }
        #expect(bits(1) == bits(1))
        #expect(bits(1) != bits(2))
    }

    @Test func `an idle worker steps when woken, also by itself`() {
        let runtime = SimulatedRuntime(seed: 1)
        let counter = Counter(Atomic(0))
        let worker = runtime.startWorker("idler") { [counter] in
            _ = counter.next()
            return .idle
        }
        runtime.runUntilIdle()
        #expect(counter.count == 1)
        worker.wake()
        worker.wake()
        runtime.runUntilIdle()
        #expect(counter.count == 2)
        let own = Holder()
        own.worker = runtime.startWorker("own") { [unowned own] in
            own.worker?.wake()
            return counter.next() < 10 ? .idle : .finished
        }
        runtime.runUntilIdle()
        #expect(counter.count == 10)
        own.worker?.join()
    }

    @Test func `sleepers wake in their time, and the clock with them`() {
        let runtime = SimulatedRuntime(seed: 1)
        let recorder = Recorder()
        let start = runtime.monotonicNanoseconds()
        let calendar = runtime.wallClockMicroseconds()
        for (name, delay) in [("late", 20_000_000), ("early", 10_000_000)] as [(String, UInt64)] {
            let counter = Counter(Atomic(0))
            _ = runtime.startWorker(name) {
                if counter.next() == 1 { return .sleep(nanoseconds: delay) }
                recorder.add(name)
                return .finished
            }
        }
        runtime.runUntilIdle()
        #expect(recorder.lines == [])
        runtime.sleep(nanoseconds: 15_000_000)
        #expect(recorder.lines == ["early"])
        runtime.sleep(nanoseconds: 15_000_000)
        #expect(recorder.lines == ["early", "late"])
        let passed = runtime.monotonicNanoseconds() - start
        #expect((30_000_000..<31_000_000).contains(passed))
        #expect((30_000..<31_000).contains(runtime.wallClockMicroseconds() - calendar))
        runtime.wallClockOffsetMicroseconds -= 1_000_000
        #expect(runtime.wallClockMicroseconds() < calendar)
    }

    @Test func `a sleeper can be woken early`() {
        let runtime = SimulatedRuntime(seed: 1)
        let counter = Counter(Atomic(0))
        let worker = runtime.startWorker("sleeper") {
            counter.next() == 2 ? .finished : .sleep(nanoseconds: .max)
        }
        runtime.runUntilIdle()
        #expect(counter.count == 1)
        worker.wake()
        worker.join()
        #expect(counter.count == 2)
    }

    @Test func `waiting at a gate lets others make it true, moving the clock if need be`() {
        for seed in 0..<20 as Range<UInt64> {
            let runtime = SimulatedRuntime(seed: seed)
            let gate = runtime.makeGate()
            let counter = Counter(Atomic(0))
            _ = runtime.startWorker("sleeper") {
                _ = counter.next()
                return .sleep(nanoseconds: 1_000_000_000)
            }
            _ = runtime.startWorker("waiter") {
                gate.wait { counter.count >= 3 }
                _ = counter.next()
                return .finished
            }
            gate.wait { counter.count >= 5 }
            #expect(counter.count == 5)
            #expect(runtime.monotonicNanoseconds() > 3_000_000_000)
        }
    }

    @Test func `waiting for what nobody does is a deadlock, and stops the program`() async {
        await #expect(processExitsWith: .failure) {
            let runtime = SimulatedRuntime(seed: 1)
            _ = runtime.startWorker("idler") { .idle }
            runtime.makeGate().wait { false }
        }
        await #expect(processExitsWith: .failure) {
            let runtime = SimulatedRuntime(seed: 1)
            runtime.startWorker("idler") { .idle }.join()
        }
        await #expect(processExitsWith: .failure) {
            let runtime = SimulatedRuntime(seed: 1)
            _ = runtime.startWorker("restless") { .again }
            runtime.runUntilIdle(limit: 1_000)
        }
    }

    @Test func `a loop runs its indices in order`() {
        let recorder = Recorder()
        let runtime = SimulatedRuntime(seed: 1)
        runtime.parallel(count: 4, threadCount: 8) { recorder.add("\($0)") }
        runtime.parallel(count: 0, threadCount: 8) { recorder.add("\($0)") }
        #expect(recorder.lines == ["0", "1", "2", "3"])
    }

    @Test func `a finished worker has let go of what its step held`() {
        let runtime = SimulatedRuntime(seed: 1)
        var held: Counter? = Counter(Atomic(0))
        weak let watch = held
        let worker = start(runtime, held)
        held = nil
        worker.join()
        #expect(watch == nil)
    }

    private func start(_ runtime: SimulatedRuntime, _ held: Counter?) -> any Worker {
        runtime.startWorker("holder") {
            _ = held?.next()
            return .finished
        }
    }
}

/// A number that closures may share.
private final class Counter: Sendable {
    private let value: Atomic<Int>

    init(_ value: consuming Atomic<Int>) { self.value = value }

    var count: Int { value.load(ordering: .relaxed) }

    func next() -> Int { value.wrappingAdd(1, ordering: .relaxed).newValue }
}

/// A worker that its own step can reach.
private final class Holder: @unchecked Sendable {
    // Invariant for Sendable: used from the one thread of a simulation.
    var worker: (any Worker)?
}
