// What could go, and what would be merged.

import Varve
import VarveCheck
import VarveCompaction
import VarveFormat
import VarveManifest
import VarveStorage

extension Verb {
    @Sendable static func collectGarbage(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let manifest = try call.manifest(image)
        let grace =
            manifest.option("trash_grace_seconds").flatMap { Int64($0) } ?? 60
        let now = call.runtime.wallClockMicroseconds() / 1_000_000
        var freed: UInt64 = 0
        let count = call.output.table(
            "files", nil,
            [Column("file"), Column("role"), Column("bytes"), Column("when"), Column("why")]
        ) { add in
            for entry in image.entries {
                guard let (when, why) = reason(entry, image, now, grace) else { continue }
                freed += entry.byteCount
                add([
                    .text(entry.name), roleCell(entry.role), .bytes(entry.byteCount), .text(when),
                    .text(why),
                ])
            }
        }
        call.output.machine("byte_count", .bytes(freed))
        call.output.picture("\(count) files, \(Units.bytes(freed))\n")
        return .clean
    }

    private static func reason(
        _ entry: StoreImage.Entry, _ image: StoreImage, _ now: Int64, _ grace: Int64
    ) -> (when: String, why: String)? {
        switch entry.role {
        case .trash:
            let age = now - (entry.retiredSeconds ?? now)
            let isDue = age >= grace
            return (
                isDue ? "with the next flush" : "in \(grace - age) s",
                "retired \(age) s ago, kept \(grace) s for readers that opened it before"
            )
        case .obsolete:
            return (
                "with the next retirement", "no kept version needs it; it goes to the trash first"
            )
        case .temporary: return ("at the next opening", "left by a write that was cut off")
        case .ahead where image.isLiveByPointer:
            return ("at the next opening", "newer than the live version, which never names it")
        case .history:
            guard case .manifest? = entry.file else {
                return ("with the next retirement", "only an older version needs it")
            }
            return nil
        default: return nil
        }
    }

    /// What the picker knows of the live version.
    static func facts(_ manifest: Manifest) -> [SegmentFacts] {
        manifest.segments.map {
            SegmentFacts(
                id: $0.id, rowCount: $0.rowCount,
                deletedRowCount: $0.tombstones?.deletedCount ?? 0, byteCount: $0.byteCount,
                tombstoneByteCount: $0.tombstones?.byteCount ?? 0)
        }
    }

    @Sendable static func compactStore(_ call: Invocation) throws -> ExitStatus {
        guard call.has("dry-run") else { return try compactNow(call) }
        let image = try call.image()
        let manifest = try call.manifest(image)
        let free = (try? call.fileSystem.freeByteCount(call.store)) ?? .max
        var picker = CompactionPicker()
        func number(_ key: String) -> Int? { manifest.option(key).flatMap { Int($0) } }
        picker.tierCount = number("compaction_tier") ?? picker.tierCount
        picker.segmentLimit = number("compaction_segments") ?? picker.segmentLimit
        picker.deadShareLimit =
            manifest.option("compaction_dead_share").flatMap { Double($0) }
            ?? picker.deadShareLimit
        var facts = facts(manifest)
        var plans: [CompactionPlan] = []
        if call.has("all") {
            if let plan = picker.everything(facts, freeByteCount: free) { plans.append(plan) }
        } else {
            while plans.count < 64, let plan = picker.pick(facts, freeByteCount: free) {
                plans.append(plan)
                facts = merged(facts, plan, number: UInt64(plans.count))
            }
        }
        show(call, plans, manifest)
        return .clean
    }

    /// The facts once a plan is carried out.
    private static func merged(
        _ facts: [SegmentFacts], _ plan: CompactionPlan, number: UInt64
    ) -> [SegmentFacts] {
        let inputs = facts.filter { plan.inputs.contains($0.id) }
        let rest = facts.filter { !plan.inputs.contains($0.id) }
        let rows = inputs.reduce(0) { $0 + $1.liveRowCount }
        guard rows > 0 else { return rest }
        return rest + [
            SegmentFacts(
                id: SegmentID(UInt64.max - number), rowCount: rows,
                byteCount: plan.outputByteCount)
        ]
    }

    private static func show(
        _ call: Invocation, _ plans: [CompactionPlan], _ manifest: Manifest
    ) {
        let total = manifest.segments.reduce(UInt64(0)) { $0 + $1.byteCount }
        call.output.table(
            "merges", nil,
            [
                Column("order"), Column("segments"), Column("reason"), Column("output"),
                Column("amplification"),
            ]
        ) { add in
            for (index, plan) in plans.enumerated() {
                let names = plan.inputs.map {
                    $0.rawValue > UInt64.max - 1_000
                        ? "(merge \(UInt64.max - $0.rawValue))" : String($0.rawValue)
                }
                add([
                    .count(index + 1), .text(names.joined(separator: " ")),
                    .text(words(plan.reason)), .bytes(plan.outputByteCount),
                    .figure(Double(plan.outputByteCount) / Double(max(1, total)), 2),
                ])
            }
        }
        if plans.isEmpty { call.output.note("nothing is due") }
    }

    private static func words(_ reason: CompactionPlan.Reason) -> String {
        switch reason {
        case .tier: "segments of like size"
        case .count: "more segments than wanted"
        case .tombstones: "many deleted rows"
        case .dead: "no row is alive"
        case .demand: "asked for"
        case .size: "the store is larger than it may be"
        }
    }

    private static func compactNow(_ call: Invocation) throws -> ExitStatus {
        let store = try Store.open(at: call.store.text, on: call.fileSystem, call.runtime)
        let report = try store.compact(call.has("all") ? .all : .due)
        try store.close()
        show(call, report)
        return .clean
    }

    /// What merging has done.
    static func show(_ call: Invocation, _ report: CompactionReport) {
        call.output.section("merging", "Merging") {
            call.output.fields([
                ("merges", "merges", .count(report.mergeCount)),
                ("inputs", "segments merged", .count(report.inputCount)),
                ("rows", "rows kept", .count(report.rowCount)),
                ("dropped", "dead rows left behind", .count(report.droppedRowCount)),
                ("written", "bytes written", .bytes(report.writtenByteCount)),
                ("freed", "bytes freed", .bytes(report.freedByteCount)),
                ("distances", "distances computed", .number(report.distanceCount)),
            ])
        }
    }
}
