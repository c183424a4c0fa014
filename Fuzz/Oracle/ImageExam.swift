// What a power cut or the end of a process has left, opened, read, written to, and cut again.

import Synchronization
import Varve
import VarveCheck
import VarveFormat
import VarveStorage
package import VarveStorageSimulation

/// A disk as some end of a run has left it, and what may be on it.
package struct DiskImage: Sendable {
    package var disk: SimulatedFileSystem
    package var model: OracleModel
    /// How many batches there may be.
    package var bounds: ClosedRange<Int>
    /// Whether the creation of the store had returned.
    package var isCreated: Bool
    /// Whether everything on it is durable; not where only the process has ended.
    package var isDurable: Bool
    /// What the calendar says, in microseconds since 1970.
    var now: Int64?
    /// What part of the true answers approximate searches gave, by the number of batches.
    var recalls: [Int: Double]

    /// What `policy` leaves of the disk a witness has watched.
    package init(
        _ policy: CutPolicy, of disk: SimulatedFileSystem, _ witness: Witness, seed: UInt64
    ) {
        self.disk = policy.apply(to: disk, seed: seed)
        model = witness.model
        bounds = policy.bounds(model)
        isCreated = witness.isCreated
        isDurable = policy.policy != nil
        now = witness.now
        recalls = witness.recalls
    }
}

extension DiskImage {
    /// Finds out whether a bulk load that was under way is there: its number alone does not tell.
    fileprivate mutating func settleLoad() {
        let live = StoreProtocol.live(disk)?.manifest.lastSequence.rawValue ?? 0
        if model.isLoadMissing(in: live) { model.voidLast() }
    }
}

/// Examines disk images; one seed, one course.
package final class ImageExam: Sendable {
    private let plan: HistoryPlan
    private let known: ExaminedImages?
    private let cutsEveryCall: Bool
    private let onExam: @Sendable () -> Void
    private let state = Mutex((examinedCount: 0, digest: UInt64(0), failure: OracleFailure?.none))

    /// An exam of images of stores of the plan's shape.
    ///
    /// - Parameter known: Images that need no second look; what is examined is added.
    /// - Parameter cutsEveryCall: Whether the power is cut before every call of a recovery, and at
    ///   no other time, as deep as an exam may cut at all.
    /// - Parameter onExam: Called before every exam, those of cuts inside exams included.
    package init(
        _ plan: HistoryPlan, known: ExaminedImages? = nil, cutsEveryCall: Bool = false,
        onExam: @escaping @Sendable () -> Void = {}
    ) {
        self.plan = plan
        self.known = known
        self.onExam = onExam
        self.cutsEveryCall = cutsEveryCall
    }

    /// Images examined, those of power cuts inside an exam included.
    package var examinedCount: Int { state.withLock { $0.examinedCount } }

    /// A hash over everything that all exams have written.
    package var digest: UInt64 { state.withLock { $0.digest } }

    /// Throws unless the store on `image` is one that may be there, can be read in full, and goes
    /// on as it should.
    ///
    /// - Parameter depth: How often an exam may cut the power again.
    package func examine(
        _ image: DiskImage, seed: UInt64, depth: Int
    ) throws(OracleFailure) {
        let key = known.map { _ in image.key(depth) }
        if let key, let known, known.contains(key) { return }
        onExam()
        state.withLock { $0.examinedCount += 1 }
        var image = image
        image.settleLoad()
        do {
            if let count = try readOnly(image, seed) {
                try goOn(image, count, seed, depth)
            } else {
                try beginAnew(image, seed, depth)
            }
        } catch let error as OracleFailure {
            throw error
        } catch {
            throw OracleFailure("the store refuses: \(error)")
        }
        let hash = image.disk.traceHash
        state.withLock { $0.digest = mixedSeed($0.digest, hash) }
        if let key { known?.insert(key) }
    }

    /// Reads everything without writing anything; nil if there is no store, and may be none.
    private func readOnly(_ image: DiskImage, _ seed: UInt64) throws -> Int? {
        let disk = image.disk
        let operationCount = disk.operationCount
        let store: Store
        do throws(StoreError) {
            store = try Store.open(
                at: StoreProtocol.root.text, on: disk, SimulatedRuntime(seed: seed, now: image.now),
                options: plan.options, readOnly: true)
        } catch {
            let isNone = [.notAStore, .interruptedCreation, .notFound].contains(error.code)
            try require(isNone && !image.isCreated, "opening for reading fails: \(error)")
            return nil
        }
        let sequence = try store.statistics().sequence.rawValue
        guard let count = image.model.count(sequence) else {
            throw OracleFailure("write \(sequence) is there, and was never made")
        }
        try require(
            image.bounds.contains(count), "\(count) batches are there, \(image.bounds) may be")
        let snapshot = try store.snapshot()
        let state = image.model.state(after: count, at: image.now)
        var exam = StoreExam(state, plan.schema, seed: seed)
        try exam.examine(snapshot)
        if let before = image.recalls[count] {
            let recall = try StoreExam(state, plan.schema, seed: plan.seed).recall(snapshot)
            try require(recall >= before - 0.01, "recall is \(recall), and was \(before)")
        }
        try store.close()
        if seed % 8 == 0 { try requireAgreement(disk) }
        try require(disk.operationCount == operationCount, "reading has changed the disk")
        return count
    }

    /// Throws if the check of files finds damage in a store that answers rightly.
    ///
    /// It looks at every checksum and at values: graphs whose rows can all be reached, ids once,
    /// codes that are those of their rows.
    private func requireAgreement(_ disk: SimulatedFileSystem) throws {
        var request = CheckRequest()
        request.level = .recall
        let report = try StoreCheck.run(disk, StoreProtocol.root, request)
        // All of them can be told, whatever an interrupted write has left.
        let damage = (report.findings + report.liveDamage).map { "\($0)" }
            .suffix(report.liveDamage.count).first
        try require(damage == nil, "the check finds damage: \(damage ?? "")")
    }

    /// Creates the store that was not created.
    private func beginAnew(_ image: DiskImage, _ seed: UInt64, _ depth: Int) throws {
        let witness = Witness()
        if cutsEveryCall, depth > 0 {
            cutAgain(image.disk, witness, seed: seed, odds: 1, depth: depth - 1) { nil }
        }
        let run = HistoryRun(plan, on: image.disk, witness, seed: seed, now: image.now)
        try run.create(resuming: true)
        image.disk.onOperation(nil)
        if let failure = state.withLock({ $0.failure }) { throw failure }
        var source = PlanSource(seed: seed)
        try run.perform(.write(source.batch(plan.schema)))
        try run.look()
        try run.close()
        try run.requireProtocol()
    }

    /// Opens for writing, and lets the store live on for a while.
    private func goOn(
        _ image: DiskImage, _ count: Int, _ seed: UInt64, _ depth: Int
    ) throws {
        var generator = SeededGenerator(seed: seed)
        let witness = Witness()
        // What was never durable may be lost again, until it has been opened for writing.
        witness.isCreated = image.isCreated || image.isDurable
        witness.model = image.model
        witness.recalls = image.recalls
        witness.change { $0.settle(at: count, mayLoseLoad: !image.isDurable) }
        let isOpen = Mutex(false)
        let earlyBounds = (image.isDurable ? count : image.model.syncedCount)...count
        if depth > 0, cutsEveryCall || generator.chance(1, in: depth > 1 ? 12 : 60) {
            let odds = cutsEveryCall ? 1 : [4, 12, 36][generator.below(3)]
            cutAgain(image.disk, witness, seed: seed, odds: odds, depth: depth - 1) {
                isOpen.withLock { $0 } ? nil : earlyBounds
            }
        }
        let run = HistoryRun(plan, on: image.disk, witness, seed: seed &+ 1, now: image.now)
        try run.open()
        witness.change { $0.settle(at: count) }
        isOpen.withLock { $0 = true }
        witness.isCreated = true
        if cutsEveryCall { image.disk.onOperation(nil) }
        let found = try run.visibleCount()
        try require(found == count, "\(found) batches to write on, \(count) to read")
        try run.look()
        var source = PlanSource(seed: seed)
        let isFlushed = generator.chance(1, in: 3)
        for _ in 0..<(isFlushed ? 1 : 0) + generator.below(4) {
            try run.perform(.write(source.batch(plan.schema)))
            if generator.chance(1, in: 4) { try run.perform(.work(4)) }
        }
        if isFlushed { try run.perform(.flush) }
        try run.look()
        // What the end of a process has left, a power cut may take from the next one.
        let isCut = depth > 0 || !image.isDurable
        try finish(run, image.disk, seed, isCut: isCut, isFlushed: isFlushed)
    }

    /// Ends the life of a store: by closing it, or by one more cut.
    private func finish(
        _ run: HistoryRun, _ disk: SimulatedFileSystem, _ seed: UInt64, isCut: Bool,
        isFlushed: Bool
    ) throws {
        let last =
            isCut
            ? DiskImage(CutPolicy.all[0], of: disk, run.witness, seed: seed) : nil
        if isFlushed { try run.perform(.pause(nanoseconds: 6_000_000_000)) }
        try run.close()
        disk.onOperation(nil)
        try run.requireProtocol()
        if let failure = state.withLock({ $0.failure }) { throw failure }
        if isFlushed {
            let leaks = try StoreProtocol.leaks(disk)
            try require(leaks.isEmpty, "files nobody needs are left: \(leaks)")
        }
        if let last { try examine(last, seed: seed &+ 7, depth: 0) }
    }

    /// Has the power cut before some of the coming calls to `disk`.
    private func cutAgain(
        _ disk: SimulatedFileSystem, _ witness: Witness, seed: UInt64, odds: Int, depth: Int,
        _ bounds: @escaping @Sendable () -> ClosedRange<Int>?
    ) {
        disk.onOperation { [self] operation in
            let seed = mixedSeed(seed, UInt64(operation.index), 2)
            var generator = SeededGenerator(seed: seed)
            guard generator.chance(1, in: odds), state.withLock({ $0.failure == nil }) else {
                return
            }
            let policy = CutPolicy.all[generator.below(CutPolicy.all.count - 1)]
            var image = DiskImage(policy, of: disk, witness, seed: seed)
            if let bounds = bounds() { image.bounds = bounds }
            do throws(OracleFailure) {
                try examine(image, seed: seed, depth: depth)
            } catch {
                let failure = OracleFailure(
                    "after another cut, \(policy.name), before \(operation): \(error)")
                state.withLock { $0.failure = failure }
            }
        }
    }
}
