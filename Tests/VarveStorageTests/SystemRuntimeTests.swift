// Threads, gates and loops of production.

import Synchronization
import Testing
import VarveStorage

@Suite struct SystemRuntimeTests {
    let runtime = SystemRuntime()

    @Test func `the clock does not go back and chance does not repeat`() {
        let first = runtime.monotonicNanoseconds()
        runtime.sleep(nanoseconds: 1_000_000)
        #expect(runtime.monotonicNanoseconds() >= first + 1_000_000)
        // After this was written, before the year 2100.
        let range: Range<Int64> = 1_700_000_000_000_000..<4_102_444_800_000_000
        #expect(range.contains(runtime.wallClockMicroseconds()))
        #expect(Set((0..<100).map { _ in runtime.randomBits() }).count == 100)
    }

    @Test func `a worker makes steps until it is finished`() {
        let counter = Shared(Atomic(0))
        let worker = runtime.startWorker("steps") {
            counter.value.wrappingAdd(1, ordering: .relaxed).newValue == 1_000 ? .finished : .again
        }
        worker.join()
        worker.join()
        #expect(counter.value.load(ordering: .relaxed) == 1_000)
    }

    @Test func `an idle worker steps once for each waking at most, and none is lost`() {
        let counter = Shared(Atomic(0))
        let gate = runtime.makeGate()
        let worker = runtime.startWorker("a name longer than the kernel takes") {
            let count = counter.value.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
            gate.open()
            return count == 200 ? .finished : .idle
        }
        for target in 2...200 {
            worker.wake()
            gate.wait { counter.value.load(ordering: .acquiring) >= target }
        }
        worker.join()
        worker.wake()
        #expect(counter.value.load(ordering: .relaxed) == 200)
    }

    @Test func `a waking during a step is remembered`() {
        let counter = Shared(Atomic(0))
        let gate = runtime.makeGate()
        let worker = runtime.startWorker("busy") {
            let count = counter.value.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
            gate.open()
            if count == 1 { gate.wait { counter.value.load(ordering: .acquiring) > 1_000 } }
            return count > 1_000 ? .finished : .idle
        }
        gate.wait { counter.value.load(ordering: .acquiring) == 1 }
        worker.wake()
        counter.value.wrappingAdd(1_000, ordering: .acquiringAndReleasing)
        gate.open()
        worker.join()
        #expect(counter.value.load(ordering: .relaxed) == 1_002)
    }

    @Test func `a sleeping worker goes on by itself or when woken`() {
        let counter = Shared(Atomic(0))
        let worker = runtime.startWorker("sleeper") {
            let count = counter.value.wrappingAdd(1, ordering: .relaxed).newValue
            if count == 5 { return .finished }
            return .sleep(nanoseconds: count == 4 ? .max : 1_000)
        }
        worker.wake()
        while counter.value.load(ordering: .relaxed) < 4 { runtime.sleep(nanoseconds: 1_000) }
        worker.wake()
        worker.wake()
        worker.join()
        #expect(counter.value.load(ordering: .relaxed) == 5)
    }

    @Test func `a joined worker has let go of what its step held`() {
        for _ in 0..<50 {
            var held: Shared? = Shared(Atomic(0))
            weak let watch = held
            let worker = startHolding(held)
            held = nil
            worker.join()
            #expect(watch == nil)
        }
    }

    private func startHolding(_ held: Shared?) -> any Worker {
        runtime.startWorker("holder") {
            held?.value.wrappingAdd(1, ordering: .relaxed)
            return .finished
        }
    }

    @Test(arguments: [0, 1, 2, 7, 1_000], [1, 2, 3, 8])
    func `a loop runs every index once`(count: Int, threadCount: Int) {
        let seen = Mutex([Int](repeating: 0, count: count))
        runtime.parallel(count: count, threadCount: threadCount) { index in
            seen.withLock { $0[index] += 1 }
        }
        #expect(seen.withLock { $0 } == [Int](repeating: 1, count: count))
    }

    @Test func `loops inside loops, from many threads, come to an end`() {
        let total = Shared(Atomic(0))
        runtime.parallel(count: 8, threadCount: 4) { _ in
            runtime.parallel(count: 8, threadCount: 4) { _ in
                runtime.parallel(count: 8, threadCount: 4) { _ in
                    total.value.wrappingAdd(1, ordering: .relaxed)
                }
            }
        }
        #expect(total.value.load(ordering: .relaxed) == 512)
    }

    @Test func `many short loops one after another share the same threads`() {
        let total = Shared(Atomic(0))
        for _ in 0..<2_000 {
            runtime.parallel(count: 4, threadCount: 4) { _ in
                total.value.wrappingAdd(1, ordering: .relaxed)
            }
        }
        #expect(total.value.load(ordering: .relaxed) == 8_000)
    }

    @Test func `what a loop wrote is seen after it`() {
        var results = [Int](repeating: 0, count: 10_000)
        let box = unsafe results.withUnsafeMutableBufferPointer { unsafe SendableBuffer(base: $0) }
        runtime.parallel(count: 10_000, threadCount: 4) { index in
            unsafe box.base[index] = index
        }
        #expect(results == Array(0..<10_000))
    }
}

/// A counter that closures may share.
final class Shared: Sendable {
    let value: Atomic<Int>

    init(_ value: consuming Atomic<Int>) { self.value = value }
}

/// Memory whose elements are each written by one thread.
@safe private struct SendableBuffer: @unchecked Sendable {
    // Invariant for Sendable: no element is touched by two threads between two loops.
    let base: UnsafeMutableBufferPointer<Int>
}
