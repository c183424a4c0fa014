// Histories one after the other until the budget is spent.

import Glibc
import VarveMutants
import VarveOracle

/// A run of the fuzzer.
struct FuzzCampaign {
    private let arguments: FuzzArguments
    private let report: CaseReport = { seed, place, policy in
        Watchdog.begin(seed, place, policy)
    }
    /// Images an average history is cut into.
    private static let imagesPerHistory = 160
    /// Faults an average history is run with.
    private static let faultsPerHistory = 24
    /// Places at which a store is damaged.
    private static let damagesPerStore = 400

    init(_ arguments: FuzzArguments) { self.arguments = arguments }

    /// Runs; whether nothing went wrong.
    func run() -> Bool {
        if let replay = arguments.replay {
            Mutant.plant(Mutant.allCases.first { "\($0)" == arguments.planted })
            let isWell = self.replay(replay)
            if arguments.isConfirming { exit(isWell ? 1 : 5) }
            return isWell
        }
        var tally = FuzzTally()
        let start = FuzzOutput.seconds()
        var seed = arguments.seed
        var noted = start
        while (arguments.kinds.contains("cuts") ? tally.cutCount : tally.caseCount)
            < arguments.cutCount
        {
            let now = FuzzOutput.seconds()
            if let minutes = arguments.minutes, now - start > minutes * 60 { break }
            tally.historyCount += 1
            if arguments.kinds.contains("cuts") { cut(seed, &tally) }
            if arguments.kinds.contains("faults") { fail(seed, &tally) }
            if arguments.kinds.contains("damage"), seed % 16 == arguments.seed % 16 {
                damage(seed, &tally)
            }
            if now - noted > 5 {
                noted = now
                FuzzOutput.note(
                    "seed \(seed): \(tally.caseCount) cases, \(tally.failures.count) failures, "
                        + "\(Int(Double(tally.caseCount) / (now - start))) a second")
            }
            seed += 1
            if tally.failures.count >= 20 { break }
        }
        tally.seconds = FuzzOutput.seconds() - start
        FuzzOutput.result(arguments.isJSON ? tally.json : tally.text)
        return tally.failures.isEmpty
    }

    private func cut(_ seed: UInt64, _ tally: inout FuzzTally) {
        let session = CutSession(HistoryPlan(seed: seed), report: report)
        let dry = session.dryRun()
        if let failure = dry.failure { return tally.add(failure) }
        let pairCount = (dry.operationCount + 1) * CutPolicy.all.count
        let odds = max(1, pairCount / Self.imagesPerHistory)
        let select: @Sendable (Int, Int) -> Bool = { place, policy in
            mixedSeed(seed, UInt64(place), UInt64(policy), 9) % UInt64(odds) == 0
        }
        let outcome = session.run(select)
        tally.add(outcome)
        let isRerun = seed % arguments.rerunOdds == arguments.seed % arguments.rerunOdds
        guard isRerun, outcome.failure == nil else { return }
        tally.repeatCount += 1
        let again = session.run(select)
        if again.digest != outcome.digest {
            tally.add(
                FoundFailure(
                    seed: seed, place: -1, policy: "history",
                    message: "the same seed gives \(again.digest), not \(outcome.digest)"))
        }
    }

    /// Runs the history again and again, each time with another thing going wrong.
    private func fail(_ seed: UInt64, _ tally: inout FuzzTally) {
        let plan = HistoryPlan(seed: seed, stepCount: FuzzCase.faultStepCount)
        let operationCount = CutSession(plan, report: report).dryRun().operationCount
        let session = FaultSession(plan, report: report)
        let pairCount = operationCount * FaultKind.all.count
        let odds = max(1, pairCount / Self.faultsPerHistory)
        for place in 0..<operationCount {
            for (index, kind) in FaultKind.all.enumerated()
            where mixedSeed(seed, UInt64(place), UInt64(index), 11) % UInt64(odds) == 0 {
                let outcome = session.run(kind, at: place)
                tally.add(outcome, kind: "fault")
                if outcome.failure != nil { return }
            }
        }
    }

    /// Damages a sample of the bytes of a closed store.
    private func damage(_ seed: UInt64, _ tally: inout FuzzTally) {
        let session: DamageSession
        do {
            session = try DamageSession(seed: seed, report: report)
        } catch {
            return tally.add(
                FoundFailure(seed: seed, place: -1, policy: "zero-byte", message: "\(error)"))
        }
        var failureCount = 0
        for place in session.places(about: Self.damagesPerStore) {
            let large = DamageSession.largeKinds[place % DamageSession.largeKinds.count]
            for kind in DamageSession.byteKinds + [large] {
                let outcome = session.run(kind, at: place)
                tally.add(outcome, kind: "damage")
                failureCount += outcome.failure == nil ? 0 : 1
                if failureCount >= 4 { return }
            }
        }
    }

    /// Looks at one case again.
    private func replay(_ replay: (seed: UInt64, place: Int, policy: String)) -> Bool {
        do {
            let one = FuzzCase(seed: replay.seed, place: replay.place, policy: replay.policy)
            guard let outcome = try RepairSession.run(one, report) ?? one.run(report) else {
                FuzzOutput.note("\(replay.policy) is no policy")
                return false
            }
            FuzzOutput.result(outcome.failure?.description ?? "nothing wrong")
            return outcome.failure == nil
        } catch {
            FuzzOutput.result("\(error)")
            return false
        }
    }
}
