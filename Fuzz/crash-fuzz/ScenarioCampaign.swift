// Every call of scripted scenarios cut and failed, every byte of a small store damaged.

import VarveOracle
import VarveStorage
import VarveStorageSimulation

/// The exhaustive loops, one after the other.
struct ScenarioCampaign {
    private let arguments: FuzzArguments
    private let report: CaseReport = { seed, place, policy in
        Watchdog.begin(seed, place, policy)
    }
    /// Ends the campaign early: after so many failures, or when time is up.
    private let limit: Int
    private let deadline: Double
    var tally = FuzzTally()

    /// Loops that are left when `deadline` comes stay undone, and say so.
    init(_ arguments: FuzzArguments, failureLimit: Int = 20, deadline: Double = .infinity) {
        self.arguments = arguments
        limit = failureLimit
        let own = arguments.minutes.map { FuzzOutput.seconds() + $0 * 60 } ?? .infinity
        self.deadline = min(own, deadline)
    }

    private var isOver: Bool {
        tally.failures.count >= limit || FuzzOutput.seconds() > deadline
    }

    /// Runs what was asked for; whether nothing went wrong.
    mutating func run() -> Bool {
        let start = FuzzOutput.seconds()
        let parts: [(String, (inout ScenarioCampaign) -> Void)] = [
            ("points", { $0.points() }), ("recovery", { $0.recoveries() }),
            ("calls", { $0.calls(FaultKind.everyCall) }),
            ("syncs", { $0.calls(FaultKind.everySync + FaultKind.lyingWrites) }),
            ("rare", { $0.calls(FaultKind.everyCallRarely) }),
            ("damage", { $0.damage() }), ("bits", { $0.bits() }), ("lengths", { $0.lengths() }),
        ]
        for (name, part) in parts where arguments.kinds.contains(name) {
            let (before, began) = (tally.caseCount, FuzzOutput.seconds())
            part(&self)
            FuzzOutput.note(
                "\(name): \(tally.caseCount - before) cases, "
                    + "\(Int(FuzzOutput.seconds() - began)) s"
                    + (isOver ? ", ended early" : ""))
        }
        tally.seconds = FuzzOutput.seconds() - start
        FuzzOutput.result(arguments.isJSON ? tally.json : tally.text)
        return tally.failures.isEmpty
    }

    /// All scenarios in the variants that were asked for, from one on; of `parts` processes this
    /// one takes its share.
    private var scenarios: [Scenario] {
        let variants = arguments.firstVariant..<arguments.firstVariant + arguments.variantCount
        return variants.flatMap { Scenario.all(variant: $0) }.filter {
            $0.index % arguments.shareCount == arguments.share
        }
    }

    /// Every mutating call of every scenario, and its end, cut in every way.
    mutating func points(oneIn odds: UInt64 = 1) {
        for scenario in scenarios where !isOver {
            tally.historyCount += 1
            let outcome = CutSession(scenario.plan, depth: 0, report: report).run { place, policy in
                odds == 1 || mixedSeed(scenario.seed, UInt64(place), UInt64(policy)) % odds == 0
            }
            tally.add(outcome, kind: "point")
            note(scenario, outcome)
        }
    }

    private func note(_ scenario: Scenario, _ outcome: SessionOutcome) {
        guard let failure = outcome.failure else { return }
        FuzzOutput.note("in \"\(scenario.name)\": \(failure.policy)")
    }

    /// Recoveries cut before each of their calls, and those recoveries again.
    private mutating func recoveries() {
        var count = 0
        for scenario in scenarios where !isOver && count < arguments.recoveryCount {
            let wanted = max(1, arguments.recoveryCount / scenarios.count + 1)
            let operationCount = CutSession(scenario.plan).dryRun().operationCount
            let odds = UInt64(max(1, (operationCount + 1) * CutPolicy.all.count / wanted))
            let session = CutSession(
                scenario.plan, depth: arguments.depth, cutsEveryCall: true, report: report)
            let outcome = session.run { place, policy in
                mixedSeed(scenario.seed, UInt64(place), UInt64(policy), 21) % odds == 0
            }
            count += outcome.imageCounts.values.reduce(0, +)
            tally.add(outcome, kind: "recovery")
            note(scenario, outcome)
        }
    }

    /// Each call of every scenario going wrong in each of these ways.
    mutating func calls(_ kinds: [FaultKind], oneIn odds: UInt64 = 1) {
        for scenario in scenarios {
            let plan = scenario.plan
            for kind in kinds {
                var place = 1
                while !isOver {
                    defer { place += 1 }
                    let isChosen =
                        odds == 1 || mixedSeed(scenario.seed, UInt64(place), 5) % odds == 0
                    guard isChosen || place > 5_000 else { continue }
                    let outcome = FaultSession(plan, report: report).run(kind, at: place)
                    // Behind the last call nothing goes wrong.
                    guard outcome.firedCount > 0 else { break }
                    tally.add(outcome, kind: "fault")
                    note(scenario, outcome)
                }
            }
        }
    }

    /// Every byte of a small store, three values each.
    mutating func damage(oneIn odds: Int = 1) {
        guard let session = damageSession() else { return }
        for (index, place) in session.allPlaces().enumerated()
        where index % arguments.shareCount == arguments.share
            && index / arguments.shareCount % odds == 0
        {
            for kind in DamageSession.byteKinds where !isOver {
                tally.add(session.run(kind, at: place), kind: "damage")
            }
        }
        FuzzOutput.note("a store of \(session.byteCount) bytes in \(session.files.count) files")
    }

    /// Every bit of a small store.
    mutating func bits() {
        guard let session = damageSession() else { return }
        for (path, byteCount) in session.files {
            for offset in 0..<byteCount where offset % arguments.shareCount == arguments.share {
                for bit in 0..<8 where !isOver {
                    tally.add(
                        session.run(
                            .flipBit(offset: offset, bit: bit), to: path, name: "flipped-bit"),
                        kind: "damage")
                }
            }
        }
    }

    /// Every length a file can be cut to, and every pair of blocks swapped.
    mutating func lengths(oneIn odds: Int = 1) {
        guard let session = damageSession() else { return }
        var index = 0
        for (path, byteCount) in session.files {
            for length in 0..<byteCount where !isOver {
                index += 1
                guard index % (arguments.shareCount * odds) == arguments.share else { continue }
                tally.add(
                    session.run(.truncate(byteCount: length), to: path, name: "cut-to-length"),
                    kind: "damage")
            }
        }
        for (path, first, second) in session.blockPairs(byteCount: 4_096)
            + session.blockPairs(byteCount: 512).filter({ $0.path.name.hasSuffix(".wal") })
        where !isOver {
            index += 1
            guard index % (arguments.shareCount * odds) == arguments.share else { continue }
            tally.add(
                session.run(
                    .swapBlocks(
                        first, second, byteCount: path.name.hasSuffix(".wal") ? 512 : 4_096),
                    to: path, name: "swapped-blocks"), kind: "damage")
        }
    }

    private mutating func damageSession() -> DamageSession? {
        do {
            return try DamageSession(seed: arguments.seed, report: report)
        } catch {
            tally.add(
                FoundFailure(
                    seed: arguments.seed, place: -1, policy: "zero-byte", message: "\(error)"))
            return nil
        }
    }
}
