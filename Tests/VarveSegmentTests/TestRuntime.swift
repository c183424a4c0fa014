// A runtime that runs parallel bodies in whatever order a test asks for.

import VarveStorage

/// Calls bodies one after the other; with more than one thread, last to first.
final class TestRuntime: Runtime {
    func monotonicNanoseconds() -> UInt64 { 0 }
    func wallClockMicroseconds() -> Int64 { 0 }
    func randomBits() -> UInt64 { 1 }
    func enterBackground() {}
    func noteForeground() {}

    func startWorker(
        _ name: String, _ step: @escaping @Sendable () -> WorkerStep
    ) -> any Worker { fatalError("unused") }
    func makeGate() -> any Gate { fatalError("unused") }
    func sleep(nanoseconds: UInt64) {}

    func parallel(count: Int, threadCount: Int, _ body: @Sendable (Int) -> Void) {
        for index in 0..<count { body(threadCount > 1 ? count - 1 - index : index) }
    }
}
