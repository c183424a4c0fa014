// A plan carried out on a simulated disk, beside its model.

import Synchronization
package import Varve
import VarveFormat
import VarveStorage
package import VarveStorageSimulation

/// What the hook of a disk may look at while a history runs.
package final class Witness: Sendable {
    private struct State {
        var model = OracleModel()
        var isCreated = false
        var recalls: [Int: Double] = [:]
        var runtime: SimulatedRuntime?
    }

    private let state = Mutex(State())

    package init() {}

    package var model: OracleModel {
        get { state.withLock { $0.model } }
        set { state.withLock { $0.model = newValue } }
    }

    /// Whether the creation of the store has returned.
    package var isCreated: Bool {
        get { state.withLock { $0.isCreated } }
        set { state.withLock { $0.isCreated = newValue } }
    }

    /// What part of the true answers approximate searches last gave, by the number of batches.
    package var recalls: [Int: Double] {
        get { state.withLock { $0.recalls } }
        set { state.withLock { $0.recalls = newValue } }
    }

    /// What the calendar of the run says, in microseconds since 1970; nil before there is a run.
    package var now: Int64? { state.withLock { $0.runtime?.wallClockMicroseconds() } }

    fileprivate func follow(_ runtime: SimulatedRuntime) {
        state.withLock { $0.runtime = runtime }
    }

    package func change(_ body: (inout OracleModel) -> Void) {
        state.withLock { body(&$0.model) }
    }
}

/// What a store has told while it ran.
private final class RunEvents: Sendable {
    let flushCount = Mutex(0)

    var listener: EventListener {
        var listener = EventListener()
        listener.flushed = { [self] _ in flushCount.withLock { $0 += 1 } }
        return listener
    }
}

/// One store on one disk, and what has been done to it.
package final class HistoryRun {
    package let plan: HistoryPlan
    package let disk: SimulatedFileSystem
    package let runtime: SimulatedRuntime
    package let witness: Witness
    package private(set) var store: Store?
    package let checker: ProtocolChecker
    private var options: Options
    private var held: (snapshot: Snapshot, state: ModelState)?
    private var ids: Set<RecordID> = []
    private var copyCount = 0
    private let events = RunEvents()

    /// Memtables that have become segments, asked for or not.
    package var flushCount: Int { events.flushCount.withLock { $0 } }
    /// Those that became segments while a flush was asked for.
    package private(set) var askedFlushCount = 0

    /// A run that has not begun, on an empty disk or on one with a store of the plan's shape.
    ///
    /// - Parameter now: What the calendar says, in microseconds since 1970.
    package init(
        _ plan: HistoryPlan, on disk: SimulatedFileSystem, _ witness: Witness, seed: UInt64,
        now: Int64? = nil
    ) {
        self.plan = plan
        options = plan.options
        self.disk = disk
        self.witness = witness
        runtime = SimulatedRuntime(seed: seed, now: now)
        witness.follow(runtime)
        checker = StoreProtocol.watch(disk)
    }

    /// Creates the store.
    package func create(resuming: Bool = false) throws(StoreError) {
        store = try Store.create(
            at: StoreProtocol.root.text, on: disk, runtime, schema: plan.schema,
            options: plan.options, listener: events.listener, resuming: resuming)
        witness.isCreated = true
    }

    /// Opens the store; what is visible then must be the first `witness.model.returnedCount`
    /// batches, unless the caller finds out otherwise.
    package func open() throws(StoreError) {
        store = try Store.open(
            at: StoreProtocol.root.text, on: disk, runtime, options: options,
            listener: events.listener)
    }

    /// Closes the store, if it is open.
    package func close() throws(StoreError) {
        held = nil
        let store = store
        self.store = nil
        try store?.close()
    }

    /// The number of batches that are visible.
    ///
    /// - Throws: What the store throws, or `corruption` for a state that never was.
    package func visibleCount() throws(StoreError) -> Int {
        guard let store else { throw StoreError(.closed, "there is no open store") }
        let sequence = try store.statistics().sequence.rawValue
        guard let count = witness.model.count(sequence) else {
            throw StoreError(.corruption, "write \(sequence) is visible, and was never made")
        }
        return count
    }

    /// Does one thing.
    ///
    /// - Throws: ``StoreError`` where the store refuses, ``OracleFailure`` where it is wrong.
    package func perform(_ step: HistoryStep) throws {
        switch step {
        case .reopen:
            try reopen()
        case .upgrade:
            options = options.upgraded
            try reopen()
            try purge()
            try compact(.all)
        case .work(let count): for _ in 0..<count { runtime.step() }
        case .pause(let nanoseconds):
            runtime.sleep(nanoseconds: nanoseconds)
            guard case .interval = plan.options.durability else { break }
            // If the sync in the background has failed, the store refuses to be written to.
            try requireStore().write(WriteBatch())
            witness.change { $0.sync() }
        case .write(let batch): try write(batch)
        case .load(let batch, let segmentRowCount):
            try load(batch, segmentRowCount: segmentRowCount)
        case .compact: try compact(.all)
        case .startCompacting: try requireStore().requestCompaction(.all)
        case .purge:
            try purge()
            witness.change { $0.sync() }
        case .flush:
            let before = flushCount
            try requireStore().flush()
            askedFlushCount += flushCount - before
            witness.change { $0.sync() }
            StoreProtocol.declareSealed(checker, disk)
        case .sync:
            try requireStore().sync()
            witness.change { $0.sync() }
        case .snapshot:
            if let held {
                var exam = StoreExam(held.state, plan.schema, seed: plan.seed)
                try exam.examine(held.snapshot, absent: ids.sorted())
                self.held = nil
            } else {
                let model = witness.model
                let state = model.state(after: model.returnedCount, at: witness.now)
                held = (try requireStore().snapshot(), state)
            }
        case .checkpoint: try checkpoint()
        case .look: try look()
        }
    }

    /// Purges: nobody writes meanwhile, so that no segment has a deleted row afterwards.
    private func purge() throws {
        try requireStore().purge()
        let dead = try requireStore().statistics().deadRowCount
        try require(dead == 0, "purging has left \(dead) deleted rows")
    }

    private func reopen() throws {
        try close()
        witness.change { $0.sync() }
        try open()
        let count = try visibleCount()
        let expected = witness.model.returnedCount
        try require(count == expected, "\(count) of \(expected) batches after reopening")
    }

    /// Makes a copy beside the store: it must hold everything, whatever a power cut takes.
    private func checkpoint() throws {
        copyCount += 1
        let path = "/copy-\(copyCount)"
        let before = flushCount
        try requireStore().checkpoint(at: path)
        askedFlushCount += flushCount - before
        witness.change { $0.sync() }
        let model = witness.model
        let image = disk.crash(.loseUnsynced, seed: plan.seed)
        let copy: Store
        do throws(StoreError) {
            copy = try Store.open(
                at: path, on: image, SimulatedRuntime(seed: plan.seed, now: witness.now),
                options: plan.options)
        } catch {
            throw OracleFailure("the copy cannot be opened after a power cut: \(error)")
        }
        let count = model.count(try copy.statistics().sequence.rawValue) ?? -1
        try require(
            count == model.returnedCount, "the copy has \(count) of \(model.returnedCount)")
        var exam = StoreExam(
            model.state(after: count, at: witness.now), plan.schema, seed: plan.seed)
        try exam.examine(try copy.snapshot(), absent: ids.sorted())
        try copy.close()
    }

    /// Compares everything with the model.
    package func look() throws {
        let model = witness.model
        let count = try visibleCount()
        try require(
            model.boundsAfterKill.contains(count),
            "\(count) batches are visible, \(model.boundsAfterKill) may be")
        var exam = StoreExam(
            model.state(after: count, at: witness.now), plan.schema,
            seed: plan.seed &+ UInt64(count))
        try exam.examine(try requireStore().snapshot(), absent: ids.sorted())
    }

    /// Notes what part of the true answers approximate searches give now.
    package func noteRecall() throws {
        let model = witness.model
        let exam = StoreExam(
            model.state(after: model.returnedCount, at: witness.now), plan.schema, seed: plan.seed)
        witness.recalls[model.returnedCount] = try exam.recall(try requireStore().snapshot())
    }

    /// Throws if the calls to the disk have broken the protocol.
    package func requireProtocol() throws(OracleFailure) {
        guard let violation = checker.violations.first else { return }
        throw OracleFailure("the protocol is broken: \(violation)")
    }

    private func write(_ unstamped: ModelBatch) throws {
        let age = plan.options.retention.maximumAgeSeconds
        let batch = unstamped.expiring(after: age, at: witness.now ?? 0)
        let store = try requireStore()
        var request = WriteBatch()
        for operation in batch {
            switch operation {
            case .upsert(let id, let input, let row):
                request.upsert(id: id, vector: input, attributes: row.attributes)
                ids.insert(id)
            case .delete(let id): request.delete(id: id)
            }
        }
        witness.change { $0.issue(batch) }
        let sequence = try store.write(request)
        let isSynced = plan.options.durability == .everyCommit
        if isSynced { StoreProtocol.declareAcknowledged(checker, disk) }
        try acknowledge(sequence, isSynced: isSynced)
    }

    private func acknowledge(_ sequence: SequenceNumber, isSynced: Bool) throws(OracleFailure) {
        var model = witness.model
        let isRight = model.acknowledge(sequence.rawValue, isSynced: isSynced)
        try require(isRight, "batch \(model.batches.count) has number \(sequence.rawValue)")
        witness.model = model
    }

    /// Loads rows past the log; a load is one batch, durable when it returns.
    private func load(_ batch: ModelBatch, segmentRowCount: Int) throws {
        let store = try requireStore()
        var rows: [Row] = []
        for case .upsert(let id, let input, let row) in batch {
            rows.append(Row(id: id, vector: input, attributes: row.attributes))
            ids.insert(id)
        }
        witness.change { $0.issue(batch, isLoad: true) }
        var next = 0
        let before = flushCount
        let report = try store.bulkLoad(segmentRowCount: segmentRowCount) {
            () throws(StoreError) in
            guard next < rows.count else { return nil }
            next += 1
            return rows[next - 1]
        }
        askedFlushCount += flushCount - before
        try acknowledge(report.sequence, isSynced: true)
        witness.change { $0.sync() }
    }

    /// Merges segments, all or what is due; what was written before is flushed.
    private func compact(_ scope: CompactionScope) throws {
        let before = flushCount
        try requireStore().compact(scope)
        askedFlushCount += flushCount - before
        witness.change { $0.sync() }
        StoreProtocol.declareSealed(checker, disk)
    }

    private func requireStore() throws(OracleFailure) -> Store {
        guard let store else { throw OracleFailure("there is no open store") }
        return store
    }
}
