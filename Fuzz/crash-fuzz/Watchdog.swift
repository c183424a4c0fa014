// Names the case that trapped or hangs: the process itself cannot go on then.

import Glibc
import Synchronization

/// Where the replay line of the case at hand stands, ready to be printed by a signal handler.
enum Watchdog {
    private static let capacity = 256
    // Safety: written by the one thread that runs cases, read by a handler on that thread.
    nonisolated(unsafe) private static let text = UnsafeMutablePointer<CChar>.allocate(
        capacity: capacity)
    private static let length = Atomic<Int>(0)
    /// Seconds after which a case counts as hanging.
    private static let limitSeconds: UInt32 = 30

    /// Has traps and hangs print the case at hand.
    static func install() {
        unsafe text.initialize(repeating: 0, count: capacity)
        for number in [SIGILL, SIGTRAP, SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGALRM] {
            _ = signal(number) { number in
                Watchdog.printCase()
                _exit(number == SIGALRM ? 4 : 3)
            }
        }
    }

    /// A case begins.
    static func begin(_ seed: UInt64, _ place: Int, _ policy: String) {
        let line = "--replay \(seed) \(place) \(policy)"
        var count = 0
        for byte in line.utf8.prefix(capacity - 1) {
            unsafe text[count] = CChar(bitPattern: byte)
            count += 1
        }
        length.store(count, ordering: .relaxed)
        alarm(limitSeconds)
    }

    private static func printCase() {
        let prefix: StaticString = "\nTRAP OR HANG: "
        _ = unsafe write(2, prefix.utf8Start, prefix.utf8CodeUnitCount)
        _ = unsafe write(2, text, length.load(ordering: .relaxed))
        let end: StaticString = "\n"
        _ = unsafe write(2, end.utf8Start, 1)
    }
}
