// A damaged store that is repaired in place, cut at every call: the repair can always be done over.

import SegtoolCommands
import Synchronization
import VarveOracle
import VarveStorageSimulation

/// Repairs a store with one damaged file, and cuts that.
struct RepairSession {
    /// Kinds of damage to the first file of such a name that can be repaired without loss.
    static let damages: [(ending: String, kind: String)] = [
        (".seg", "bit-3"), (".del", "bit-0"), (".wal", "bit-6"), ("CURRENT", "bit-1"),
        ("manifest", "bit-5"), (".seg", "append"), ("CURRENT", "truncate"),
    ]

    private let seed: UInt64
    private let damage: Int
    private let report: CaseReport

    init(seed: UInt64, _ damage: Int, report: @escaping CaseReport) {
        self.seed = seed
        self.damage = damage
        self.report = report
    }

    private var prefix: String { "repair\(damage):" }

    /// The case of that name; nil if it is no case of a repair.
    static func run(_ one: FuzzCase, _ report: @escaping CaseReport) throws -> SessionOutcome? {
        let parts = one.policy.split(separator: ":").map(String.init)
        guard parts.count == 2, parts[0].hasPrefix("repair"),
            let damage = Int(parts[0].dropFirst(6)), damages.indices.contains(damage)
        else { return nil }
        return RepairSession(seed: one.seed, damage, report: report).run { place, policy in
            place == one.place && CutPolicy.all[policy].name == parts[1]
        }
    }

    /// Repairs once, and cuts wherever `selects` says so for a place and a policy.
    func run(_ selects: @escaping @Sendable (_ place: Int, _ policy: Int) -> Bool) -> SessionOutcome
    {
        let outcome = Mutex(SessionOutcome())
        do {
            let session = try DamageSession(seed: seed, .small, report: report)
            let disk = try damagedDisk(session)
            let hash = try plan(disk)
            let (seed, prefix, report) = (seed, prefix, report)
            let cut: @Sendable (Int) -> Void = { place in
                for (index, policy) in CutPolicy.all.enumerated() where selects(place, index) {
                    guard outcome.withLock({ $0.failure == nil }) else { return }
                    let name = prefix + policy.name
                    report(seed, place, name)
                    let own = mixedSeed(seed, UInt64(place), UInt64(index))
                    outcome.withLock {
                        $0.imageCounts[name, default: 0] += 1
                        $0.examinedCount += 1
                    }
                    do throws(OracleFailure) {
                        try Self.examine(policy.apply(to: disk, seed: own), session)
                    } catch {
                        let failure = FoundFailure(
                            seed: seed, place: place, policy: name, message: error.description)
                        outcome.withLock { $0.failure = failure }
                    }
                }
            }
            disk.onOperation { cut($0.index) }
            let apply = ToolCall("repair apply /store --in-place --plan \(hash)", on: disk)
            disk.onOperation(nil)
            try require(apply.status == .clean, "the repair fails: \(apply.text)")
            cut(disk.operationCount)
        } catch {
            outcome.withLock {
                $0.failure = FoundFailure(
                    seed: seed, place: -1, policy: prefix + "kill", message: "\(error)")
            }
        }
        return outcome.withLock { $0 }
    }

    private func damagedDisk(_ session: DamageSession) throws -> SimulatedFileSystem {
        let (ending, kind) = Self.damages[damage]
        guard let places = session.places(ending: ending) else {
            throw OracleFailure("there is no file \(ending)")
        }
        let place = places.lowerBound + Int(mixedSeed(seed, 3) % UInt64(places.count))
        guard let (disk, _) = session.damagedDisk(kind, at: place) else {
            throw OracleFailure("nothing is damaged")
        }
        disk.keepsTrace = false
        return disk
    }

    /// The name of the plan that mends what stands on `disk`.
    private func plan(_ disk: SimulatedFileSystem) throws -> String {
        let plan = ToolCall("repair plan /store --json", on: disk)
        guard let hash = plan.hash else {
            throw OracleFailure("there is no plan: \(plan.text)")
        }
        return hash
    }

    /// Repairs what a cut has left, from the beginning if need be; then everything is there.
    private static func examine(
        _ disk: SimulatedFileSystem, _ session: DamageSession
    ) throws(OracleFailure) {
        var text = ""
        for _ in 0..<3 {
            let plan = ToolCall("repair plan /store --json", on: disk)
            guard plan.status == .corruption, let hash = plan.hash else { break }
            let apply = ToolCall("repair apply /store --in-place --plan \(hash)", on: disk)
            if apply.status == .clean { break }
            // Originals that were set aside stand in the way.
            text = apply.text + ToolCall("repair undo /store", on: disk).text
        }
        let verify = ToolCall("verify /store", on: disk)
        try require(
            verify.status == .clean || verify.status == .oddity,
            "the repair cannot be done over: \(text)\(verify.text)")
        try session.requireEverything(on: disk)
    }
}

/// A command line of the tool carried out on a simulated disk.
private struct ToolCall {
    let text: String
    let status: ExitStatus

    init(_ line: String, on disk: SimulatedFileSystem) {
        let written = Mutex("")
        let take: @Sendable (String) -> Void = { piece in written.withLock { $0 += piece } }
        let surroundings = Surroundings(
            fileSystem: disk, runtime: SimulatedRuntime(seed: 4), write: take, writeError: take)
        status = Segtool.run(line.split(separator: " ").map(String.init), in: surroundings)
        text = written.withLock { $0 }
    }

    /// The plan's name, if this made one.
    var hash: String? {
        text.firstRange(of: "\"plan\":\"").map { String(text[$0.upperBound...].prefix(16)) }
    }
}
