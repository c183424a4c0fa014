// Clock, chance and threads of this machine.

import CRing
import Glibc

/// The runtime of production: workers are threads, gates are mutexes, loops share a pool of
/// threads.
///
/// All calls may be made from any thread. Threads of the pool are made when a loop first asks for
/// them, stay for later loops, and end with this object.
public final class SystemRuntime: Runtime {
    private let pool = ThreadPool()
    /// For loops of workers that give way.
    private let backgroundPool: ThreadPool
    private let foreground: ForegroundWork

    /// A runtime with no thread yet.
    public init() {
        let foreground = ForegroundWork()
        self.foreground = foreground
        backgroundPool = ThreadPool(givingWayTo: foreground)
    }

    public func monotonicNanoseconds() -> UInt64 { SystemClock.monotonicNanoseconds() }

    public func wallClockMicroseconds() -> Int64 {
        let time = SystemClock.now(CLOCK_REALTIME)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }

    public func randomBits() -> UInt64 {
        // The standard library asks the kernel (getrandom) each time.
        var kernel = SystemRandomNumberGenerator()
        return kernel.next()
    }

    /// Starts a thread; traps if the system has none to give.
    public func startWorker(_ name: String, _ step: @escaping @Sendable () -> WorkerStep)
        -> any Worker
    {
        ThreadWorker(name, step)
    }

    public func enterBackground() { csystem_enter_background() }

    public func noteForeground() { foreground.note() }

    public func makeGate() -> any Gate { ThreadGate() }

    public func parallel(count: Int, threadCount: Int, _ body: @Sendable (Int) -> Void) {
        let pool = csystem_is_background() != 0 ? backgroundPool : pool
        pool.run(count: count, threadCount: threadCount, body)
    }

    public func sleep(nanoseconds: UInt64) {
        var rest = timespec(nanoseconds: nanoseconds)
        var request = rest
        while unsafe nanosleep(&request, &rest) != 0, errno == EINTR { request = rest }
    }
}

/// The clocks of this machine.
enum SystemClock {
    static func monotonicNanoseconds() -> UInt64 { now(CLOCK_MONOTONIC).nanoseconds }

    static func now(_ clock: clockid_t) -> timespec {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return time
    }
}
