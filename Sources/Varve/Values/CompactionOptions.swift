// How a store's compactor works.

import VarveCompaction

/// When segments are merged, and how much that may take.
///
/// Merging runs on a thread of its own, gives way to searches and flushes, and never holds up a
/// reader or a writer, with one exception that is announced: where flushing has made
/// ``stopSegmentCount`` segments and a merge is under way, writes wait for it.
public struct CompactionOptions: Hashable, Sendable {
    /// Whether the store merges segments unasked.
    public var isAutomatic = true
    /// Segments above which some are merged, whatever their sizes; at least 2.
    public var segmentLimit = 8
    /// Segments of about the same size that are merged into one; at least 2.
    public var tierCount = 4
    /// The share of deleted and expired rows from which on a segment is rewritten, above 0 to 1.
    public var deadShareLimit = 0.2
    /// Bytes the tombstones of all segments may take before the worst segment is rewritten.
    public var tombstoneByteLimit: UInt64 = 8 << 20
    /// Segments from which on writes wait while a merge is under way; above ``segmentLimit``.
    public var stopSegmentCount = 40
    /// Bytes a second that merges read and write at most; zero for no limit.
    public var bytesPerSecond: UInt64 = 0
    /// Threads of a merge; zero for as many as ``Options/threadCount``.
    public var threadCount = 0
    /// Bytes of disk that a merge may take besides what there is; zero for all but
    /// ``Options/lowSpaceByteCount`` of what is free.
    public var spaceLimitByteCount: UInt64 = 0
    /// Whether no thread is started and merges go on by ``Store/compactionStep()`` alone.
    ///
    /// Not stored; for tests.
    package var isStepped = false
    /// What every merge but a rebuild is said to cost in recall.
    ///
    /// Not stored; for tests of the refusal.
    package var recallPenalty = 0.0

    /// The defaults.
    public init() {}

    /// The rules by which segments are chosen.
    var picker: CompactionPicker {
        var picker = CompactionPicker()
        picker.segmentLimit = segmentLimit
        picker.tierCount = tierCount
        picker.deadShareLimit = deadShareLimit
        picker.tombstoneByteLimit = tombstoneByteLimit
        picker.spaceLimitByteCount = spaceLimitByteCount == 0 ? nil : spaceLimitByteCount
        return picker
    }

    func validate() throws(StoreError) {
        guard segmentLimit >= 2, tierCount >= 2, stopSegmentCount > segmentLimit,
            deadShareLimit > 0, deadShareLimit <= 1, (0...256).contains(threadCount)
        else {
            throw StoreError(
                .invalidArgument,
                "compaction wants a segment limit and a tier of at least 2, a stop above the "
                    + "limit, a share above 0 to 1 and at most 256 threads")
        }
    }

    /// The options as they stand in the manifest.
    var pairs: [(key: String, value: String)] {
        [
            ("compaction", isAutomatic ? "automatic" : "manual"),
            ("compaction_segments", String(segmentLimit)),
            ("compaction_tier", String(tierCount)),
            ("compaction_dead_share", String(deadShareLimit)),
            ("compaction_tombstone_bytes", String(tombstoneByteLimit)),
            ("compaction_stop_segments", String(stopSegmentCount)),
            ("compaction_bytes_per_second", String(bytesPerSecond)),
            ("compaction_threads", String(threadCount)),
            ("compaction_space_bytes", String(spaceLimitByteCount)),
        ]
    }

    /// Takes one stored option; leaves alone what is not about compaction.
    mutating func take(_ key: String, _ value: String) {
        switch key {
        case "compaction": isAutomatic = value == "automatic"
        case "compaction_segments": segmentLimit = Int(value) ?? segmentLimit
        case "compaction_tier": tierCount = Int(value) ?? tierCount
        case "compaction_dead_share": deadShareLimit = Double(value) ?? deadShareLimit
        case "compaction_tombstone_bytes":
            tombstoneByteLimit = UInt64(value) ?? tombstoneByteLimit
        case "compaction_stop_segments": stopSegmentCount = Int(value) ?? stopSegmentCount
        case "compaction_bytes_per_second": bytesPerSecond = UInt64(value) ?? bytesPerSecond
        case "compaction_threads": threadCount = Int(value) ?? threadCount
        case "compaction_space_bytes":
            spaceLimitByteCount = UInt64(value) ?? spaceLimitByteCount
        default: return
        }
    }
}
