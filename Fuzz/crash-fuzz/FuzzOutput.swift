// Where the fuzzer writes.

import Glibc
import Synchronization

/// Progress to the standard error, results to the standard output.
enum FuzzOutput {
    /// Writes a line of progress.
    static func note(_ line: String) { put(line + "\n", 2) }

    /// Writes a line of the result.
    static func result(_ line: String) { put(line + "\n", 1) }

    /// Writes a line of progress, if none was for ten seconds.
    static func noteNowAndThen(_ line: () -> String) {
        let now = UInt64(seconds())
        guard now >= lastNote.load(ordering: .relaxed) + 10 else { return }
        lastNote.store(now, ordering: .relaxed)
        note(line())
    }

    private static let lastNote = Atomic(UInt64(seconds()))

    private static func put(_ text: String, _ descriptor: Int32) {
        var text = text
        text.withUTF8 { bytes in _ = unsafe write(descriptor, bytes.baseAddress, bytes.count) }
    }

    /// Seconds of a clock that never goes back.
    static func seconds() -> Double {
        var time = timespec()
        unsafe clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }
}
