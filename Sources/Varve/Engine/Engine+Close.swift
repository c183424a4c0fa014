// Flushing on demand, and the orderly end.

import VarveMemtable
import VarveQuery
import Synchronization
import VarveFormat
import VarveLog
import VarveManifest
import VarveStorage

extension Engine {
    /// Rows from which a closing store flushes its memtable, so that opening it need not replay
    /// them.
    private static var closingFlushRowCount: Int { 4_096 }

    /// Seals the active memtable and waits until everything sealed has become a segment.
    func flush() throws(StoreError) {
        try requireWritable()
        // There may be room by now: the builder tries at once when it is woken.
        isOutOfSpace.store(false, ordering: .releasing)
        try sealActive(ifAtLeast: 1)
        try waitForFlushes()
    }

    /// Puts the active memtable in line for its flush if it holds so many operations.
    func sealActive(ifAtLeast operationCount: Int) throws(StoreError) {
        guard reading.load().active.view.operationCount >= operationCount else { return }
        while true {
            try waitForBuilder { hasRoomForSealed }
            let isDone = try writing.withLock { state throws(StoreError) in
                if let failure = state.failure { throw failure }
                guard reading.load().active.view.operationCount > 0 else { return true }
                guard hasRoomForSealed else { return false }
                if let refusal = try rotate(&state) { throw refusal }
                return true
            }
            if isDone { break }
        }
        builder?.wake()
    }

    private func waitForFlushes() throws(StoreError) {
        let target = reading.load().sealed.map(\.sourceID)
        try waitForBuilder {
            !reading.load().sealed.contains { target.contains($0.sourceID) }
        }
    }

    /// Waits until the builder has made `isDone` true, which others may have undone on return.
    ///
    /// - Throws: Why it will not: the failure of the store, `noSpace` after an attempt made since
    ///   the call, or `closed`.
    private func waitForBuilder(until isDone: () -> Bool) throws(StoreError) {
        if isDone() { return }
        let attempt = flushAttempt.load(ordering: .acquiring)
        builder?.wake()
        // What ended the wait is kept: room that was there may be taken before it is looked at
        // again.
        var wasDone = false
        progress.wait {
            wasDone = isDone()
            return wasDone || hasFailed.load(ordering: .acquiring)
                || spacelessAttempt.load(ordering: .acquiring) > attempt
                || isStopping.load(ordering: .acquiring)
        }
        if wasDone { return }
        if let failure = writing.withLock({ $0.failure }) { throw failure }
        if spacelessAttempt.load(ordering: .acquiring) > attempt { throw .noSpaceToFlush }
        throw .storeClosed
    }

    /// Ends the engine in order.
    func close() throws(StoreError) {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        defer {
            endStall()
            calls.stop()
            releaseLock()
        }
        guard !isReadOnly else { return }
        // A load that goes on would write files after the lock is given up.
        progress.wait { loading.withLock { !$0.isRunning } }
        var problem: StoreError?
        do throws(StoreError) {
            if !hasFailed.load(ordering: .acquiring) {
                try sealActive(ifAtLeast: Self.closingFlushRowCount)
                try waitForClosingFlushes()
            }
        } catch {
            // A full disk is no reason: the logs hold everything.
            if error.code != .noSpace { problem = error }
        }
        stopWorkers()
        commits.fail(.storeClosed)
        do throws(LogError) {
            // A leader that is still at work writes nothing and begins no log from here on.
            let log = writing.withLock { state -> LogWriter? in
                guard state.failure == nil else { return nil }
                state.failure = .storeClosed
                return state.log.take()
            }
            _ = try log?.seal()
        } catch {
            if problem == nil { problem = StoreError(error) }
        }
        if let problem { throw problem }
    }

    /// Ends the engine of a store that was dropped: its threads end and the lock is given up, and
    /// what is on the disk is left as the death of the process would leave it.
    func abandon() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        stopWorkers()
        calls.stop()
        let closed = StoreError(.closed, "the store has been dropped")
        commits.fail(closed)
        let log = writing.withLock { state -> LogWriter? in
            if state.failure == nil { state.failure = closed }
            return state.log.take()
        }
        // Nobody is left to hear of a failure.
        try? log?.close()
        endStall()
        releaseLock()
    }

    /// Waits for flushes that are under way; a full disk ends the wait, because the logs hold
    /// everything.
    private func waitForClosingFlushes() throws(StoreError) {
        progress.wait {
            reading.load().sealed.isEmpty || hasFailed.load(ordering: .acquiring)
                || isOutOfSpace.load(ordering: .acquiring)
        }
        if let failure = writing.withLock({ $0.failure }) { throw failure }
    }
}
