// Planted bugs, hunted one after the other: a measure of the hunter.

import Glibc
import VarveMutants
import VarveOracle

/// Runs the fuzzer against every mutant, each in a process of its own.
///
/// A mutant counts as caught only by a case that goes well without it.
struct MutantCampaign {
    private let arguments: FuzzArguments
    /// Seconds a hunt may take.
    private static let limitSeconds = 600.0

    init(_ arguments: FuzzArguments) { self.arguments = arguments }

    /// Hunts all mutants; whether every one was caught.
    func run() -> Bool {
        guard Mutant.isBuiltIn else {
            FuzzOutput.note("this build has no mutants: build with -Xswiftc -DVARVE_MUTANTS")
            return false
        }
        let start = FuzzOutput.seconds()
        let names = Mutant.allCases.map { "\($0)" }
        var waiting = names[...]
        var running: [pid_t: (name: String, start: Double)] = [:]
        var missed: [String] = []
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < arguments.processCount, let name = waiting.popFirst() {
                guard let child = self.start(name) else { return false }
                running[child] = (name, FuzzOutput.seconds())
            }
            var status: Int32 = 0
            let child = unsafe waitpid(-1, &status, 0)
            guard let hunt = running.removeValue(forKey: child) else { continue }
            let answer = Self.answer(status)
            if answer != "caught" { missed.append(hunt.name) }
            let seconds = (FuzzOutput.seconds() - hunt.start).rounded()
            FuzzOutput.note("\(hunt.name): \(answer) in \(Int(seconds)) s")
        }
        let caught = names.count - missed.count
        let seconds = Int(FuzzOutput.seconds() - start)
        let text =
            ["planted bugs: \(caught) caught of \(names.count) planted, \(seconds) s"]
            + missed.map { "  missed: \($0)" }
        FuzzOutput.result(
            arguments.isJSON
                ? "{\"planted\": \(names.count), \"caught\": \(caught)}"
                : text.joined(separator: "\n")
        )
        return missed.isEmpty
    }

    /// What the exit status of a hunt says.
    private static func answer(_ status: Int32) -> String {
        switch (status & 0x7F, (status >> 8) & 0xFF) {
        case (0, 1): "caught"
        case (0, 0): "MISSED"
        case (0, 5): "MISSED: the case goes wrong without it, too,"
        default: "MISSED: the hunt ended with status \(status)"
        }
    }

    /// Starts the hunt for one mutant.
    private func start(_ name: String) -> pid_t? {
        let words = ["crash-fuzz", "--mutant", name, "--seed", "\(arguments.seed)"]
        var texts: [UnsafeMutablePointer<CChar>?] = unsafe words.map { unsafe strdup($0) }
        unsafe texts.append(nil)
        defer { unsafe texts.forEach { unsafe free($0) } }
        var child: pid_t = 0
        let code = unsafe posix_spawn(&child, "/proc/self/exe", nil, nil, texts, environ)
        guard code == 0 else {
            FuzzOutput.note("a process cannot be started: \(code)")
            return nil
        }
        return child
    }

    /// Hunts one mutant in this process until the first failure, and runs that case again without
    /// the mutant; whether there was none.
    func hunt(_ name: String) -> Bool {
        guard let mutant = Mutant.allCases.first(where: { "\($0)" == name }), Mutant.isBuiltIn
        else {
            FuzzOutput.note("there is no mutant \(name)")
            exit(2)
        }
        Mutant.plant(mutant)
        let deadline = FuzzOutput.seconds() + Self.limitSeconds
        var campaign = ScenarioCampaign(arguments, failureLimit: 1, deadline: deadline)
        for odds in [24, 5, 1] as [UInt64] {
            for part in MutantTrail.first(for: mutant) { follow(part, &campaign, odds) }
        }
        var odds: UInt64 = 24
        while campaign.tally.failures.isEmpty, FuzzOutput.seconds() < deadline {
            everywhere(&campaign, odds, deadline)
            if odds == 1 { break }
            odds = max(1, odds / 6)
        }
        guard let failure = campaign.tally.failures.first else {
            FuzzOutput.note("\(name) was come upon \(Mutant.reachedCount) times, and not caught")
            return true
        }
        Watchdog.begin(failure.seed, failure.place, failure.policy)
        Watchdog.confirm()
    }

    private func follow(
        _ trail: MutantTrail, _ campaign: inout ScenarioCampaign, _ odds: UInt64
    ) {
        guard campaign.tally.failures.isEmpty else { return }
        switch trail {
        case .points(let names): campaign.points(oneIn: odds, names)
        case .calls(let kinds, let names):
            campaign.calls(kinds.compactMap(FaultKind.named), oneIn: max(1, odds / 5), names)
        case .bytes(let state, let ending):
            campaign.damage(state, ending: ending, oneIn: Int(odds))
        case .lengths(let state, let ending):
            campaign.lengths(state, ending: ending, oneIn: Int(odds) * 4)
        case .histories(let seeds): histories(&campaign.tally, seeds, .infinity)
        }
    }

    private func everywhere(
        _ campaign: inout ScenarioCampaign, _ odds: UInt64, _ deadline: Double
    ) {
        campaign.points(oneIn: odds)
        campaign.calls(FaultKind.lyingWrites + FaultKind.everySync, oneIn: odds)
        for state in DamagedState.allCases {
            campaign.damage(state, oneIn: Int(odds) * 16)
            campaign.lengths(state, oneIn: Int(odds) * 256)
        }
        histories(&campaign.tally, odds * 1_000...odds * 1_000 + 5, deadline)
    }

    /// Some drawn histories, cut.
    private func histories(
        _ tally: inout FuzzTally, _ seeds: ClosedRange<UInt64>, _ deadline: Double
    ) {
        for seed in seeds where tally.failures.isEmpty {
            guard FuzzOutput.seconds() < deadline else { return }
            let session = CutSession(
                HistoryPlan(seed: seed), report: { Watchdog.begin($0, $1, $2) })
            tally.add(
                session.run { mixedSeed(seed, UInt64($0), UInt64($1), 9) % 16 == 0 })
        }
    }
}
