// What an engine counts; read by Statistics.

import Synchronization

/// Counters since the store was opened, each updated on its own.
final class Counters: Sendable {
    let batchCount = Atomic<UInt64>(0)
    let rowCount = Atomic<UInt64>(0)
    let deleteCount = Atomic<UInt64>(0)
    let loggedByteCount = Atomic<UInt64>(0)
    let logSyncCount = Atomic<UInt64>(0)
    let flushCount = Atomic<UInt64>(0)
    let flushedByteCount = Atomic<UInt64>(0)
    /// How fast the last flushes have gone.
    let flushedRowsPerSecond = Atomic<UInt64>(0)
    /// Rows of the flush under way, and when it began; no rows where there is none.
    let flushingRowCount = Atomic<UInt64>(0)
    let flushingSince = Atomic<UInt64>(0)
    let publishedVersionCount = Atomic<UInt64>(0)
    /// Merges published, graphs of merges refused, and bytes of segments written by merges.
    let mergeCount = Atomic<UInt64>(0)
    let refusedMergeCount = Atomic<UInt64>(0)
    let compactedByteCount = Atomic<UInt64>(0)
    let stallCount = Atomic<UInt64>(0)
    let stallNanoseconds = Atomic<UInt64>(0)
    let longestStallNanoseconds = Atomic<UInt64>(0)
    let searchCount = Atomic<UInt64>(0)
    let corruptionCount = Atomic<UInt64>(0)
    /// The last sequence number that readers see.
    let visibleSequence = Atomic<UInt64>(0)
}

extension Atomic where Value == UInt64 {
    /// Adds without ordering anything else.
    func add(_ value: UInt64) { wrappingAdd(value, ordering: .relaxed) }

    /// The value now.
    var value: UInt64 { load(ordering: .relaxed) }

    /// Keeps the larger of both.
    func raise(to value: UInt64) {
        var current = load(ordering: .relaxed)
        while current < value {
            let result = compareExchange(
                expected: current, desired: value, ordering: .relaxed)
            if result.exchanged { return }
            current = result.original
        }
    }
}
