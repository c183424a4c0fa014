// How a batch becomes durable and visible.

import Synchronization
import VarveFormat
import VarveGraph
import VarveLog
import VarveMemtable
import VarveQuery
import VarveSegment
import VarveStorage
import VarveMutants

/// One caller's batch on its way through the group commit.
final class CommitRequest: Sendable {
    let engine: Engine
    let names: AttributeNames
    let room: BatchRoom
    let upsertCount: Int
    let deleteCount: Int
    /// A bulk load to be published in the batch's place.
    let publication: LoadPublication?
    private let state: Mutex<State>

    private struct State {
        var batch: EncodedBatch?
        var outcome: Result<SequenceNumber, StoreError>?
    }

    init(engine: Engine, batch: consuming EncodedBatch, room: BatchRoom) {
        self.engine = engine
        self.room = room
        names = batch.names
        upsertCount = batch.upsertCount
        deleteCount = batch.operationCount - batch.upsertCount
        publication = nil
        state = Mutex(State(batch: batch, outcome: nil))
    }

    /// The publication of a bulk load as one write among others.
    init(engine: Engine, publication: LoadPublication) {
        self.engine = engine
        self.publication = publication
        room = .none
        names = AttributeNames()
        (upsertCount, deleteCount) = (0, 0)
        state = Mutex(State(batch: nil, outcome: nil))
    }

    /// Gives the batch its place in the order of all writes and its time, and its payload away:
    /// once only.
    func takePayload(_ sequence: SequenceNumber, microseconds: Int64) -> [UInt8] {
        state.withLock { state in
            guard var batch = state.batch.take() else {
                preconditionFailure("a batch is written once")
            }
            batch.assign(sequence, microseconds: microseconds)
            return batch.bytes
        }
    }

    /// What became of the batch.
    var outcome: Result<SequenceNumber, StoreError>? {
        get { state.withLock { $0.outcome } }
        set { state.withLock { $0.outcome = newValue } }
    }
}

extension Engine {
    /// Writes a batch; returns when it is acknowledged by the durability policy, and visible.
    func write(_ batch: WriteBatch) throws(StoreError) -> SequenceNumber {
        try requireWritable()
        guard !batch.isEmpty else { return visibleSequence }
        let encoded = try BatchEncoding.encode(
            batch, schema: schema, retention: options.retention,
            now: runtime.wallClockMicroseconds())
        let room = BatchRoom(encoded, schema: schema, graph: options.graphParameters)
        guard room.byteCount <= options.memtableByteCount else {
            throw tooLarge(room)
        }
        throttle(rowCount: batch.count)
        let byteCount = encoded.bytes.count
        let request = CommitRequest(engine: self, batch: encoded, room: room)
        try commits.commit(request, byteCount: byteCount)
        guard let outcome = request.outcome else {
            preconditionFailure("a commit returned without an outcome")
        }
        return try outcome.get()
    }

    private func tooLarge(_ room: BatchRoom) -> StoreError {
        StoreError(
            .tooLarge,
            "the batch needs \(room.byteCount) bytes of memory, a memtable has "
                + "\(options.memtableByteCount); write smaller batches or raise the budget")
    }

    /// Performs a group of commits; called by its leader, one at a time.
    ///
    /// Batches that no room can be made for are refused one by one; what is thrown is final.
    func perform(_ requests: [CommitRequest], mustSync: Bool) throws(StoreError) {
        var rest = requests[...]
        while let first = rest.first {
            if let load = first.publication {
                first.outcome = publishOutcome(of: load)
                rest.removeFirst()
                continue
            }
            let full = try writing.withLock { state throws(StoreError) in
                if let failure = state.failure { throw failure }
                return try commitRun(&rest, mustSync: mustSync, &state)
            }
            guard let full, let refusal = try makeRoom(after: full) else { continue }
            for request in rest { request.outcome = .failure(refusal) }
            return
        }
        // It rests once it has taken in all there were; nobody else wakes it before a flush.
        if reading.load().active.hasRowsToIndex { builder?.wake() }
    }

    /// Writes as many batches from the front of `rest` as the active memtable has room for.
    ///
    /// - Returns: The active memtable, if the next one is a batch and needs another one.
    private func commitRun(
        _ rest: inout ArraySlice<CommitRequest>, mustSync: Bool, _ state: inout WriterState
    ) throws(StoreError) -> Memtable? {
        let current = reading.load()
        // The last rotation found no room on the disk for a new log.
        guard state.log != nil else { return current.active }
        let older = OlderSources(sealed: current.sealed, segments: current.segments)
        var run = CommitRun(engine: self, active: current.active, older: older)
        var isUntouched = current.active.view.operationCount == 0
        while let request = rest.first, request.publication == nil {
            run.room.add(request.room)
            guard run.room.fits(current.active) else {
                guard isUntouched else { break }
                // No memtable will ever have more room than an empty one.
                request.outcome = .failure(tooLarge(request.room))
                rest.removeFirst()
                run.room = .none
                continue
            }
            isUntouched = false
            rest.removeFirst()
            run.prepare(request, &state)
        }
        let full = rest.first.flatMap { $0.publication == nil ? current.active : nil }
        guard !run.accepted.isEmpty else { return full }
        do throws(LogError) {
            try append(run.accepted.map(\.payload), mustSync: mustSync, &state)
        } catch {
            let failure = StoreError(error)
            if failure.code == .noSpace { listener.backgroundFailure?(failure) }
            throw fail(failure, &state)
        }
        try run.apply(&state)
        return full
    }

    private func append(
        _ payloads: [[UInt8]], mustSync: Bool, _ state: inout WriterState
    ) throws(LogError) {
        guard let log = state.log else { throw .closed }
        try log.append(payloads: payloads)
        counters.loggedByteCount.add(payloads.reduce(0) { $0 + UInt64($1.count) })
        guard mustSync, !Mutant.isPlanted(.acknowledgeEarly) else { return }
        let start = runtime.monotonicNanoseconds()
        try log.sync()
        noteSync(since: start)
    }

    /// Counts a sync of the log, and tells when the disk is slow.
    func noteSync(since start: UInt64) {
        counters.logSyncCount.add(1)
        let elapsed = runtime.monotonicNanoseconds() - start
        if elapsed > 1_000_000_000 { listener.diskSlow?("fdatasync", elapsed) }
    }

    /// Makes everything written so far durable, whatever the policy.
    func sync() throws(StoreError) {
        try requireWritable()
        try commits.sync { () throws(StoreError) in
            let log = writing.withLock { $0.log }
            guard let log else { return }
            let start = runtime.monotonicNanoseconds()
            do throws(LogError) {
                try log.sync()
            } catch LogError.closed {
                // The log was sealed meanwhile, and sealing syncs.
            } catch {
                throw writing.withLock { fail(StoreError(error), &$0) }
            }
            noteSync(since: start)
        }
    }
}

/// The batches that are written and applied by one turn of the leader.
private struct CommitRun {
    /// A batch that will be written, and the rows it replaces in older sources.
    struct Accepted {
        var request: CommitRequest
        var payload: [UInt8]
        var sequence: SequenceNumber
        var replaced: [(source: SegmentID, row: RowOrdinal)?]
    }

    let engine: Engine
    let active: Memtable
    let older: OlderSources
    var applier: BatchApplier
    var room = BatchRoom.none
    var accepted: [Accepted] = []

    init(engine: Engine, active: Memtable, older: OlderSources) {
        self.engine = engine
        self.active = active
        self.older = older
        applier = BatchApplier(schema: engine.schema)
    }

    /// Gives a batch its sequence number, or refuses it; nothing has been written yet.
    mutating func prepare(
        _ request: CommitRequest, _ state: inout Engine.WriterState
    ) {
        do throws(AttributeCatalogue.Refusal) {
            _ = try state.catalogue.resolve(request.names)
        } catch {
            request.outcome = .failure(error.storeError)
            return
        }
        let sequence = state.lastSequence.next
        let payload = request.takePayload(
            sequence, microseconds: state.commitTime(engine.runtime.wallClockMicroseconds()))
        do throws(StoreError) {
            let replaced = unsafe try applier.findReplaced(
                payload.span.bytes, in: active, older: older)
            state.lastSequence = sequence
            accepted.append(
                Accepted(
                    request: request, payload: payload, sequence: sequence, replaced: replaced))
        } catch {
            engine.note(error)
            request.outcome = .failure(error)
        }
    }

    /// Applies the written batches to the memtable and makes them visible, all at once.
    mutating func apply(_ state: inout Engine.WriterState) throws(StoreError) {
        for batch in accepted {
            unsafe try applier.apply(
                batch.payload.span.bytes, to: active, replaced: batch.replaced, &state.catalogue)
            state.spans[active.sourceID]?.add(batch.sequence)
        }
        if state.catalogue.definitions.count > engine.names.load().definitions.count {
            engine.names.store(NameTable(state.catalogue.definitions))
        }
        active.publish()
        let counters = engine.counters
        if let last = accepted.last {
            counters.visibleSequence.store(last.sequence.rawValue, ordering: .releasing)
        }
        for batch in accepted {
            counters.batchCount.add(1)
            counters.rowCount.add(UInt64(batch.request.upsertCount))
            counters.deleteCount.add(UInt64(batch.request.deleteCount))
            batch.request.outcome = .success(batch.sequence)
        }
    }
}

extension AttributeCatalogue.Refusal {
    /// The refusal as the public face gives it.
    var storeError: StoreError {
        switch self {
        case .typeMismatch(let name, let expected, let found):
            StoreError(
                .invalidArgument,
                "attribute \"\(name)\" is of type \(expected) in this store, not \(found); "
                    + "nothing of the batch has been written")
        case .tooManyNames:
            StoreError(
                .tooLarge, "a store has at most \(AttributeRecord.maximumNameCount) attribute names"
            )
        }
    }
}
