// Where the fuzzer writes.

import Glibc

/// Progress to the standard error, results to the standard output.
enum FuzzOutput {
    /// Writes a line of progress.
    static func note(_ line: String) { put(line + "\n", 2) }

    /// Writes a line of the result.
    static func result(_ line: String) { put(line + "\n", 1) }

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
