// Holding writers back when flushing is behind: slowly first, wholly last, and never for ever.

import VarveManifest
import Synchronization
import VarveFormat
import VarveLog
import VarveMemtable
import VarveQuery
import VarveStorage

extension Engine {
    /// The longest a write is delayed while writes are slowed, in nanoseconds.
    static var slowestDelayNanoseconds: UInt64 { 200_000_000 }

    /// Rows a second at which flushes go: a guess until one has ended, then as the last have gone,
    /// and no more than the one under way still may.
    var sustainableRowsPerSecond: Double {
        let rate = flushedRowsPerSecond
        let rowCount = counters.flushingRowCount.value
        let now = runtime.monotonicNanoseconds()
        let since = min(now, counters.flushingSince.value)
        guard rowCount > 0, now > since else { return rate }
        return min(rate, Double(rowCount) / Double(now - since) * 1_000_000_000)
    }

    private var flushedRowsPerSecond: Double {
        let known = Double(counters.flushedRowsPerSecond.value)
        return known > 0 ? known : Self.guessedRowsPerSecond(dimension: schema.dimension)
    }

    /// What a machine of two processors does at least, as far as seen: 26,000 rows of 128
    /// dimensions, 20,000 of 384.
    private static func guessedRowsPerSecond(dimension: Int) -> Double {
        10_000 * min(1, 400 / Double(dimension))
    }

    /// Delays a write of `rowCount` rows while memtables wait for their flush, so that rows come no
    /// faster than flushes take them: a little faster while there is room, slower while the active
    /// memtable fills up beside as many as may wait.
    func throttle(rowCount: Int) {
        let state = reading.load()
        guard state.sealed.count >= Options.sealedMemtableLimit - 1 else { return }
        let flushed = sustainableRowsPerSecond
        let fullness = Double(state.active.view.rowCount) / Double(state.active.capacity.rowCount)
        let isFull = state.sealed.count >= Options.sealedMemtableLimit
        let rate = flushed * (isFull ? 1.2 - 0.6 * min(1, fullness) : 1.6)
        let now = runtime.monotonicNanoseconds()
        let cost = UInt64(Double(max(1, rowCount)) / rate * 1_000_000_000)
        // Every writer takes the next place in one row of places.
        let turn = writeTurn.withLock { next in
            let turn = max(next, now)
            next = min(turn + cost, now + Self.slowestDelayNanoseconds)
            return turn
        }
        guard turn > now else { return }
        if isFull { beginStall(.slowed, waiting: state.sealed.count) }
        runtime.sleep(nanoseconds: turn - now)
        // The flush may have ended before the stall began; then nobody else ends it.
        if hasRoomForSealed { endStall() }
    }

    /// Takes note of how fast rows are flushed; a flush of few rows says little.
    func noteFlush(rowCount: Int, nanoseconds: UInt64) {
        guard rowCount > 0, nanoseconds > 0 else { return }
        let rate = Double(rowCount) / Double(nanoseconds) * 1_000_000_000
        let weight = 0.5 * min(1, Double(rowCount) / 10_000)
        let mean = flushedRowsPerSecond * (1 - weight) + rate * weight
        counters.flushedRowsPerSecond.store(UInt64(max(1, mean)), ordering: .relaxed)
    }

    /// Whether there are so many segments that writes wait for the merge under way.
    ///
    /// Never without one: what is paused, has failed or has ended holds nobody up.
    private var isHeldByMerging: Bool {
        reading.load().segments.count >= options.compaction.stopSegmentCount
            && compaction.withLock { $0.running != nil && !$0.isPaused }
    }

    /// Whether one more memtable may be sealed.
    var hasRoomForSealed: Bool { reading.load().sealed.count < Options.sealedMemtableLimit }

    /// Puts a new memtable and a new log in the place of `full` and its log, once there is room for
    /// one more; does nothing if somebody else has.
    ///
    /// Called by the leader of the group commit, without the lock.
    ///
    /// - Returns: Why there is no room and will be none soon: the writes that wait for it are to be
    ///   refused, and others may be tried later.
    /// - Throws: What ends writing for ever.
    func makeRoom(after full: Memtable) throws(StoreError) -> StoreError? {
        if !hasRoomForSealed || isHeldByMerging, let refusal = waitForRoom() { return refusal }
        let refusal = try writing.withLock { state throws(StoreError) -> StoreError? in
            if let failure = state.failure { throw failure }
            // Between two locks a flush on demand may have begun another memtable, or taken the
            // room; the writer looks again.
            guard reading.load().active === full, full.view.operationCount > 0, hasRoomForSealed
            else { return nil }
            return try rotate(&state)
        }
        builder?.wake()
        return refusal
    }

    /// Waits for a flush to make room, which a flush on demand may have taken on return; gives why
    /// none will come soon, if so.
    private func waitForRoom() -> StoreError? {
        if isOutOfSpace.load(ordering: .acquiring) { return .noSpaceToFlush }
        beginStall(.stopped, waiting: reading.load().sealed.count)
        builder?.wake()
        var hadRoom = false
        progress.wait {
            hadRoom = hasRoomForSealed
            return (hadRoom && !isHeldByMerging) || hasFailed.load(ordering: .acquiring)
                || isClosed.load(ordering: .acquiring) || isOutOfSpace.load(ordering: .acquiring)
        }
        endStall()
        if hadRoom || hasFailed.load(ordering: .acquiring) { return nil }
        guard isClosed.load(ordering: .acquiring) else { return .noSpaceToFlush }
        return .storeClosed
    }

    /// Seals the active memtable and its log and begins new ones; the writer's, under its lock.
    ///
    /// - Returns: Why there can be no new ones now; it may be tried again.
    func rotate(_ state: inout WriterState) throws(StoreError) -> StoreError? {
        let current = reading.load()
        let id = SegmentID(state.nextFileNumber).asMemtableSource
        let number = LogNumber(state.nextFileNumber + 1)
        let active: Memtable
        do throws(StoreError) {
            active = try MemtableMaking.make(id, schema, options, atLeast: 0)
        } catch {
            return error
        }
        // Whatever comes of them, these numbers are not used again.
        state.nextFileNumber += 2
        do throws(LogError) {
            if let log = state.log {
                state.sealedLog = try log.seal()
                state.log = nil
            }
            state.log = try LogWriter.create(
                fileSystem, directory: directory, number: number, store: manifests.current.store,
                fileID: FileID(runtime.randomBits()),
                prologue: LogPrologue(
                    lastSequence: state.lastSequence, predecessor: state.sealedLog),
                preallocatedByteCount: options.logPreallocationByteCount)
        } catch {
            let failure = StoreError(error)
            guard failure.code == .noSpace, state.log == nil, forget(number) else {
                throw fail(failure, &state)
            }
            return failure
        }
        current.active.seal()
        state.spans[id] = LogSpan(firstLog: number)
        reading.store(
            ReadState(
                active: active, sealed: [current.active] + current.sealed,
                manifest: current.manifest, segments: current.segments))
        return nil
    }

    /// Takes back, durably, what a log's failed creation has left; whether that went well.
    private func forget(_ number: LogNumber) -> Bool {
        do throws(LogError) {
            try removeFailedLog(fileSystem, directory: directory, number: number)
            return true
        } catch {
            return false
        }
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
            // Slowed writes go on: only of a stop it matters how long it lasts.
            stall = Stall(kind: kind, start: now)
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
        if ended.kind == .stopped {
            counters.stallNanoseconds.add(elapsed)
            counters.longestStallNanoseconds.raise(to: elapsed)
        }
        listener.stallEnded?(
            StallEvent(
                kind: ended.kind, waitingMemtableCount: reading.load().sealed.count,
                nanoseconds: elapsed))
    }
}
