// What goes on behind the callers' backs: building graphs, flushing, and small upkeep.

import Synchronization
import VarveFormat
import VarveLog
import VarveManifest
import VarveMemtable
import VarveQuery
import VarveStorage

extension Engine {
    private static var upkeepNanoseconds: UInt64 { 1_000_000_000 }
    private static var retryNanoseconds: UInt64 { 1_000_000_000 }

    /// Starts the builder, the compactor and the upkeeper.
    func startWorkers() {
        let builder = runtime.startWorker("varve-build") { [self] in buildStep() }
        var started = [builder]
        if !options.compaction.isStepped {
            started.append(
                runtime.startWorker("varve-compact") { [self] in compactorStep() })
        }
        let upkeep = runtime.startWorker("varve-upkeep") { [self] in upkeepStep() }
        started.append(upkeep)
        let all = started
        workers.withLock { $0 = all }
        upkeepBell.hang(upkeep)
    }

    /// The worker that grows graphs and flushes; nil in a read-only store.
    var builder: (any Worker)? { workers.withLock { $0.first } }

    /// The worker that merges; nil in a read-only store, and where merges are stepped by hand.
    var compactor: (any Worker)? { workers.withLock { $0.count > 2 ? $0[1] : nil } }

    /// The worker that keeps intervals, zeroes ahead and empties the trash; nil in a read-only
    /// store.
    var upkeeper: (any Worker)? { workers.withLock { $0.last } }

    /// Ends the workers and waits until they have.
    func stopWorkers() {
        isStopping.store(true, ordering: .releasing)
        let running = workers.withLock { $0 }
        for worker in running { worker.wake() }
        for worker in running { worker.join() }
        endCompaction()
        upkeepBell.hang(nil)
        workers.withLock { $0 = [] }
    }

    // MARK: - The builder

    /// Flushes the oldest sealed memtable, or else takes one batch of rows into the active one's
    /// graph.
    private func buildStep() -> WorkerStep {
        if isStopping.load(ordering: .acquiring) { return .finished }
        if hasFailed.load(ordering: .acquiring) { return .idle }
        // Searches and writes come first; a stalled writer waits for nothing else, and lets it run.
        if !isBuilderPolite.exchange(true, ordering: .relaxed) { runtime.enterBackground() }
        let state = reading.load()
        guard let oldest = state.sealed.last else {
            let hasWorked = state.active.indexStep(
                runtime: runtime, threadCount: options.threadCount)
            return hasWorked ? .again : .idle
        }
        let attempt = flushAttempt.wrappingAdd(1, ordering: .acquiringAndReleasing).newValue
        do throws(StoreError) {
            try flush(oldest)
            isOutOfSpace.store(false, ordering: .releasing)
            compactor?.wake()
            return .again
        } catch {
            listener.backgroundFailure?(error)
            guard error.code == .noSpace else {
                writing.withLock { _ = fail(error, &$0) }
                return .idle
            }
            spacelessAttempt.store(attempt, ordering: .releasing)
            isOutOfSpace.store(true, ordering: .releasing)
            progress.open()
            return .sleep(nanoseconds: Self.retryNanoseconds)
        }
    }

    // MARK: - Upkeep

    private func upkeepStep() -> WorkerStep {
        if isStopping.load(ordering: .acquiring) { return .finished }
        if hasFailed.load(ordering: .acquiring) { return .idle }
        let interval = commits.syncStep { () throws(StoreError) in try syncQuietly() }
        if case .again = interval { return .again }
        if zeroAhead() { return .again }
        upkeepWhenDue()
        if case .sleep(let nanoseconds) = interval {
            return .sleep(nanoseconds: min(nanoseconds, Self.upkeepNanoseconds))
        }
        return .sleep(nanoseconds: Self.upkeepNanoseconds)
    }

    /// Syncs the log as the interval policy asks.
    private func syncQuietly() throws(StoreError) {
        guard let log = writing.withLock({ $0.log }) else { return }
        let start = runtime.monotonicNanoseconds()
        do throws(LogError) {
            try log.sync()
        } catch LogError.closed {
            return
        } catch {
            throw writing.withLock { fail(StoreError(error), &$0) }
        }
        noteSync(since: start)
    }

    /// Zeroes the next stretch of the log; whether there is more to do.
    private func zeroAhead() -> Bool {
        guard options.durability == .everyCommit, let log = writing.withLock({ $0.log }) else {
            return false
        }
        // A log that is closed or has failed is found out by the next commit.
        return (try? log.zeroAhead(options.zeroedAheadByteCount)) ?? false
    }

    /// What is done once a second, however often an interval wakes the worker.
    private func upkeepWhenDue() {
        let now = runtime.monotonicNanoseconds()
        guard now >= lastUpkeepNanoseconds.load(ordering: .relaxed) + Self.upkeepNanoseconds
        else { return }
        lastUpkeepNanoseconds.store(now, ordering: .relaxed)
        markPause()
        emptyTrash()
        // Rows expire without anything being written.
        if names.load().expiryID != nil { compactor?.wake() }
    }

    /// Says in the log how far it is synced, once no batch has come for a while: damage to the last
    /// batch is then told from a torn tail.
    private func markPause() {
        let batchCount = counters.batchCount.value
        guard pausedBatchCount.exchange(batchCount, ordering: .relaxed) == batchCount,
            let log = writing.withLock({ $0.log })
        else { return }
        // A log that is closed or has failed is found out by the next commit.
        try? log.appendSyncMark()
    }

    private func emptyTrash() {
        do throws(ManifestError) {
            try manifests.emptyTrash(nowMicroseconds: runtime.wallClockMicroseconds())
        } catch {
            // What stays in the trash is tried again; it is no part of the store any more.
        }
        let free = try? fileSystem.freeByteCount(directory)
        if let free, free < options.lowSpaceByteCount { listener.lowSpace?(free) }
    }
}
