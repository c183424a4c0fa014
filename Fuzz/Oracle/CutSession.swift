// One history, cut at many moments in many ways.

import Synchronization
import Varve
package import VarveStorageSimulation

/// A case that went wrong, and how to see it again.
package struct FoundFailure: Error, CustomStringConvertible, Sendable {
    package var seed: UInt64
    /// The index of the operation or of the byte.
    package var place: Int
    /// What was done there.
    package var policy: String
    package var message: String

    package init(seed: UInt64, place: Int, policy: String, message: String) {
        self.seed = seed
        self.place = place
        self.policy = policy
        self.message = message
    }

    package var description: String {
        "--replay \(seed) \(place) \(policy)\n    \(message)"
    }
}

/// What a session has come to.
package struct SessionOutcome: Sendable {
    /// Mutating calls of the history.
    package var operationCount = 0
    /// Memtables that became segments in the history.
    package var flushCount = 0
    /// Those for which the history had not asked.
    package var ownFlushCount = 0
    /// Images by the policy that made them.
    package var imageCounts: [String: Int] = [:]
    /// Images in all, those of cuts inside exams included.
    package var examinedCount = 0
    /// What the history has written, and what all exams have: the same for the same seed, always.
    package var digest = SessionDigest()
    package var failure: FoundFailure?
    /// Images that were left alone because others of the same contents had been examined.
    package var repeatedCount = 0
    /// Calls that went wrong.
    package var firedCount = 0

    package init() {}
}

/// Hashes over what was written.
package struct SessionDigest: Hashable, Sendable {
    package var history: UInt64 = 0
    package var steps: UInt64 = 0
    package var exams: UInt64 = 0
}

/// Told what is about to be done, so that a trap or a hang can be traced to it.
package typealias CaseReport = @Sendable (_ seed: UInt64, _ place: Int, _ policy: String) -> Void

/// Runs histories and cuts them.
package struct CutSession {
    private let plan: HistoryPlan
    private let report: CaseReport
    private let depth: CutDepth
    private let skipsAlike: Bool
    private let visit: (@Sendable (SimulatedFileSystem) -> Void)?

    /// - Parameters:
    ///   - depth: How often and where an exam cuts the power again.
    ///   - skipsAlike: Whether images of the same contents are examined once only.
    ///   - visit: Given each image instead of the exam.
    package init(
        _ plan: HistoryPlan, depth: CutDepth = .drawn, skipsAlike: Bool = false,
        visit: (@Sendable (SimulatedFileSystem) -> Void)? = nil,
        report: @escaping CaseReport = { _, _, _ in }
    ) {
        self.plan = plan
        self.depth = depth
        self.skipsAlike = skipsAlike
        self.visit = visit
        self.report = report
    }

    /// Runs the history once, uncut.
    package func dryRun() -> SessionOutcome { run { _, _ in false } }

    /// Runs the history, and cuts it wherever `selects` says so for a place and a policy.
    ///
    /// The place behind the last operation counts as one more.
    package func run(
        _ selects: @escaping @Sendable (_ place: Int, _ policyIndex: Int) -> Bool
    ) -> SessionOutcome {
        let disk = SimulatedFileSystem(seed: plan.seed)
        disk.keepsTrace = false
        var generator = SeededGenerator(seed: plan.seed ^ 0xF5)
        disk.fileSyncPublishesName = generator.chance(1, in: 5)
        let witness = Witness()
        let outcome = Mutex(SessionOutcome())
        let (seed, report, depth, visit) = (plan.seed, report, depth, visit)
        let last = Mutex((place: -1, name: "history"))
        let known = skipsAlike ? ExaminedImages() : nil
        let exam = ImageExam(plan, known: known, cutsEveryCall: depth.cutsEveryCall) {
            let (place, name) = last.withLock { $0 }
            report(seed, place, name)
        }
        let cut: @Sendable (Int, String) -> Void = { place, text in
            for (index, policy) in CutPolicy.all.enumerated() where selects(place, index) {
                guard outcome.withLock({ $0.failure == nil }) else { return }
                let name = depth.prefix + policy.name
                outcome.withLock { $0.imageCounts[name, default: 0] += 1 }
                last.withLock { $0 = (place, name) }
                let own = mixedSeed(seed, UInt64(place), UInt64(index))
                let image = DiskImage(policy, of: disk, witness, seed: own)
                if let visit {
                    visit(image.disk)
                    continue
                }
                do throws(OracleFailure) {
                    try exam.examine(image, seed: own, depth: depth.limit)
                } catch {
                    let failure = FoundFailure(
                        seed: seed, place: place, policy: name,
                        message: "before \(text): \(error)")
                    outcome.withLock { $0.failure = failure }
                }
            }
        }
        disk.onOperation { operation in cut(operation.index, operation.description) }
        report(seed, -1, "history")
        let run = HistoryRun(plan, on: disk, witness, seed: plan.seed)
        let failure = carryOut(run) { cut(disk.operationCount, "the end") }
        disk.onOperation(nil)
        var result = outcome.withLock { $0 }
        result.operationCount = disk.operationCount
        result.flushCount = run.flushCount
        result.ownFlushCount = run.flushCount - run.askedFlushCount
        result.examinedCount = exam.examinedCount
        result.repeatedCount = known?.skippedCount ?? 0
        result.digest = SessionDigest(
            history: disk.traceHash, steps: run.runtime.traceHash, exams: exam.digest)
        if result.failure == nil, let failure {
            result.failure = FoundFailure(
                seed: seed, place: -1, policy: "history", message: "\(failure)")
        }
        return result
    }

    private func carryOut(_ run: HistoryRun, _ atEnd: () -> Void) -> (any Error)? {
        do {
            try run.create()
            for step in plan.steps {
                try run.perform(step)
                if plan.measuresRecall { try run.noteRecall() }
            }
            try run.look()
            atEnd()
            try run.close()
            try run.requireProtocol()
            return nil
        } catch {
            return error
        }
    }
}
