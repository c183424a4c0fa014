// Holding writers back when flushing is behind: slowly first, wholly last, and never for ever.

import VarveManifest
import Synchronization
import VarveFormat
import VarveLog
import VarveMemtable
import VarveQuery
import VarveStorage

extension Engine {
    /// The longest a commit is delayed while writes are slowed, in nanoseconds.
    static var slowestDelayNanoseconds: UInt64 { 1_000_000 }

    /// Delays a write while as many memtables wait for their flush as may, the more the fuller the
    /// active one is: from nothing to a millisecond.
    func throttle() {
        let state = reading.load()
        guard state.sealed.count >= Options.sealedMemtableLimit else { return }
        let fullness = Double(state.active.view.rowCount) / Double(state.active.capacity.rowCount)
        let delay = UInt64(min(1, fullness) * Double(Self.slowestDelayNanoseconds))
        guard delay > 0 else { return }
        beginStall(.slowed, waiting: state.sealed.count)
        runtime.sleep(nanoseconds: delay)
    }

    /// Puts a new memtable and a new log in the place of the full ones, once there is room for one
    /// more.
    ///
    /// Called by the leader of the group commit, without the lock.
    ///
    /// - Throws: ``StoreError``: `noSpace` if there will be no room while the disk is full; the
    ///   store goes on then. Anything else ends writing.
    func makeRoom() throws(StoreError) {
        if reading.load().sealed.count >= Options.sealedMemtableLimit {
            beginStall(.stopped, waiting: reading.load().sealed.count)
            builder?.wake()
            progress.wait {
                reading.load().sealed.count < Options.sealedMemtableLimit
                    || hasFailed.load(ordering: .acquiring)
                    || isClosed.load(ordering: .acquiring)
                    || isOutOfSpace.load(ordering: .acquiring)
            }
            try requireRoom()
        }
        try writing.withLock { state throws(StoreError) in
            if let failure = state.failure { throw failure }
            try rotate(&state)
        }
        builder?.wake()
    }

    /// Seals the active memtable and its log and begins new ones; the writer's, under its lock.
    func rotate(_ state: inout WriterState) throws(StoreError) {
        let current = reading.load()
        guard let log = state.log else { return }
        let id = SegmentID(state.nextFileNumber).asMemtableSource
        let number = LogNumber(state.nextFileNumber + 1)
        do throws(LogError) {
            let predecessor = try log.seal()
            state.log = try LogWriter.create(
                fileSystem, directory: directory, number: number, store: manifests.current.store,
                fileID: FileID(runtime.randomBits()),
                prologue: LogPrologue(
                    lastSequence: state.lastSequence, predecessor: predecessor),
                preallocatedByteCount: options.logPreallocationByteCount)
        } catch {
            throw fail(StoreError(error), &state)
        }
        state.nextFileNumber += 2
        let active = try MemtableMaking.make(id, schema, options, atLeast: 0)
        current.active.seal()
        state.spans[id] = LogSpan(firstLog: number)
        reading.store(
            ReadState(
                active: active, sealed: [current.active] + current.sealed,
                manifest: current.manifest, segments: current.segments))
    }

    // MARK: - Announcing

    /// What is known of a stall that is going on.
    struct Stall: Sendable {
        var kind: StallEvent.Kind
        var start: UInt64
    }

    private func beginStall(_ kind: StallEvent.Kind, waiting: Int) {
        let now = runtime.monotonicNanoseconds()
        let isNew = stall.withLock { stall in
            if let known = stall, known.kind == kind || known.kind == .stopped { return false }
            stall = Stall(kind: kind, start: stall?.start ?? now)
            return true
        }
        guard isNew else { return }
        counters.stallCount.add(1)
        listener.stallBegan?(
            StallEvent(kind: kind, waitingMemtableCount: waiting, nanoseconds: 0))
    }

    /// Ends a stall, if there is one; called when a flush has made room.
    func endStall() {
        let ended = stall.withLock { stall in
            defer { stall = nil }
            return stall
        }
        progress.open()
        guard let ended else { return }
        let elapsed = runtime.monotonicNanoseconds() - ended.start
        counters.stallNanoseconds.add(elapsed)
        counters.longestStallNanoseconds.raise(to: elapsed)
        listener.stallEnded?(
            StallEvent(
                kind: ended.kind, waitingMemtableCount: reading.load().sealed.count,
                nanoseconds: elapsed))
    }
}
