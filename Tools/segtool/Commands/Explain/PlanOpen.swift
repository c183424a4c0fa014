// What opening a store would do, step by step, without doing it.

import Varve
import VarveCheck
import VarveFormat
import VarveLog
import VarveManifest
import VarveStorage

extension Verb {
    @Sendable static func planOpen(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let plan = OpeningPlan(image)
        call.output.table(
            "steps", nil, [Column("step"), Column("what"), Column("verdict"), Column("why")]
        ) { add in
            for (index, step) in plan.steps.enumerated() {
                add([.count(index + 1), .text(step.what), step.verdict, .text(step.why)])
            }
        }
        let outcome = trial(call)
        call.output.machine("opens_for_reading", .flag(outcome == nil))
        call.output.machine("opens_for_writing", .flag(plan.opensForWriting))
        call.output.note(
            plan.opensForWriting
                ? "it opens for reading and writing"
                : "it does not open for writing; for reading only: "
                    + (outcome.map { "no, \($0)" } ?? "yes"))
        return plan.status
    }

    /// Opens for reading only, which writes nothing; why that fails, if it does.
    private static func trial(_ call: Invocation) -> String? {
        do {
            let store = try Store.open(
                at: call.store.text, on: call.fileSystem, call.runtime, readOnly: true)
            try store.close()
            return nil
        } catch {
            return ToolFailure(error).description
        }
    }
}

/// The steps of opening for writing.
struct OpeningPlan {
    /// One step and how it would end.
    struct Step {
        var what: String
        var verdict: Cell
        var why: String
    }

    private(set) var steps: [Step] = []
    private(set) var status = ExitStatus.clean
    private(set) var opensForWriting = true

    init(_ image: StoreImage) {
        steps.append(
            Step(what: "take the lock", verdict: Self.lock(image), why: "one writer at a time"))
        guard readPointer(image), let live = image.live?.manifest else { return }
        readFiles(image, live)
        readLogs(image, live)
        guard opensForWriting else { return }
        let next =
            image.entries.compactMap { entry -> UInt64? in
                switch entry.file {
                case .log(let number)?: number.rawValue
                case .segment(let id)?: id.rawValue
                default: nil
                }
            }.max().map { $0 + 2 } ?? 1
        steps.append(
            Step(
                what: "begin a new log", verdict: .mark("write", .good),
                why:
                    "number \(max(next, live.nextFileNumber + 1)) or later; it says where the last "
                    + "one ends"))
        let count = image.entries.count { $0.role == .obsolete || $0.role == .temporary }
        if count > 0 {
            steps.append(
                Step(
                    what: "put \(count) files away", verdict: .mark("later", .good),
                    why: "no kept version needs them; they go to the trash first"))
        }
    }

    private static func lock(_ image: StoreImage) -> Cell {
        let probe = LockProbe(image.directory)
        if case .held = probe.state { return .mark("held by \(probe)", .odd) }
        return .mark("free", .good)
    }

    private mutating func fail(_ what: String, _ why: String) {
        steps.append(Step(what: what, verdict: .mark("refuse", .bad), why: why))
        opensForWriting = false
        status = .corruption
    }

    private mutating func readPointer(_ image: StoreImage) -> Bool {
        switch image.pointer {
        case .missing, .damaged:
            var reason = "it is missing"
            if case .damaged(let error) = image.pointer { reason = error.detail }
            let number = image.live.map { ", best: version \($0.number.rawValue)" } ?? ""
            fail("read CURRENT", reason + number)
            return image.live?.manifest != nil
        case .whole(let pointer):
            steps.append(
                Step(
                    what: "read CURRENT",
                    verdict: .mark("version \(pointer.version.rawValue)", .good),
                    why: "its checksum is right"))
            guard let live = image.live else {
                fail("read the manifest", "it is missing")
                return false
            }
            if case .failure(let error) = live.content {
                fail("read the manifest", error.detail)
                return false
            }
            let isRight =
                !image.isLiveByPointer
                || live.digest == pointer.digest && live.byteCount == pointer.byteCount
            guard isRight else {
                fail("read the manifest", "it is not the file that CURRENT names")
                return false
            }
            steps.append(
                Step(
                    what: "read the manifest", verdict: .mark("whole", .good),
                    why: "length and digest are those in CURRENT"))
            let newer = image.versions.filter { $0.number > live.number }
            if !newer.isEmpty {
                steps.append(
                    Step(
                        what: "pass over \(newer.count) newer versions",
                        verdict: .mark("ignore", .odd),
                        why: "their publication was cut off before CURRENT named them"))
                status = .oddity
            }
            return true
        }
    }

    private mutating func readFiles(_ image: StoreImage, _ live: Manifest) {
        var byteCount: UInt64 = 0
        for record in live.segments {
            let name = FileNames.segment(record.id)
            byteCount += record.byteCount
            guard let entry = image.entry(name) else {
                fail("open \(name)", "it is missing")
                continue
            }
            guard entry.byteCount == record.byteCount else {
                fail("open \(name)", "\(entry.byteCount) bytes, expected \(record.byteCount)")
                continue
            }
            let segment = try? SegmentImage(
                image.fileSystem, path: image.path(name), name: name, role: .live, record: record)
            if let problem = segment?.problems.first { fail("open \(name)", problem.detail) }
            if let tombstones = record.tombstones {
                let name = FileNames.tombstones(record.id, tombstones.version)
                let bytes = try? image.fileSystem.readWholeFile(
                    image.path(name), limit: TombstoneFile.maximumByteCount)
                if bytes.map({ Digest(of: $0) }) != tombstones.digest {
                    fail("read \(name)", bytes == nil ? "it is missing" : "its digest is wrong")
                }
            }
        }
        let options = Options().adopting(live.options)
        let mapped = UInt64(options.memoryBudgetByteCount / 4)
        steps.append(
            Step(
                what: "open \(live.segments.count) segments",
                verdict: .mark(opensForWriting ? "open" : "refuse", opensForWriting ? .good : .bad),
                why: "\(Units.bytes(byteCount)), "
                    + (byteCount <= mapped
                        ? "mapped: within a quarter of the budget"
                        : "partly by pages: a quarter of the budget is \(Units.bytes(mapped))")))
    }

    private mutating func readLogs(_ image: StoreImage, _ live: Manifest) {
        for log in StoreSummary.readLogs(image, live) where log.number >= live.logFloor {
            let what = "replay \(FileNames.log(log.number))"
            switch log.content {
            case .failure(let error):
                fail(what, "\(error)")
            case .success(let found):
                let bytes = Units.bytes(found.validByteCount)
                let why: String
                var verdict = Cell.mark("\(found.batchCount) batches", .good)
                switch found.verdict {
                case .sealed: why = "\(bytes), sealed"
                case .cleanEnd: why = "\(bytes), then unused room"
                case .tornTail(let offset):
                    why =
                        "\(bytes); \(found.fileByteCount - offset) bytes from \(offset) on are a "
                        + "torn tail and do not count"
                    verdict = .mark("\(found.batchCount) batches, cut", .odd)
                    if status == .clean { status = .oddity }
                }
                steps.append(Step(what: what, verdict: verdict, why: why))
            }
        }
    }
}
