// Threads that wait for loops to share.

import CRing
import Synchronization

/// Threads that stay, and the loops they help with.
///
/// The caller of a loop takes part in it and can finish it alone, so a loop inside a loop never
/// waits for a thread that waits for it.
final class ThreadPool: Sendable {
    private let state: State

    /// A pool without threads yet.
    ///
    /// With `foreground`, they give way to all others, and leave their loops to the callers while
    /// it is busy.
    init(givingWayTo foreground: ForegroundWork? = nil) { state = State(foreground) }

    /// One loop under way.
    private final class Loop: @unchecked Sendable {
        // Invariant for Sendable: `body` is set before the loop is shared and cleared once no
        // thread is inside; the other variables are read and written with the pool's lock held.
        let count: Int
        let next = Atomic(0)
        var body: (@Sendable (Int) -> Void)?
        /// How many more threads may join.
        var seatCount: Int
        /// How many threads besides the caller are inside.
        var guestCount = 0

        init(count: Int, seatCount: Int, _ body: @escaping @Sendable (Int) -> Void) {
            self.count = count
            self.seatCount = seatCount
            self.body = body
        }

        /// Takes indices until there are none left, or until `foreground` is busy.
        @inline(never)
        func work(givingWayTo foreground: ForegroundWork? = nil) {
            guard let body else { return }
            while true {
                if let foreground, foreground.isBusy { return }
                let index = next.wrappingAdd(1, ordering: .relaxed).oldValue
                guard index < count else { return }
                body(index)
            }
        }
    }

    /// What the threads share with the pool; they hold this and not the pool.
    private final class State: @unchecked Sendable {
        // Invariant for Sendable: the variables are read and written with `lock` held.
        let lock = ThreadLock()
        let offered: ThreadSignal
        let left: ThreadSignal
        /// Loops with seats left, oldest first.
        var loops: [Loop] = []
        var threadCount = 0
        var isClosed = false
        let foreground: ForegroundWork?

        init(_ foreground: ForegroundWork?) {
            self.foreground = foreground
            offered = ThreadSignal(lock)
            left = ThreadSignal(lock)
        }

        func remove(_ loop: Loop) { loops.removeAll { $0 === loop } }

        /// What every thread of the pool does all its life.
        func serve() {
            if foreground != nil { csystem_enter_background() }
            lock.lock()
            while !isClosed {
                guard let loop = loops.first else {
                    offered.wait()
                    continue
                }
                loop.seatCount -= 1
                if loop.seatCount == 0 { remove(loop) }
                loop.guestCount += 1
                lock.unlock()
                loop.work(givingWayTo: foreground)
                lock.lock()
                loop.guestCount -= 1
                if loop.guestCount == 0 { left.broadcast() }
            }
            lock.unlock()
        }
    }

    /// The threads end by themselves once they have nothing to do.
    deinit {
        state.lock.withLock {
            state.isClosed = true
            state.offered.broadcast()
        }
    }

    /// Calls `body` once for every index below `count`, on this thread and up to `threadCount - 1`
    /// others.
    func run(count: Int, threadCount: Int, _ body: @Sendable (Int) -> Void) {
        let guestCount = min(threadCount, count) - 1
        guard guestCount > 0 else {
            for index in 0..<max(0, count) { body(index) }
            return
        }
        withoutActuallyEscaping(body) { body in
            let loop = Loop(count: count, seatCount: guestCount, body)
            offer(loop)
            loop.work()
            withdraw(loop)
        }
    }

    private func offer(_ loop: Loop) {
        let state = state
        state.lock.withLock {
            state.loops.append(loop)
            // Fewer threads than wished for make the loop slower and nothing else.
            while state.threadCount < loop.seatCount,
                startThread("varve-pool", { state.serve() })
            {
                state.threadCount += 1
            }
            for _ in 0..<loop.seatCount { state.offered.signal() }
        }
    }

    /// Lets no other thread in and waits for those inside.
    private func withdraw(_ loop: Loop) {
        state.lock.withLock {
            if loop.seatCount > 0 { state.remove(loop) }
            while loop.guestCount > 0 { state.left.wait() }
            loop.body = nil
        }
    }
}
