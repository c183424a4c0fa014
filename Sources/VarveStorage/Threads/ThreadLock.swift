// Mutual exclusion and waiting, as the operating system's threads have them.

import Glibc

/// A mutex at a fixed address.
@safe package final class ThreadLock: @unchecked Sendable {
    // Invariant for Sendable: the mutex is made before and destroyed after every use; the rest is
    // its job.
    fileprivate let mutex: UnsafeMutablePointer<pthread_mutex_t>

    package init() {
        unsafe mutex = .allocate(capacity: 1)
        let result = unsafe pthread_mutex_init(mutex, nil)
        precondition(result == 0, "a mutex needs no resource on Linux")
    }

    deinit {
        unsafe pthread_mutex_destroy(mutex)
        unsafe mutex.deallocate()
    }

    /// Calls `body` with the lock held.
    package func withLock<Result>(_ body: () -> Result) -> Result {
        lock()
        defer { unlock() }
        return body()
    }

    func lock() {
        let result = unsafe pthread_mutex_lock(mutex)
        precondition(result == 0, "the mutex is destroyed, or held by this very thread")
    }

    func unlock() {
        let result = unsafe pthread_mutex_unlock(mutex)
        precondition(result == 0, "the mutex is not held by this thread")
    }
}

/// A place to sleep until someone signals; always used with one ``ThreadLock``.
@safe final class ThreadSignal: @unchecked Sendable {
    // Invariant for Sendable: as for ThreadLock.
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private let lock: ThreadLock

    /// A signal whose waiters hold `lock`.
    init(_ lock: ThreadLock) {
        self.lock = lock
        unsafe condition = .allocate(capacity: 1)
        // Deadlines follow the clock that never jumps.
        var attributes = pthread_condattr_t()
        unsafe pthread_condattr_init(&attributes)
        unsafe pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        let result = unsafe pthread_cond_init(condition, &attributes)
        unsafe pthread_condattr_destroy(&attributes)
        precondition(result == 0, "a condition needs no resource on Linux")
    }

    deinit {
        unsafe pthread_cond_destroy(condition)
        unsafe condition.deallocate()
    }

    /// Gives the lock up, sleeps until a signal or for no reason at all, and takes the lock again.
    func wait() { unsafe pthread_cond_wait(condition, lock.mutex) }

    /// As ``wait()``, but until `deadline` on the monotonic clock at the latest.
    func wait(untilNanoseconds deadline: UInt64) {
        var time = timespec(nanoseconds: deadline)
        unsafe pthread_cond_timedwait(condition, lock.mutex, &time)
    }

    /// Ends the sleep of one waiter.
    func signal() { unsafe pthread_cond_signal(condition) }

    /// Ends the sleep of every waiter.
    func broadcast() { unsafe pthread_cond_broadcast(condition) }
}

extension timespec {
    /// A time or span of `nanoseconds`; more than the kernel can count becomes 292 years.
    init(nanoseconds: UInt64) {
        let bounded = Int(min(nanoseconds, UInt64(Int64.max)))
        self.init(tv_sec: bounded / 1_000_000_000, tv_nsec: bounded % 1_000_000_000)
    }

    /// The same as one number.
    var nanoseconds: UInt64 { UInt64(tv_sec) * 1_000_000_000 + UInt64(tv_nsec) }
}
