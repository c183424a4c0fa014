// Whether someone waits for an answer just now.

import Synchronization

/// When work that somebody waits for was last under way.
final class ForegroundWork: Sendable {
    private let lastNanoseconds = Atomic<UInt64>(0)

    /// How long after the last note the foreground counts as busy.
    private static let busyNanoseconds: UInt64 = 5_000_000

    /// Says that such work is under way.
    func note() {
        lastNanoseconds.store(SystemClock.monotonicNanoseconds(), ordering: .relaxed)
    }

    /// Whether such work was under way a moment ago.
    var isBusy: Bool {
        let last = lastNanoseconds.load(ordering: .relaxed)
        return last != 0 && SystemClock.monotonicNanoseconds() &- last < Self.busyNanoseconds
    }
}
