// Histories one after the other until the budget is spent.

import VarveOracle

/// A run of the fuzzer.
struct FuzzCampaign {
    private let arguments: FuzzArguments
    private let report: CaseReport = { seed, place, policy in
        Watchdog.begin(seed, place, policy)
    }
    /// Images an average history is cut into.
    private static let imagesPerHistory = 160

    init(_ arguments: FuzzArguments) { self.arguments = arguments }

    /// Runs; whether nothing went wrong.
    func run() -> Bool {
        if let replay = arguments.replay { return self.replay(replay) }
        var tally = FuzzTally()
        let start = FuzzOutput.seconds()
        var seed = arguments.seed
        var noted = start
        while tally.caseCount < arguments.cutCount {
            let now = FuzzOutput.seconds()
            if let minutes = arguments.minutes, now - start > minutes * 60 { break }
            tally.historyCount += 1
            if arguments.kinds.contains("cuts") { cut(seed, &tally) }
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
        guard seed % 100 == arguments.seed % 100, outcome.failure == nil else { return }
        tally.repeatCount += 1
        let again = session.run(select)
        if again.digest != outcome.digest {
            tally.add(
                FoundFailure(
                    seed: seed, place: -1, policy: "history",
                    message: "the same seed gives \(again.digest), not \(outcome.digest)"))
        }
    }

    private func replay(_ replay: (seed: UInt64, place: Int, policy: String)) -> Bool {
        let session = CutSession(HistoryPlan(seed: replay.seed), report: report)
        let outcome: SessionOutcome
        if replay.policy == "history" {
            outcome = session.dryRun()
        } else {
            guard let index = CutPolicy.all.firstIndex(where: { $0.name == replay.policy }) else {
                FuzzOutput.note("\(replay.policy) is no policy")
                return false
            }
            outcome = session.run { $0 == replay.place && $1 == index }
        }
        FuzzOutput.result(outcome.failure?.description ?? "nothing wrong")
        return outcome.failure == nil
    }
}
