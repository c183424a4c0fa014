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
            ("points", { $0.points() }), ("repair", { $0.repairs() }),
            ("recovery", { $0.recoveries() }),
            ("calls", { $0.calls(FaultKind.everyCall) }),
            ("syncs", { $0.calls(FaultKind.everySync + FaultKind.lyingWrites) }),
            ("rare", { $0.calls(FaultKind.everyCallRarely) }),
            (
                "damage",
                {
                    $0.damage(.small)
                    $0.damage(.open)
                }
            ),
            ("bits", { $0.damage(.small, DamageSession.bitKinds) }),
            (
                "lengths",
                {
                    for state in DamagedState.allCases { $0.lengths(state) }
                    $0.swaps()
                }
            ),
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

    /// All scenarios in the variants that were asked for, from one on; of several processes this
    /// one takes its share.
    private func scenarios(_ names: [String] = []) -> [Scenario] {
        let variants = arguments.firstVariant..<arguments.firstVariant + arguments.variantCount
        return variants.flatMap { Scenario.all(variant: $0) }.filter {
            $0.index % arguments.shareCount == arguments.share
                && (names.isEmpty || names.contains($0.name))
        }
    }

    private func note(_ scenario: Scenario, _ outcome: SessionOutcome) {
        guard let failure = outcome.failure else { return }
        FuzzOutput.note("in \"\(scenario.name)\": \(failure.policy)")
    }

    /// A sign of life now and then.
    private func progress(_ what: String) {
        FuzzOutput.noteNowAndThen {
            "\(what): \(tally.caseCount) cases, \(tally.likeCount) like others, "
                + "\(tally.failures.count) failures"
        }
    }
}

// MARK: - Cuts

extension ScenarioCampaign {
    /// Every mutating call of every scenario, and its end, cut in every way.
    mutating func points(oneIn odds: UInt64 = 1, _ names: [String] = []) {
        for scenario in scenarios(names) where !isOver {
            progress("points")
            tally.historyCount += 1
            let session = CutSession(
                scenario.plan, depth: .none, skipsAlike: true, report: report)
            let outcome = session.run { place, policy in
                odds == 1 || mixedSeed(scenario.seed, UInt64(place), UInt64(policy)) % odds == 0
            }
            tally.add(outcome, kind: "point")
            note(scenario, outcome)
        }
    }

    /// Recoveries cut before each of their calls, and those recoveries again.
    private mutating func recoveries() {
        let all = scenarios()
        let wanted = arguments.recoveryCount / arguments.shareCount / max(1, all.count) + 1
        for scenario in all where !isOver {
            progress("recoveries")
            let placeCount = CutSession(scenario.plan).dryRun().operationCount + 1
            let pairCount = placeCount * CutPolicy.all.count
            let stride = max(1, pairCount / wanted)
            let first = Int(scenario.seed % UInt64(stride))
            let session = CutSession(
                scenario.plan, depth: .recovery(arguments.depth), skipsAlike: true,
                report: report)
            let outcome = session.run { place, policy in
                let index = place * CutPolicy.all.count + policy - first
                return index >= 0 && index % stride == 0 && index / stride < wanted
            }
            tally.add(outcome, kind: "recovery")
            note(scenario, outcome)
        }
    }

    /// Every call of a repair in place cut.
    private mutating func repairs() {
        for variant in 0..<arguments.variantCount where !isOver {
            for damage in RepairSession.damages.indices
            where damage % arguments.shareCount == arguments.share && !isOver {
                progress("repairs")
                let seed = UInt64(arguments.firstVariant + variant + 1)
                tally.historyCount += 1
                let session = RepairSession(seed: seed, damage, report: report)
                tally.add(session.run { _, _ in true }, kind: "point")
            }
        }
    }
}

// MARK: - Faults and damage

extension ScenarioCampaign {
    /// Each call of every scenario going wrong in each of these ways.
    mutating func calls(
        _ kinds: [FaultKind], oneIn odds: UInt64 = 1, _ names: [String] = []
    ) {
        for scenario in scenarios(names) {
            let session = FaultSession(scenario.plan, known: ExaminedImages(), report: report)
            for kind in kinds {
                var place = 1
                while !isOver {
                    defer { place += 1 }
                    let isChosen =
                        odds == 1 || mixedSeed(scenario.seed, UInt64(place), 5) % odds == 0
                    guard isChosen || place > 5_000 else { continue }
                    progress("\"\(scenario.name)\", \(kind.name), call \(place)")
                    let outcome = session.run(kind, at: place)
                    // Behind the last call nothing goes wrong.
                    guard outcome.firedCount > 0 else { break }
                    tally.add(outcome, kind: "fault")
                    note(scenario, outcome)
                }
            }
        }
    }

    /// Every byte of a small store; of one that was not closed, those of its newest log.
    mutating func damage(
        _ state: DamagedState, _ kinds: [String] = DamageSession.byteKinds, ending: String = "",
        oneIn odds: Int = 1
    ) {
        guard !isOver, let session = damageSession(state) else { return }
        if state == .open {
            tally.add(session.run(DamageSession.staleKind, at: 0), kind: "damage")
        }
        let step = arguments.shareCount * odds
        var places = places(session, ending)
        // A sample begins where there is most to be damaged: directories stand at the end.
        if odds > 1 { places = places.reversed().filter(session.isUsed) }
        for place in places where place % step == arguments.share {
            for kind in kinds where !isOver {
                tally.add(session.run(kind, at: place), kind: "damage")
            }
            progress("damage")
        }
        guard odds == 1 else { return }
        FuzzOutput.note("a store of \(session.byteCount) bytes in \(session.files.count) files")
    }

    /// Every length a file can be cut to.
    mutating func lengths(_ state: DamagedState, ending: String = "", oneIn odds: Int = 1) {
        guard !isOver, let session = damageSession(state) else { return }
        let step = arguments.shareCount * odds
        for place in places(session, ending) where place % step == arguments.share && !isOver {
            tally.add(session.run("truncate", at: place), kind: "damage")
            progress("lengths")
        }
    }

    /// Every pair of blocks of a file swapped.
    private mutating func swaps() {
        guard let session = damageSession(.closed) else { return }
        for place in session.blockPairs.indices
        where place % arguments.shareCount == arguments.share && !isOver {
            tally.add(session.run(DamageSession.swapKind, at: place), kind: "damage")
        }
    }

    /// All places, or those of one file.
    private func places(_ session: DamageSession, _ ending: String) -> [Int] {
        guard !ending.isEmpty, let places = session.places(ending: ending) else {
            return session.allPlaces
        }
        return Array(places)
    }

    private mutating func damageSession(_ state: DamagedState) -> DamageSession? {
        do {
            return try DamageSession(seed: arguments.seed, state, report: report)
        } catch {
            tally.add(
                FoundFailure(
                    seed: arguments.seed, place: -1, policy: "zero-byte", message: "\(error)"))
            return nil
        }
    }
}
