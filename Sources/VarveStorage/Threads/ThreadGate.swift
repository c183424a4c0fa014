// A gate for threads.

/// A mutex and a condition: the plainest way to wait for other threads.
final class ThreadGate: Gate {
    private let lock = ThreadLock()
    private let opened: ThreadSignal

    init() { opened = ThreadSignal(lock) }

    func wait(until condition: () -> Bool) {
        lock.withLock {
            while !condition() { opened.wait() }
        }
    }

    // Taking the lock makes sure that no waiter stands between its look at the condition and its
    // sleep.
    func open() { lock.withLock { opened.broadcast() } }
}
