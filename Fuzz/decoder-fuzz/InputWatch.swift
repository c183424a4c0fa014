// Names the input that trapped or hangs: the process itself cannot go on then.

import Glibc

/// Which input is at work; used from the one thread there is, and by signals to it.
enum InputWatch {
    /// Seconds of the processor's time after which an input counts as hanging.
    private static let limitSeconds = 2
    // Safety: see above.
    nonisolated(unsafe) private static var target = unsafe strdup("")
    nonisolated(unsafe) private static var count = 0

    /// Has traps and hangs print the input's number: with the same seed it comes again.
    static func install() {
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGPROF] {
            _ = signal(number) { number in
                InputWatch.tell(number == SIGPROF)
                _exit(number == SIGPROF ? 4 : 3)
            }
        }
    }

    /// The inputs of a target begin.
    static func begin(_ name: String) {
        unsafe free(target)
        unsafe target = strdup(name)
        unsafe count = 0
    }

    /// The next input begins.
    @Sendable static func next() {
        unsafe count += 1
        set(limitSeconds)
    }

    /// There are no more inputs for now.
    static func end() { set(0) }

    private static func set(_ seconds: Int) {
        var time = itimerval()
        time.it_value.tv_sec = seconds
        unsafe setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &time, nil)
    }

    /// Allocates nothing: it may be called from anywhere.
    private static func tell(_ isHang: Bool) {
        put(isHang ? "\nHANG: " : "\nTRAP: ")
        if let target = unsafe target { _ = unsafe write(2, target, strlen(target)) }
        put(", input ")
        var unit = 1
        while unsafe count / unit >= 10 { unit *= 10 }
        while unit > 0 {
            var digit = unsafe UInt8(48 + count / unit % 10)
            _ = unsafe write(2, &digit, 1)
            unit /= 10
        }
        put(" of this seed\n")
    }

    private static func put(_ text: StaticString) {
        _ = unsafe write(2, text.utf8Start, text.utf8CodeUnitCount)
    }
}
