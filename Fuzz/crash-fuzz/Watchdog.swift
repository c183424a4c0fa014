// Names the case that trapped or hangs: the process itself cannot go on then.

import Glibc
import Synchronization

/// Where the case at hand stands, ready to be printed by a signal handler, or to be run again.
enum Watchdog {
    private static let capacity = 256
    // Safety: written by the one thread that runs cases, read by a handler on that thread.
    nonisolated(unsafe) private static let text = UnsafeMutablePointer<CChar>.allocate(
        capacity: 4 * capacity)
    private static let isHunting = Atomic<Bool>(false)
    /// Seconds of the processor's time after which a case counts as hanging.
    private static let limitSeconds = 2
    /// Seconds after which it does without using the processor: it waits for ever, or the machine
    /// was stopped.
    private static let sleepLimitSeconds: UInt32 = 120

    /// Has traps and hangs print the case at hand.
    ///
    /// - Parameter hunting: Whether they run the case again in this process without planted bugs.
    static func install(hunting: Bool) {
        isHunting.store(hunting, ordering: .relaxed)
        unsafe text.initialize(repeating: 0, count: 4 * capacity)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM, SIGPROF] {
            _ = signal(number) { number in
                let isHang = number == SIGALRM || number == SIGPROF
                Watchdog.printCase(isHang)
                if Watchdog.isHunting.load(ordering: .relaxed) { Watchdog.confirm() }
                _exit(isHang ? 4 : 3)
            }
        }
    }

    /// A case begins.
    static func begin(_ seed: UInt64, _ place: Int, _ policy: String) {
        put("\(seed)", 0)
        put("\(place)", 1)
        put(policy, 2)
        var time = itimerval()
        time.it_value.tv_sec = limitSeconds
        unsafe setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &time, nil)
        alarm(sleepLimitSeconds)
    }

    /// Ends this process and begins another in its place, which runs the case at hand without any
    /// planted bug: its exit status is 1 if nothing goes wrong then, 5 if something does.
    static func confirm() -> Never {
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe sigprocmask(SIG_SETMASK, &none, nil)
        put("--confirm", 3)
        unsafe withUnsafeTemporaryAllocation(
            of: UnsafeMutablePointer<CChar>?.self, capacity: 6
        ) { words in
            unsafe words[0] = unsafe text + 3 * capacity
            unsafe words[1] = unsafe text + 3 * capacity
            for index in 0..<3 { unsafe words[2 + index] = unsafe text + index * capacity }
            unsafe words[5] = nil
            guard let list = words.baseAddress else { return }
            _ = unsafe execve("/proc/self/exe", list, environ)
        }
        _exit(6)
    }

    private static func put(_ word: String, _ place: Int) {
        var count = 0
        for byte in word.utf8.prefix(capacity - 1) {
            unsafe text[place * capacity + count] = CChar(bitPattern: byte)
            count += 1
        }
        unsafe text[place * capacity + count] = 0
    }

    private static func printCase(_ isHang: Bool) {
        write(isHang ? "\nHANG: --replay" : "\nTRAP: --replay")
        for place in 0..<3 {
            write(" ")
            let word = unsafe text + place * capacity
            _ = unsafe Glibc.write(2, word, strlen(word))
        }
        write("\n")
    }

    private static func write(_ text: StaticString) {
        _ = unsafe Glibc.write(2, text.utf8Start, text.utf8CodeUnitCount)
    }
}
