// Merging segments by hand.

import Synchronization
import VarveCompaction
import VarveManifest
import VarveQuery
import VarveStorage
import VarveMutants

extension Store {
    /// Merges segments now, and returns when that is done.
    ///
    /// Everything written so far is flushed first. Searches and writes go on meanwhile.
    ///
    /// - Throws: ``StoreError``: `noSpace` (nothing is lost), `corruption`, `inputOutput`,
    ///   `cancelled` after ``cancelCompaction()``, `failed`, `readOnly`, `closed`.
    @discardableResult
    public func compact(_ scope: CompactionScope = .due) throws(StoreError) -> CompactionReport {
        try engine.flush()
        return try engine.compact(scope == .all ? .all : .due)
    }

    /// Rewrites every segment that still holds a deleted row, and unlinks the old ones and whatever
    /// else is in the trash.
    ///
    /// Afterwards no file of the store holds a row that was deleted before the call. Snapshots
    /// taken before keep the old files open, without a name, until they are dropped.
    ///
    /// - Throws: as ``compact(_:)``; `corruption` also where a damaged segment, which cannot be
    ///   rewritten before the store is repaired, holds a deleted row. All others have gone then,
    ///   unless the purge itself met the damage.
    @discardableResult
    public func purge() throws(StoreError) -> CompactionReport { try engine.purge() }

    /// Has merging rest where it is, until ``resumeCompaction()``; not stored.
    public func pauseCompaction() { engine.pauseCompaction() }

    /// Has merging go on.
    public func resumeCompaction() { engine.resumeCompaction() }

    /// Gives up the merge under way, and whatever calls wait for, which throw `cancelled`.
    ///
    /// Nothing is lost: its sources are still there. Automatic merging finds work again with the
    /// next flush.
    public func cancelCompaction() { engine.cancelCompaction() }

    /// Asks for what ``compact(_:)`` does, without flushing and without waiting for it.
    package func requestCompaction(_ scope: CompactionScope) throws(StoreError) {
        try engine.requireWritable()
        let request = CompactionRequest(scope == .all ? .all : .due)
        engine.compaction.withLock { $0.requests.append(request) }
        engine.compactor?.wake()
    }

    /// Makes one step of merging on this thread, in a store that has no thread for it; gives
    /// whether there was anything to do.
    package func compactionStep() -> Bool {
        if case .again = engine.compactionStep() { return true }
        return engine.compaction.withLock { $0.running != nil }
    }
}

extension Engine {
    /// Has the compactor do some work, and waits for it.
    func compact(_ work: CompactionRequest.Work) throws(StoreError) -> CompactionReport {
        try requireWritable()
        let request = CompactionRequest(work)
        compaction.withLock { $0.requests.append(request) }
        if options.compaction.isStepped {
            while request.outcome == nil { _ = compactionStep() }
        }
        compactor?.wake()
        progress.wait {
            request.outcome != nil || hasFailed.load(ordering: .acquiring)
                || isStopping.load(ordering: .acquiring)
        }
        if let outcome = request.outcome { return try outcome.get() }
        if let failure = writing.withLock({ $0.failure }) { throw failure }
        throw .storeClosed
    }

    func purge() throws(StoreError) -> CompactionReport {
        try flush()
        // A merge that began before may copy rows that have been deleted since. Its output is
        // looked for before the segments: what is published in between is among these.
        var stale = Mutant.isPlanted(.purgePublishedOnly) ? [] : unpublishedSegments
        for handle in reading.load().segments where facts(of: handle).deadShare > 0 {
            stale.insert(handle.id)
        }
        let report = try compact(.purge(stale))
        retire()
        _ = try withManifestErrors { () throws(ManifestError) in
            try manifests.emptyTrash(
                nowMicroseconds: runtime.wallClockMicroseconds(), graceSeconds: 0)
        }
        // Some may have been found damaged just now, by the merge that was under way.
        let damaged = compaction.withLock { $0.damaged }
        let left = reading.load().segments.first {
            stale.contains($0.id) && damaged.contains($0.id)
        }
        if let left { throw .cannotPurge(left.id) }
        return report
    }

    func pauseCompaction() {
        compaction.withLock { $0.isPaused = true }
        progress.open()
    }

    func resumeCompaction() {
        compaction.withLock { $0.isPaused = false }
        compactor?.wake()
    }

    func cancelCompaction() {
        let requests = compaction.withLock { state in
            defer { state.requests = [] }
            state.isCancelled = state.running != nil
            return state.requests
        }
        for request in requests {
            request.end(StoreError(.cancelled, "compaction was cancelled"))
        }
        compactor?.wake()
        progress.open()
    }
}
