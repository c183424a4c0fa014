// What the engine knows of merging: the merge under way, and what has been asked for.

import Synchronization
import VarveCompaction
import VarveFormat
import VarveManifest
import VarveSegment

/// What readers, writers and callers may know of the compactor; under its lock.
struct CompactionState {
    /// What callers wait for, first come first.
    var requests: [CompactionRequest] = []
    /// Files that a merge or a flush has written, or is about to, and that no version names yet.
    var files: Set<StoreFile> = []
    /// The merge under way.
    var running: CompactionStatus?
    /// Segments that no merge takes in until the store is opened again: they are damaged.
    var damaged: Set<SegmentID> = []
    var isPaused = false
    /// Whether the merge under way is to be given up.
    var isCancelled = false
    /// After a failure nothing is tried again before this moment.
    var resumeNanoseconds: UInt64 = 0
}

/// A merge under way, with what the engine needs to publish it.
///
/// Touched by whoever has the engine's `compacting` lock.
final class CompactionJob: @unchecked Sendable {
    // Invariant for Sendable: only used with that lock held.

    let plan: CompactionPlan
    let inputs: [MergeInput]
    /// The rows of each input that are dropped although nobody has deleted them.
    let goneRows: [RowSet]
    let output: SegmentID
    let merge: SegmentMerge
    let request: CompactionRequest?
    let startNanoseconds: UInt64
    var byteCount: UInt64 = 0

    init(
        plan: CompactionPlan, inputs: [MergeInput], goneRows: [RowSet], output: SegmentID,
        merge: SegmentMerge, request: CompactionRequest?, startNanoseconds: UInt64
    ) {
        self.plan = plan
        self.inputs = inputs
        self.goneRows = goneRows
        self.output = output
        self.merge = merge
        self.request = request
        self.startNanoseconds = startNanoseconds
    }
}

extension CompactionJob {
    /// The merge as others see it.
    var status: CompactionStatus {
        let progress = merge.progress
        return CompactionStatus(
            inputs: plan.inputs, reason: plan.reason.rawValue, phase: progress.phase.rawValue,
            share: progress.share)
    }

    /// The merge as it is told when it has been published.
    func event(_ outcome: MergeOutcome, now: UInt64) -> CompactionEvent {
        var event = CompactionEvent(
            inputs: inputs.map(\.record.id), output: outcome.written?.record.id,
            droppedRowCount: inputs.reduce(0) { $0 + $1.dropped.count },
            freedByteCount: inputs.reduce(0) { $0 + $1.record.byteCount })
        event.reason = plan.reason.rawValue
        event.regime = outcome.regime
        event.rowCount = outcome.written?.record.rowCount ?? 0
        event.byteCount = outcome.written?.record.byteCount ?? 0
        event.sourceRecall = outcome.judgement?.sourceRecall
        event.outputRecall = outcome.judgement?.outputRecall
        event.nanoseconds = now - startNanoseconds
        return event
    }
}

/// What a caller has asked the compactor for, until it is done or has failed.
final class CompactionRequest: Sendable {
    enum Work: Sendable {
        /// Whatever the picker finds due.
        case due
        /// Everything into one segment.
        case all
        /// Every segment with dead rows among these, which need not be published yet.
        case purge(Set<SegmentID>)
    }

    let work: Work
    private let state = Mutex(State())

    private struct State {
        var report = CompactionReport()
        var outcome: Result<CompactionReport, StoreError>?
    }

    init(_ work: Work) { self.work = work }

    /// What became of it; nil while it is being worked on.
    var outcome: Result<CompactionReport, StoreError>? { state.withLock { $0.outcome } }

    /// Counts a merge.
    func add(_ body: (inout CompactionReport) -> Void) { state.withLock { body(&$0.report) } }

    /// Ends it.
    func end(_ failure: StoreError? = nil) {
        state.withLock { state in
            guard state.outcome == nil else { return }
            state.outcome = failure.map { .failure($0) } ?? .success(state.report)
        }
    }
}
