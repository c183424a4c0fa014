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
            progress.wait {
                reading.load().sealed.count < Options.sealedMemtableLimit
                    || hasFailed.load(ordering: .acquiring)
                    || isOutOfSpace.load(ordering: .acquiring)
            }
            try requireRoom()
            let isDone = try writing.withLock { state throws(StoreError) in
                if let failure = state.failure { throw failure }
                let current = reading.load()
                guard current.sealed.count < Options.sealedMemtableLimit else { return false }
                if current.active.view.operationCount > 0 { try rotate(&state) }
                return true
            }
            if isDone { break }
        }
        builder?.wake()
    }

    /// Throws if as many memtables as may wait for their flush, and the disk is full.
    func requireRoom() throws(StoreError) {
        guard reading.load().sealed.count >= Options.sealedMemtableLimit,
            isOutOfSpace.load(ordering: .acquiring), !hasFailed.load(ordering: .acquiring)
        else { return }
        throw Self.noRoomForFlush
    }

    /// What a caller hears whose memtable finds no room on the disk.
    private static var noRoomForFlush: StoreError {
        StoreError(
            .noSpace,
            "the disk has no room for a segment; nothing is lost, and it is tried again every "
                + "second: free some space")
    }

    private func waitForFlushes() throws(StoreError) {
        let target = reading.load().sealed.map(\.sourceID)
        progress.wait {
            let waiting = reading.load().sealed
            return !waiting.contains { target.contains($0.sourceID) }
                || hasFailed.load(ordering: .acquiring)
                || isOutOfSpace.load(ordering: .acquiring)
        }
        let isWaiting = reading.load().sealed.contains { target.contains($0.sourceID) }
        if isWaiting, isOutOfSpace.load(ordering: .acquiring) { throw Self.noRoomForFlush }
        if hasFailed.load(ordering: .acquiring) { try requireWritable() }
    }

    /// Ends the engine in order.
    func close() throws(StoreError) {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        defer {
            progress.open()
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
            problem = error
        }
        stopWorkers()
        commits.fail(StoreError(.closed, "the store has been closed"))
        do throws(LogError) {
            let log = writing.withLock { state in
                state.failure == nil ? state.log : nil
            }
            _ = try log?.seal()
        } catch {
            if problem == nil { problem = StoreError(error) }
        }
        if let problem { throw problem }
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
