// What stands behind a store: its state, who may change what, and its workers.

import Synchronization
import VarveFormat
import VarveGraph
import VarveLog
import VarveManifest
import VarveMemtable
import VarveQuery
import VarveSegment
import VarveStorage

/// The engine of one open store.
///
/// Three parties, each with its own right:
///
/// - *Readers* pin the current ``ReadState`` without a lock and look at a view of it.
/// - *The writer*, whoever leads the group commit, holds ``writing`` while it appends to the log
///   and applies batches to the active memtable. Changing the structure needs the same lock, for an
///   instant.
/// - *The builder*, one background worker, grows graphs, turns sealed memtables into segments and
///   publishes versions. It never holds ``writing`` while it waits for the disk.
final class Engine: Sendable {
    let fileSystem: any FileSystem
    let runtime: any Runtime
    let directory: FilePath
    let schema: Schema
    let options: Options
    let listener: EventListener
    let manifests: ManifestStore
    let cache: PageCache
    let isReadOnly: Bool
    /// What readers see.
    let reading: PinnedReference<ReadState>
    /// The attribute names readers know; always those of every visible row.
    let names: PinnedReference<NameTable>
    /// What the writer changes.
    let writing: Mutex<WriterState>
    /// Writers waiting for each other.
    let commits: GroupCommit<CommitRequest, StoreError>
    /// A stall that has been announced and goes on.
    let stall = Mutex<Stall?>(nil)
    /// Writers waiting for a flush, callers of `flush()`, and the closing call.
    let progress: any Gate
    /// When the next write may begin while writes are slowed.
    let writeTurn = Mutex<UInt64>(0)
    let counters = Counters()
    let searchers: SearcherPool
    /// Where calls that are awaited run.
    let calls: CallQueue
    /// Whether the builder's thread gives way to others already.
    let isBuilderPolite = Atomic<Bool>(false)
    /// Batches written when the upkeeper looked last, and when that was.
    let pausedBatchCount = Atomic<UInt64>(0)
    let lastUpkeepNanoseconds = Atomic<UInt64>(0)
    private let lock: (any FileLock)?
    /// Held while files are moved to the trash, and while they must not be.
    let retiring = Mutex<Void>(())
    /// Held from the look at the live version until readers see its successor.
    ///
    /// Nobody waits for a worker meanwhile.
    let editing = Mutex<Void>(())
    /// The bulk load that is under way.
    let loading = Mutex(LoadState())
    /// What merging is to do and does.
    let compaction = Mutex(CompactionState())
    /// The merge under way; held while a step of it is made.
    let compacting = Mutex<CompactionJob?>(nil)
    /// Whether the compactor's thread gives way to others already.
    let isCompactorPolite = Atomic<Bool>(false)
    let workers = Mutex<[any Worker]>([])
    /// Wakes the upkeeper when an interval has begun.
    let upkeepBell: WorkerBell
    /// Set once, by closing.
    let isClosed = Atomic<Bool>(false)
    /// Set once, by the first failure after which nothing may be written.
    let hasFailed = Atomic<Bool>(false)
    /// Whether the last flush found no room on the disk.
    let isOutOfSpace = Atomic<Bool>(false)
    /// Flushes that have begun, and which of them was the last to find no room on the disk.
    let flushAttempt = Atomic<UInt64>(0)
    let spacelessAttempt = Atomic<UInt64>(0)
    /// Set when workers are to end.
    let isStopping = Atomic<Bool>(false)

    /// What only the writer, or whoever changes the structure, may touch.
    struct WriterState {
        /// The log that takes records; nil in a read-only store, and while there is no room for a
        /// new one.
        var log: LogWriter?
        /// What the next log's prologue says of the last one that was sealed.
        var sealedLog: LogPredecessor?
        var catalogue: AttributeCatalogue
        var lastSequence: SequenceNumber
        /// The time of the last batch, in microseconds since 1970.
        var lastMicroseconds: Int64
        var nextFileNumber: UInt64
        /// Where each memtable's writes stand in the logs, by memtable.
        var spans: [SegmentID: LogSpan]
        /// Why nothing may be written any more.
        var failure: StoreError?

        /// The time of a batch that is committed at `now`: never less than that of the one before,
        /// so that the batches up to a moment are those before the first later one.
        mutating func commitTime(_ now: Int64) -> Int64 {
            lastMicroseconds = max(lastMicroseconds, now)
            return lastMicroseconds
        }
    }

    /// The writes of one memtable: which logs hold them, and their sequence numbers.
    struct LogSpan {
        var firstLog: LogNumber
        /// Nil while the memtable is empty.
        var sequences: ClosedRange<SequenceNumber>?

        mutating func add(_ sequence: SequenceNumber) {
            sequences = (sequences?.lowerBound ?? sequence)...sequence
        }
    }

    /// What an engine is made of, once its store has been created or recovered.
    struct Parts {
        var setting: Setting
        var schema: Schema
        var options: Options
        var manifests: ManifestStore
        var cache: PageCache
        var lock: (any FileLock)?
        var state: ReadState
        var writer: WriterState
    }

    init(_ parts: consuming Parts) {
        let setting = parts.setting
        fileSystem = setting.fileSystem
        runtime = setting.runtime
        directory = setting.directory
        listener = setting.listener
        isReadOnly = parts.manifests.isReadOnly
        schema = parts.schema
        options = parts.options
        manifests = parts.manifests
        cache = parts.cache
        lock = parts.lock
        reading = PinnedReference(parts.state)
        names = PinnedReference(NameTable(parts.writer.catalogue.definitions))
        writing = Mutex(parts.writer)
        let bell = WorkerBell()
        upkeepBell = bell
        commits = GroupCommit(
            setting.runtime, state: GroupCommitState(policy: parts.options.durability.policy),
            startInterval: { bell.ring() }
        ) { (requests, group) throws(StoreError) in
            // All requests of a group are of one engine: its own queue.
            try requests.first?.engine.perform(requests, mustSync: group.mustSync)
        }
        progress = setting.runtime.makeGate()
        calls = CallQueue(setting.runtime, threadLimit: parts.options.threadCount + 2)
        searchers = SearcherPool(schema: parts.schema)
    }

    /// The view of everything that is visible now.
    ///
    /// The structure is looked at twice: if it has changed while the memtable was looked at, a
    /// delete that was recorded against the new structure might be missed in the old one.
    var view: View {
        var state = reading.load()
        while true {
            let activeView = state.active.view
            let again = reading.load()
            if again === state {
                return View(state: state, activeView: activeView, expiry: expiryRule)
            }
            state = again
        }
    }

    /// The last write that readers see.
    var visibleSequence: SequenceNumber {
        SequenceNumber(counters.visibleSequence.load(ordering: .acquiring))
    }

    // MARK: - Health

    /// Throws unless the store may be read.
    func requireOpen() throws(StoreError) {
        guard !isClosed.load(ordering: .acquiring) else {
            throw .storeClosed
        }
    }

    /// Throws unless the store may be written to.
    func requireWritable() throws(StoreError) {
        try requireOpen()
        guard !isReadOnly else {
            throw StoreError(.readOnly, "the store was opened for reading only")
        }
        guard hasFailed.load(ordering: .acquiring) else { return }
        throw writing.withLock { $0.failure } ?? StoreError(.failed, "an earlier write failed")
    }

    /// Ends writing for ever because of `error`; gives what every later write throws.
    @discardableResult
    func fail(_ error: StoreError, _ state: inout WriterState) -> StoreError {
        let failure = StoreError(
            .failed,
            "an earlier write failed, so what the disk holds is unknown until the store is "
                + "closed and opened again. The failure: \(error.message)", cause: error)
        if state.failure == nil { state.failure = failure }
        hasFailed.store(true, ordering: .releasing)
        progress.open()
        return state.failure ?? failure
    }

    /// Counts and tells that damaged bytes were met.
    func note(_ error: StoreError) {
        guard error.code == .corruption else { return }
        counters.corruptionCount.add(1)
        listener.corruption?(error)
    }

    /// Gives up the lock on the directory.
    func releaseLock() { lock?.release() }
}

/// Where a store lives and what it runs on; a simulation passes its own.
struct Setting: Sendable {
    var fileSystem: any FileSystem
    var runtime: any Runtime
    var directory: FilePath
    var listener = EventListener()
}
