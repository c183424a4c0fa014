// Time, chance and threads: the other seam. Nothing else in the engine reads a clock, draws a
// random number or starts a thread.

/// What a worker's step has to say about what comes next.
public enum WorkerStep: Hashable, Sendable {
    /// There is more to do at once.
    case again
    /// Nothing to do until someone calls ``Worker/wake()``.
    case idle
    /// Nothing to do until `nanoseconds` have passed or someone calls ``Worker/wake()``.
    case sleep(nanoseconds: UInt64)
    /// The worker is done for ever.
    case finished
}

/// Something that makes steps in the background.
public protocol Worker: AnyObject, Sendable {
    /// Ends an idle or sleeping worker's rest; remembered if it is just making a step.
    func wake()
    /// Waits until the worker's last step, which must have answered ``WorkerStep/finished`` or will
    /// soon.
    func join()
}

/// A place to wait for a condition that other threads make true.
public protocol Gate: AnyObject, Sendable {
    /// Returns once `condition` is true. It is evaluated under the gate's own lock, again after
    /// every ``open()``; it must be quick and must not wait. The caller must hold no lock.
    func wait(until condition: () -> Bool)
    /// Has every waiter look at its condition again.
    func open()
}

/// Clock, chance and threads, as this machine has them or as a simulation plays them.
///
/// In production, workers are threads. In simulation there is one thread: workers are stepped in an
/// order drawn from a seed, also from inside ``Gate/wait(until:)``, so one seed gives one history.
public protocol Runtime: AnyObject, Sendable {
    /// Nanoseconds of a clock that never goes back.
    func monotonicNanoseconds() -> UInt64
    /// Microseconds since 1970-01-01T00:00:00Z.
    func wallClockMicroseconds() -> Int64
    /// 64 random bits.
    func randomBits() -> UInt64
    /// Starts a worker that calls `step` until it answers ``WorkerStep/finished``.
    func startWorker(_ name: String, _ step: @escaping @Sendable () -> WorkerStep) -> any Worker
    /// Has the calling worker's thread, and the threads of its loops, give way to all others from
    /// now on.
    func enterBackground()
    /// Says that someone waits for an answer just now: for some milliseconds, loops of background
    /// workers take no second thread.
    func noteForeground()
    /// A new gate.
    func makeGate() -> any Gate
    /// Calls `body` once for every index below `count`, on up to `threadCount` threads, and returns
    /// when all calls have. The calls are taken from a shared counter in order.
    func parallel(count: Int, threadCount: Int, _ body: @Sendable (Int) -> Void)
    /// Lets `nanoseconds` pass on this thread.
    func sleep(nanoseconds: UInt64)
}
