// What a user may set, and what of it is stored with the store.

import VarveFormat
import VarveGraph
import VarveLog

/// When a write is acknowledged.
public enum Durability: Hashable, Sendable {
    /// After its log record is on the disk: an acknowledged write survives a power cut. The
    /// default.
    case everyCommit
    /// After its log record is in the page cache, which is synced at least every so many
    /// milliseconds: an acknowledged write survives the death of the process; a power cut loses at
    /// most the last interval, and never leaves a hole.
    case interval(milliseconds: UInt32)
    /// After its log record is in the page cache, which is synced by ``Store/sync()``, a flush and
    /// closing.
    case onRequest
}

/// How a store works.
///
/// Stored with it at creation; opening with other values replaces them.
///
/// **Back-pressure.** Writes go to one memtable of ``memtableByteCount`` bytes; up to
/// ``sealedMemtableLimit`` full ones wait for their flush beside it. Once all but one of them wait,
/// writes are slowed to about the pace of the flushes; when the active one is full beside as many
/// as may wait, writes are stopped until a flush has ended. They are stopped, too, while a merge is
/// under way and there are ``CompactionOptions/stopSegmentCount`` segments. Both are told to the
/// listener, with their ends, and counted in ``Statistics``. A stall ends with the flush it waits
/// for, or with an error where that finds no room on the disk or fails.
public struct Options: Hashable, Sendable {
    /// When a write is acknowledged.
    public var durability: Durability = .everyCommit
    /// Bytes of memory the store may use for memtables, codes, caches and building graphs: at least
    /// 16 MiB.
    ///
    /// A memtable takes a tenth, mapped segments a quarter, the page cache a thirty-second; a bulk
    /// load gathers runs of a quarter.
    public var memoryBudgetByteCount: Int = 256 << 20
    /// Threads that build graphs in the background, and that a batch of queries is spread over.
    public var threadCount: Int = 2
    /// Neighbours a node of a graph keeps, 8 to 128.
    public var maxDegree: Int = 32
    /// Width of the beam that finds a new node's neighbours, at least `maxDegree`.
    public var buildWidth: Int = 75
    /// Whether segments carry walk blocks: about twice the disk space for several times the speed
    /// in memory.
    public var walkBlocks = true
    /// Whether searches of segments beyond the mapped share of the budget read past the kernel's
    /// page cache.
    ///
    /// Then the kernel keeps no pages beside the budget; otherwise it keeps them as it sees fit,
    /// and gives them up when others need the memory. Row codes beyond three quarters of the
    /// budget are mapped in either case.
    public var readsDirectly = true
    /// Seconds a retired file stays in the trash before it is unlinked.
    public var trashGraceSeconds: UInt32 = 60
    /// Free bytes on the disk under which the `lowSpace` event is sent.
    public var lowSpaceByteCount: UInt64 = 1 << 30
    /// When segments are merged, and how much that may take.
    public var compaction = CompactionOptions()
    /// What the store lets go by itself.
    public var retention = RetentionOptions()
    /// Bytes one memtable may take, in place of its share of the budget.
    ///
    /// Not stored; for tests, which want memtables that fill up soon.
    package var memtableByteLimit: Int?

    /// The defaults.
    public init() {}

    /// The smallest memory budget a store can work in.
    public static let minimumMemoryBudgetByteCount = 16 << 20
}

extension Options {
    /// Bytes one memtable may take: a tenth of the budget.
    ///
    /// One is written to while up to ``sealedMemtableLimit`` wait to be flushed; the rest of the
    /// budget is for building, caches and mapped segments.
    public var memtableByteCount: Int { memtableByteLimit ?? memoryBudgetByteCount / 10 }

    /// Sealed memtables that may wait for their flush.
    ///
    /// From here on writes are slowed while the active memtable fills, and stopped when it is full.
    public static let sealedMemtableLimit = 3

    func validate() throws(StoreError) {
        guard memoryBudgetByteCount >= Self.minimumMemoryBudgetByteCount else {
            throw StoreError(.invalidArgument, "a memory budget is at least 16 MiB")
        }
        guard (1...256).contains(threadCount) else {
            throw StoreError(.invalidArgument, "threadCount is 1 to 256, not \(threadCount)")
        }
        guard (8...128).contains(maxDegree), (maxDegree...1_024).contains(buildWidth) else {
            throw StoreError(
                .invalidArgument,
                "maxDegree is 8 to 128 and buildWidth maxDegree to 1,024, "
                    + "not \(maxDegree) and \(buildWidth)"
            )
        }
        try compaction.validate()
    }

    /// Bytes of pages of segments that are kept in memory, where segments are not mapped.
    var pageCacheByteCount: Int { memoryBudgetByteCount / 32 }

    /// Bytes of segment files that are read through mapped memory: a quarter of the budget.
    ///
    /// What does not fit is read by pages through the cache.
    var mappedByteLimit: UInt64 { UInt64(memoryBudgetByteCount / 4) }

    /// Bytes of row codes of segments read by pages that are kept in memory: three quarters of the
    /// budget.
    ///
    /// Codes are worth more memory than anything else that searches by pages could keep. Those of
    /// segments beyond it are mapped, for the kernel to keep or take back.
    var codeByteLimit: Int { memoryBudgetByteCount / 4 * 3 }

    /// Bytes a merge may take in memory: a quarter of the budget.
    var mergeByteLimit: Int { memoryBudgetByteCount / 4 }

    /// Bytes of a merge's scratch files that may lie in memory.
    var mergeScratchByteLimit: Int { memoryBudgetByteCount / 8 * 5 }

    /// Bytes reserved for a new log: what a memtable's writes take, roughly.
    var logPreallocationByteCount: UInt64 { UInt64(min(memtableByteCount, 64 << 20)) }

    /// Zeroed bytes kept ahead of the log's records.
    var zeroedAheadByteCount: UInt64 { min(logPreallocationByteCount, 8 << 20) }

    /// How memtables grow their graphs.
    var graphParameters: GraphParameters {
        var parameters = GraphParameters()
        parameters.maxDegree = maxDegree
        parameters.buildWidth = buildWidth
        return parameters
    }

    /// The options as they stand in the manifest.
    func stored() -> [StoredOption] {
        pairs().map { StoredOption(key: $0.key, value: $0.value) }
    }

    /// The options a manifest has; keys this version does not know are left alone.
    init(stored: [StoredOption]) {
        self.init(pairs: stored.map { ($0.key, $0.value) })
    }

    private func pairs() -> [(key: String, value: String)] {
        [
            ("durability", durability.text),
            ("memory_budget_bytes", String(memoryBudgetByteCount)),
            ("threads", String(threadCount)),
            ("max_degree", String(maxDegree)),
            ("build_width", String(buildWidth)),
            ("direct_reads", readsDirectly ? "yes" : "no"),
            ("walk_blocks", walkBlocks ? "yes" : "no"),
            ("trash_grace_seconds", String(trashGraceSeconds)),
            ("low_space_bytes", String(lowSpaceByteCount)),
        ] + compaction.pairs + retention.pairs
    }

    private init(pairs: [(key: String, value: String)]) {
        self.init()
        for (key, value) in pairs {
            switch key {
            case "durability": durability = Durability(text: value) ?? durability
            case "memory_budget_bytes": memoryBudgetByteCount = Int(value) ?? memoryBudgetByteCount
            case "threads": threadCount = Int(value) ?? threadCount
            case "max_degree": maxDegree = Int(value) ?? maxDegree
            case "build_width": buildWidth = Int(value) ?? buildWidth
            case "direct_reads": readsDirectly = value == "yes"
            case "walk_blocks": walkBlocks = value == "yes"
            case "trash_grace_seconds": trashGraceSeconds = UInt32(value) ?? trashGraceSeconds
            case "low_space_bytes": lowSpaceByteCount = UInt64(value) ?? lowSpaceByteCount
            default:
                compaction.take(key, value)
                retention.take(key, value)
            }
        }
    }
}

extension Durability {
    /// The policy of the group commit.
    var policy: DurabilityPolicy {
        switch self {
        case .everyCommit: .everyCommit
        case .interval(let milliseconds): .interval(milliseconds: milliseconds)
        case .onRequest: .onRequest
        }
    }

    /// The policy's name in manifests: `everyCommit`, `interval(50)`, `onRequest`.
    public var text: String {
        switch self {
        case .everyCommit: "everyCommit"
        case .interval(let milliseconds): "interval(\(milliseconds))"
        case .onRequest: "onRequest"
        }
    }

    /// The policy of that name; nil for any other text.
    public init?(text: String) {
        switch text {
        case "everyCommit": self = .everyCommit
        case "onRequest": self = .onRequest
        default:
            guard text.hasPrefix("interval("), text.hasSuffix(")"),
                let milliseconds = UInt32(text.dropFirst(9).dropLast())
            else { return nil }
            self = .interval(milliseconds: milliseconds)
        }
    }
}
