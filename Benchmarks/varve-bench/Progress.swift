// How far a long run is, once a second, on the error stream.

import Glibc

/// Writes a line to the error stream.
func report(_ text: String) {
    let bytes = Array((text + "\n").utf8)
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}

/// Counts finished items and says now and then how many, how fast and how long still.
struct Progress {
    private let label: String
    private let total: Int
    private let start = monotonicNanoseconds()
    private var lastReport = monotonicNanoseconds()
    private var done = 0

    /// Progress of `total` items, called `label`.
    init(_ label: String, total: Int) {
        self.label = label
        self.total = total
    }

    /// Counts `count` more items.
    mutating func advance(by count: Int) {
        done += count
        let now = monotonicNanoseconds()
        guard now - lastReport >= 1_000_000_000 else { return }
        lastReport = now
        let rate = Double(done) / (Double(now - start) / 1e9)
        let left = rate > 0 ? Double(total - done) / rate : 0
        report(
            "\(label): \(done) of \(total), \(Int(rate)) a second, \(Int(left.rounded(.up))) s left"
        )
    }
}
