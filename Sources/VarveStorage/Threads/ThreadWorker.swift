// A worker that is a thread.

/// Calls a step on a thread of its own until that answers `finished`.
final class ThreadWorker: Worker {
    private let state: State

    /// What thread and owner share; the thread holds this and not the worker.
    private final class State: @unchecked Sendable {
        // Invariant for Sendable: the variables are read and written with `lock` held.
        let lock = ThreadLock()
        let woken: ThreadSignal
        let ended: ThreadSignal
        var isWoken = false
        var hasEnded = false
        /// What to do; the thread takes it out, so that it is gone once the worker has ended.
        var step: (@Sendable () -> WorkerStep)?

        init(_ step: @escaping @Sendable () -> WorkerStep) {
            self.step = step
            woken = ThreadSignal(lock)
            ended = ThreadSignal(lock)
        }
    }

    /// Starts the thread; traps if the system has none to give.
    init(_ name: String, _ step: @escaping @Sendable () -> WorkerStep) {
        let state = State(step)
        self.state = state
        let started = startThread(name) {
            Self.run(state)
            state.lock.withLock {
                state.hasEnded = true
                state.ended.broadcast()
            }
        }
        precondition(started, "no thread for the worker \(name): the process is at its limit")
    }

    @inline(never)
    private static func run(_ state: State) {
        guard let step = state.lock.withLock({ state.step.take() }) else { return }
        while true {
            switch step() {
            case .again: continue
            case .finished: return
            case .idle: rest(state, until: nil)
            case .sleep(let nanoseconds):
                let now = SystemClock.monotonicNanoseconds()
                let (deadline, overflow) = now.addingReportingOverflow(nanoseconds)
                rest(state, until: overflow ? nil : deadline)
            }
        }
    }

    /// Sleeps until woken or until `deadline`, and forgets the waking.
    private static func rest(_ state: State, until deadline: UInt64?) {
        state.lock.withLock {
            while !state.isWoken {
                guard let deadline else {
                    state.woken.wait()
                    continue
                }
                if SystemClock.monotonicNanoseconds() >= deadline { break }
                state.woken.wait(untilNanoseconds: deadline)
            }
            state.isWoken = false
        }
    }

    func wake() {
        state.lock.withLock {
            state.isWoken = true
            state.woken.signal()
        }
    }

    func join() {
        state.lock.withLock {
            while !state.hasEnded { state.ended.wait() }
        }
    }
}
