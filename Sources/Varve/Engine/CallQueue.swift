// Threads of the store's own for callers that await, so that blocking work never holds up a thread
// of Swift's own pool.

import Synchronization
import VarveStorage

/// Runs calls on a few threads, which are started when they are first needed.
final class CallQueue: Sendable {
    private let runtime: any Runtime
    private let threadLimit: Int
    private let state = Mutex(State())

    private struct State {
        var waiting: [@Sendable () -> Void] = []
        var workers: [any Worker] = []
        var isStopping = false
    }

    init(_ runtime: any Runtime, threadLimit: Int) {
        self.runtime = runtime
        self.threadLimit = threadLimit
    }

    /// Runs `body` on one of the threads and gives what it gives.
    func run<R: Sendable>(
        _ body: @escaping @Sendable () throws(StoreError) -> R
    ) async throws(StoreError) -> R {
        let outcome = await withCheckedContinuation {
            (continuation: CheckedContinuation<Result<R, StoreError>, Never>) in
            enqueue {
                do throws(StoreError) {
                    continuation.resume(returning: .success(try body()))
                } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try outcome.get()
    }

    /// Lets the threads end once they have run what waits.
    func stop() {
        let workers = state.withLock { state in
            state.isStopping = true
            return state.workers
        }
        for worker in workers { worker.wake() }
    }

    private func enqueue(_ call: @escaping @Sendable () -> Void) {
        let isLate = state.withLock { state in
            guard !state.isStopping else { return true }
            state.waiting.append(call)
            if state.workers.count < threadLimit {
                let worker = runtime.startWorker("varve-call") { [weak self] in
                    self?.step() ?? .finished
                }
                state.workers.append(worker)
            }
            return false
        }
        // After the end every call fails at once, so it may as well do so here.
        if isLate { call() }
        for worker in state.withLock({ $0.workers }) { worker.wake() }
    }

    private func step() -> WorkerStep {
        let (call, isStopping) = state.withLock { state in
            (state.waiting.isEmpty ? nil : state.waiting.removeFirst(), state.isStopping)
        }
        guard let call else { return isStopping ? .finished : .idle }
        call()
        return .again
    }
}
