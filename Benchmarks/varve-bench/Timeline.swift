// What happened to a store and when, for plots.

import Synchronization
import Varve

/// Merges as they begin and end, and how many segments there are over time.
final class Timeline: Sendable {
    private let start = monotonicNanoseconds()
    private let state = Mutex(State())

    private struct State {
        var merges: [JSONValue] = []
        var samples: [JSONValue] = []
        var refusals: [JSONValue] = []
        var begin: Double?
        var regimes: [String: Int] = [:]
        var longestMergeSeconds = 0.0
    }

    /// Seconds since the timeline began.
    var now: Double { seconds(since: start) }

    /// A listener that notes merges.
    var listener: EventListener {
        var listener = EventListener()
        listener.compactionBegan = { [self] _ in state.withLock { $0.begin = now } }
        listener.compacted = { [self] event in note(event) }
        listener.compactionRefused = { [self] event in
            let refusal = JSONValue.object([
                ("recall_before", .decimal(event.sourceRecall, digits: 4)),
                ("recall_after", .decimal(event.outputRecall, digits: 4)),
            ])
            state.withLock { $0.refusals.append(refusal) }
        }
        return listener
    }

    private func note(_ event: CompactionEvent) {
        let end = now
        state.withLock { state in
            let begin = state.begin ?? end
            state.merges.append(
                .object([
                    ("begin_s", .decimal(begin, digits: 3)), ("end_s", .decimal(end, digits: 3)),
                    ("inputs", .integer(event.inputs.count)), ("rows", .integer(event.rowCount)),
                    ("reason", .text(event.reason)), ("regime", .text(event.regime)),
                    ("recall_before", .decimal(event.sourceRecall ?? .nan, digits: 4)),
                    ("recall_after", .decimal(event.outputRecall ?? .nan, digits: 4)),
                ]))
            state.regimes[event.regime, default: 0] += 1
            state.longestMergeSeconds = max(state.longestMergeSeconds, end - begin)
        }
    }

    /// Notes how the store stands.
    func sample(_ store: Store, _ extra: [(name: String, value: JSONValue)] = []) throws {
        let figures = try store.statistics()
        let fields: [(name: String, value: JSONValue)] = [
            ("t_s", .decimal(now, digits: 3)), ("rows", .integer(figures.rowCount)),
            ("segments", .integer(figures.segmentCount)),
            ("dead_rows", .integer(figures.deadRowCount)),
            ("segment_mib", .decimal(Double(figures.segmentByteCount) / 1_048_576, digits: 1)),
            ("amplification", .decimal(figures.segmentAmplification, digits: 3)),
        ]
        let sample = JSONValue.object(fields + extra)
        state.withLock { $0.samples.append(sample) }
    }

    /// The fields of a result.
    var fields: [(name: String, value: JSONValue)] {
        state.withLock { state in
            [
                ("merges", .list(state.merges)), ("samples", .list(state.samples)),
                ("refusals", .list(state.refusals)),
                ("longest_merge_s", .decimal(state.longestMergeSeconds, digits: 2)),
            ]
        }
    }
}

/// What a store has written and how often it held writers up, for a result.
func writingFields(_ figures: Statistics) -> [(name: String, value: JSONValue)] {
    [
        ("merge_count", .integer(Int(figures.mergeCount))),
        ("refused_merges", .integer(Int(figures.refusedMergeCount))),
        ("segments_at_end", .integer(figures.segmentCount)),
        ("logged_mib", .decimal(Double(figures.loggedByteCount) / 1_048_576, digits: 1)),
        ("flushed_mib", .decimal(Double(figures.flushedByteCount) / 1_048_576, digits: 1)),
        ("merged_mib", .decimal(Double(figures.compactedByteCount) / 1_048_576, digits: 1)),
        // Bytes that flushes and merges have written, for each byte of the segments in the end.
        (
            "write_amplification",
            .decimal(
                Double(figures.flushedByteCount + figures.compactedByteCount)
                    / Double(max(1, figures.segmentByteCount)), digits: 2)
        ), ("bytes_per_flushed_byte", .decimal(figures.segmentAmplification, digits: 2)),
        ("bytes_per_logged_byte", .decimal(figures.writeAmplification, digits: 2)),
        ("sustainable_rows_per_s", .integer(figures.sustainableRowsPerSecond)),
        ("stalls", .integer(Int(figures.stallCount))),
        (
            "longest_stall_s",
            .decimal(Double(figures.longestStallNanoseconds) / 1e9, digits: 3)
        ),
    ]
}
