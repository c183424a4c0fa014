// Every store that the crash work makes: damage is found and counted, no row that verifies is lost,
// and what is healthy stays as it is.

import SegtoolCommands
import Synchronization
import Testing
import Varve
import VarveCheck
import VarveFormat
import VarveOracle
import VarveStorage
import VarveStorageSimulation

@Suite struct CrashWorkTests {
    private static let store = StoreProtocol.root.text

    /// A number that a JSON report has.
    private static func number(_ name: String, in text: String) -> Int {
        guard let range = text.firstRange(of: "\"\(name)\":") else { return -1 }
        return Int(text[range.upperBound...].prefix { $0.isNumber }) ?? -1
    }

    /// The same row, but for what normalising once more may change.
    private static func isNear(_ a: Row, _ b: Row) -> Bool {
        guard a.attributes == b.attributes, a.vector.count == b.vector.count else { return false }
        return zip(a.vector, b.vector).allSatisfy {
            abs($0 - $1) <= 0.01 * max(1, abs($0))
        }
    }

    @Test(arguments: UInt64(0)..<6, DamageSession.kinds + ["flip-bit"])
    func `damage is found, and no row that verifies is lost`(seed: UInt64, kind: String) throws {
        let session = try DamageSession(seed: seed)
        let expected = try session.healthyDisk().rows(Self.store)
        for place in session.places(about: 12) {
            guard let (disk, path) = session.damagedDisk(kind, at: place) else { continue }
            let where_ = "\(kind) of \(path) at \(place), seed \(seed)"
            let before = disk.contents(withLocks: true)
            let verify = ToolRun("verify \(Self.store) --ids 100000 --json", on: disk)
            #expect(verify.status != .clean, "\(where_)")
            let plan = ToolRun("repair plan \(Self.store)", on: disk)
            // Nobody needs what is in the trash, and no plan is about it.
            #expect(plan.status != .clean || path.text.contains("/trash/"), "\(where_)")
            let after = disk.contents(withLocks: true)
            #expect(after == before, "looking has changed the disk: \(where_)")
            let run = ToolRun("salvage \(Self.store) --out /saved --json", on: disk)
            #expect(
                [ExitStatus.clean, .partial].contains(run.status),
                "\(where_): \(run.text)\(run.errorText)")
            guard let saved = try? disk.rows("/saved") else {
                Issue.record("nothing was saved: \(where_)")
                continue
            }
            let missing = expected.keys.filter { saved[$0] == nil }
            if kind == "flip-bit" { #expect(missing.isEmpty, "\(where_)") }
            if run.status == .clean {
                #expect(missing.isEmpty && saved.count == expected.count, "\(where_)")
            }
            for id in missing where path.text.hasSuffix(".seg") {
                #expect(
                    verify.text.contains("\(id)") || verify.text.contains("\"structure\"")
                        || verify.text.contains("\"length\""),
                    "\(id) is lost and was not told: \(where_)")
            }
            if path.text.hasSuffix(".seg"), Self.number("bare_rows", in: run.text) == 0 {
                for (id, row) in saved {
                    let isRight = expected[id].map { Self.isNear($0, row) } ?? false
                    #expect(isRight, "\(id) is another row: \(where_)")
                }
                let lost = Self.number("lost_rows", in: run.text)
                #expect(lost >= missing.count, "\(lost) counted: \(where_)")
            }
        }
    }

    @Test(arguments: UInt64(0)..<4, DamageSession.kinds + ["flip-bit"])
    func `a repair in place loses no row that a salvage keeps`(seed: UInt64, kind: String) throws {
        let session = try DamageSession(seed: seed)
        let expected = try session.healthyDisk().rows(Self.store)
        for place in session.places(about: 6) {
            guard let (disk, path) = session.damagedDisk(kind, at: place) else { continue }
            let where_ = "\(kind) of \(path) at \(place), seed \(seed)"
            let before = disk.contents(withLocks: true)
            let plan = ToolRun("repair plan \(Self.store) --json", on: disk)
            guard let start = plan.text.firstRange(of: "\"plan\":\"") else {
                Issue.record("no plan: \(where_) \(plan.text)")
                continue
            }
            let hash = plan.text[start.upperBound...].prefix(16)
            #expect(ToolRun("salvage \(Self.store) --out /saved", on: disk).status != .corruption)
            let saved = try disk.rows("/saved")
            let run = ToolRun("repair apply \(Self.store) --in-place --plan \(hash)", on: disk)
            if run.text.contains("nothing to do") {
                let after = disk.contents(withLocks: true)
                #expect(after.filter { before[$0.key] != nil } == before, "\(where_)")
                continue
            }
            #expect([.clean, .partial].contains(run.status), "\(where_): \(run.text)")
            let repaired = try disk.rows(Self.store)
            let kept = saved.keys.filter { expected[$0] != nil }
            #expect(Set(repaired.keys).isSuperset(of: kept), "\(where_)")
            #expect(
                [.clean, .oddity].contains(
                    ToolRun("verify \(Self.store) --no-trash", on: disk).status),
                "\(where_)")
            #expect(ToolRun("repair undo \(Self.store)", on: disk).status == .clean, "\(where_)")
            let after = disk.contents(withLocks: true)
            for (name, content) in before where !name.hasSuffix("/LOCK") {
                #expect(after[name] == content, "\(name): \(where_)")
            }
        }
    }

    @Test(arguments: UInt64(0)..<4)
    func `what a power cut leaves needs no repair and is not touched`(seed: UInt64) throws {
        let plan = HistoryPlan(seed: seed)
        let seen = Mutex(0)
        let session = CutSession(plan) { disk in
            disk.keepsTrace = false
            let before = disk.contents(withLocks: true)
            let run = ToolRun("repair plan \(Self.store)", on: disk)
            let hasStore = before.keys.contains(Self.store + "/CURRENT")
            if hasStore {
                let isWell = [ExitStatus.clean, .oddity].contains(run.status)
                #expect(isWell && run.text.contains("nothing to do"), "\(run.text)")
            }
            #expect(disk.contents(withLocks: true) == before)
            if hasStore, let recovered = try? disk.rows(Self.store) {
                let saved = ToolRun("salvage \(Self.store) --out /saved", on: disk)
                #expect(saved.status == .clean, "\(saved.text)\(saved.errorText)")
                let kept = (try? disk.rows("/saved")) ?? [:]
                #expect(
                    Set(kept.keys) == Set(recovered.keys),
                    "\(kept.count) of \(recovered.count)"
                )
            }
            seen.withLock { $0 += 1 }
        }
        let count = session.dryRun().operationCount
        let outcome = session.run { place, policy in
            SeedMixing.isChosen(seed, place, policy, oneIn: max(1, count * 12 / 40))
        }
        #expect(outcome.failure == nil)
        #expect(seen.withLock { $0 } > 5)
    }
}

/// Choices that follow a seed.
private enum SeedMixing {
    static func isChosen(_ seed: UInt64, _ place: Int, _ policy: Int, oneIn odds: Int) -> Bool {
        var value = seed &* 0x9E37_79B9_7F4A_7C15 &+ UInt64(place) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 29) &+ UInt64(policy) &* 0x94D0_49BB_1331_11EB
        value = (value ^ value >> 31) &* 0xD6E8_FEB8_6659_FD93
        return (value >> 20) % UInt64(odds) == 0
    }
}
