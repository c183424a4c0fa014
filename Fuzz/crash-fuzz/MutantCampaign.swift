// Planted bugs, hunted one after the other: a measure of the hunter.

import Glibc
import VarveMutants
import VarveOracle

/// Runs the fuzzer against every mutant, each in a process of its own.
struct MutantCampaign {
    private let arguments: FuzzArguments
    /// Seconds a hunt may take.
    private static let limitSeconds = 240.0

    init(_ arguments: FuzzArguments) { self.arguments = arguments }

    /// Hunts all mutants; whether every one was caught.
    func run() -> Bool {
        guard Mutant.isBuiltIn else {
            FuzzOutput.note("this build has no mutants: build with -Xswiftc -DVARVE_MUTANTS")
            return false
        }
        let names = Mutant.allCases.map { "\($0)" }
        var waiting = names[...]
        var running: [pid_t: (name: String, start: Double)] = [:]
        var missed: [String] = []
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < arguments.processCount, let name = waiting.popFirst() {
                guard let child = start(name) else { return false }
                running[child] = (name, FuzzOutput.seconds())
            }
            var status: Int32 = 0
            let child = unsafe waitpid(-1, &status, 0)
            guard let hunt = running.removeValue(forKey: child) else { continue }
            let code = (status >> 8) & 0xFF
            // 1: a failure; 3 and 4: a trap or a hang, which name their case, too.
            let isCaught = status & 0x7F != 0 || [1, 3, 4].contains(code)
            if !isCaught { missed.append(hunt.name) }
            let seconds = (FuzzOutput.seconds() - hunt.start).rounded()
            FuzzOutput.note("\(hunt.name): \(isCaught ? "caught" : "MISSED") in \(Int(seconds)) s")
        }
        let caught = names.count - missed.count
        let text = ["\(caught) caught of \(names.count) planted"] + missed.map { "  missed: \($0)" }
        FuzzOutput.result(
            arguments.isJSON
                ? "{\"planted\": \(names.count), \"caught\": \(caught)}"
                : text.joined(separator: "\n")
        )
        return missed.isEmpty
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

    /// Hunts one mutant in this process until the first failure; whether there was none.
    func hunt(_ name: String) -> Bool {
        guard let mutant = Mutant.allCases.first(where: { "\($0)" == name }), Mutant.isBuiltIn
        else {
            FuzzOutput.note("there is no mutant \(name)")
            exit(2)
        }
        Mutant.plant(mutant)
        let deadline = FuzzOutput.seconds() + Self.limitSeconds
        var campaign = ScenarioCampaign(arguments, failureLimit: 1, deadline: deadline)
        var odds: UInt64 = 24
        while campaign.tally.failures.isEmpty, FuzzOutput.seconds() < deadline {
            campaign.points(oneIn: odds)
            if campaign.tally.failures.isEmpty {
                campaign.calls(FaultKind.lyingWrites + FaultKind.everySync, oneIn: odds)
            }
            if campaign.tally.failures.isEmpty { campaign.damage(oneIn: Int(odds) * 16) }
            if campaign.tally.failures.isEmpty { campaign.lengths(oneIn: Int(odds) * 256) }
            if campaign.tally.failures.isEmpty {
                histories(&campaign.tally, from: odds * 1_000, deadline)
            }
            if odds == 1 { break }
            odds = max(1, odds / 6)
        }
        if campaign.tally.failures.isEmpty {
            FuzzOutput.note("\(name) was come upon \(Mutant.reachedCount) times, and not caught")
        }
        return campaign.tally.failures.isEmpty
    }

    /// Some drawn histories, cut.
    private func histories(_ tally: inout FuzzTally, from seed: UInt64, _ deadline: Double) {
        for seed in seed..<seed + 6 where tally.failures.isEmpty {
            guard FuzzOutput.seconds() < deadline else { return }
            let session = CutSession(
                HistoryPlan(seed: seed), report: { Watchdog.begin($0, $1, $2) })
            tally.add(
                session.run { mixedSeed(seed, UInt64($0), UInt64($1), 9) % 16 == 0 })
        }
    }
}
