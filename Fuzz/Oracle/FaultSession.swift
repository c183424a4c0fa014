// One history with one thing that goes wrong, and what may come of it.

import Varve
import VarveStorageSimulation

/// Runs histories on disks that fail.
package struct FaultSession {
    private let plan: HistoryPlan
    private let report: CaseReport
    private let known: ExaminedImages?
    /// Errors a failing disk may lead to.
    private static let allowed: [StoreError.Code] = [
        .inputOutput, .noSpace, .failed, .notPermitted, .closed,
    ]

    /// - Parameter known: Images that need no second look; what is examined is added.
    package init(
        _ plan: HistoryPlan, known: ExaminedImages? = nil,
        report: @escaping CaseReport = { _, _, _ in }
    ) {
        self.plan = plan
        self.known = known
        self.report = report
    }

    /// Runs the history with a fault at the operation `place`.
    package func run(_ kind: FaultKind, at place: Int) -> SessionOutcome {
        report(plan.seed, place, kind.name)
        let disk = SimulatedFileSystem(seed: plan.seed)
        disk.keepsTrace = false
        disk.faults.add(kind.rule(at: place))
        let (seed, report) = (plan.seed, report)
        let exam = ImageExam(plan, known: known) { report(seed, place, kind.name) }
        let knownCount = known?.skippedCount ?? 0
        var outcome = SessionOutcome()
        outcome.imageCounts[kind.name] = 1
        do {
            try carryOut(kind, place, disk, exam)
        } catch {
            outcome.failure = FoundFailure(
                seed: plan.seed, place: place, policy: kind.name, message: "\(error)")
        }
        outcome.operationCount = disk.operationCount
        outcome.firedCount = disk.faults.firedCount
        outcome.examinedCount = exam.examinedCount + 1
        outcome.repeatedCount = (known?.skippedCount ?? 0) - knownCount
        return outcome
    }

    private func carryOut(
        _ kind: FaultKind, _ place: Int, _ disk: SimulatedFileSystem, _ exam: ImageExam
    ) throws {
        let witness = Witness()
        let run = HistoryRun(plan, on: disk, witness, seed: plan.seed)
        do throws(StoreError) {
            try run.create()
        } catch {
            try requireAllowed(error, "creating")
            return try examineRest(kind, place, disk, witness, exam)
        }
        var refusedCount = 0
        for (index, step) in plan.steps.enumerated() {
            do {
                try perform(step, of: run)
            } catch let error as StoreError {
                if kind.lies, error.code == .corruption {
                    return try end(run, kind, place, disk, exam)
                }
                try requireAllowed(error, "step \(index), \(step.name),")
                guard try staysUsable(run, error, step) else {
                    return try end(run, kind, place, disk, exam)
                }
                refusedCount += 1
                // The space returns: nothing may be lost, and what was put off must be done.
                guard refusedCount >= 3 || !kind.repeats else { continue }
                disk.faults.heal()
                try run.perform(.flush)
                try run.look()
            }
        }
        disk.faults.heal()
        try run.look()
        try end(run, kind, place, disk, exam)
    }

    /// Does one thing; what cannot be read while the disk fails can be read once it is healed.
    private func perform(_ step: HistoryStep, of run: HistoryRun) throws {
        do {
            try run.perform(step)
        } catch let error as OracleFailure {
            let fired = run.disk.faults.firedCount
            guard let cause = error.cause, fired > 0, Self.allowed.contains(cause.code) else {
                throw error
            }
            run.disk.faults.heal()
            try run.perform(step)
        }
    }

    /// Whether the store goes on after an error; if it does not, that must be final.
    private func staysUsable(
        _ run: HistoryRun, _ error: StoreError, _ step: HistoryStep
    ) throws -> Bool {
        guard let store = run.store else { return false }
        do throws(StoreError) {
            try store.write(WriteBatch())
        } catch {
            try requireFinal(run, store)
            return false
        }
        var harmless: [StoreError.Code] = [.noSpace]
        switch step {
        // The device failed the copy, the load or the merge, not the store.
        case .checkpoint, .load, .compact, .purge, .upgrade:
            harmless += [.inputOutput, .notPermitted]
        default: break
        }
        try require(
            harmless.contains(error.code), "the store goes on after an error that ends it: \(error)"
        )
        switch step {
        case .write, .load: run.witness.change { $0.withdraw() }
        default: break
        }
        try run.look()
        return true
    }

    /// A store that has failed stays so, on a healthy disk too, and can still be read.
    private func requireFinal(_ run: HistoryRun, _ store: Store) throws {
        var batch = WriteBatch()
        batch.delete(id: 1)
        for attempt in 0..<3 {
            if attempt == 2 { run.disk.faults.heal() }
            for call in ["write", "sync", "flush"] {
                do throws(StoreError) {
                    switch call {
                    case "write": try store.write(batch)
                    case "sync": try store.sync()
                    default: try store.flush()
                    }
                } catch {
                    try require(
                        error.code == .failed,
                        "a failed store refuses a \(call) with \(error)")
                    continue
                }
                throw OracleFailure("a \(call) succeeds in a store that had failed")
            }
        }
        // In doubt: the last batch may be visible or not.
        try run.look()
    }

    /// Examines what is left, in the page cache and on the disk.
    private func end(
        _ run: HistoryRun, _ kind: FaultKind, _ place: Int, _ disk: SimulatedFileSystem,
        _ exam: ImageExam
    ) throws {
        try examineRest(kind, place, disk, run.witness, exam)
        try? run.close()
        disk.faults.heal()
        try examineRest(kind, place, disk, run.witness, exam, isClosed: true)
        try run.requireProtocol()
    }

    private func examineRest(
        _ kind: FaultKind, _ place: Int, _ disk: SimulatedFileSystem, _ witness: Witness,
        _ exam: ImageExam, isClosed: Bool = false
    ) throws(OracleFailure) {
        let seed = mixedSeed(plan.seed, UInt64(place), 5)
        var generator = SeededGenerator(seed: seed)
        let random = CutPolicy.all[generator.below(CutPolicy.all.count - 1)]
        var policies = [CutPolicy.all[0]]
        // Closing has left less to choose from.
        if !isClosed { policies.append(random) }
        if !isClosed, let kill = CutPolicy.all.last { policies.append(kill) }
        for policy in policies {
            var image = DiskImage(policy, of: disk, witness, seed: seed)
            if kind.takesUnsynced { image.bounds = image.model.boundsAfterPowerCut }
            do throws(OracleFailure) {
                try exam.examine(image, seed: seed, depth: 1)
            } catch {
                throw OracleFailure("afterwards, \(policy.name): \(error)")
            }
        }
    }

    private func requireAllowed(_ error: StoreError, _ what: String) throws(OracleFailure) {
        try require(
            Self.allowed.contains(error.code), "\(what) fails in a way it must not: \(error)")
    }
}

extension HistoryStep {
    /// The step's name.
    var name: String {
        switch self {
        case .write: "write"
        case .load: "load"
        case .compact: "compact"
        case .startCompacting: "startCompacting"
        case .purge: "purge"
        case .flush: "flush"
        case .sync: "sync"
        case .reopen: "reopen"
        case .upgrade: "upgrade"
        case .work: "work"
        case .pause: "pause"
        case .snapshot: "snapshot"
        case .checkpoint: "checkpoint"
        case .look: "look"
        }
    }
}
