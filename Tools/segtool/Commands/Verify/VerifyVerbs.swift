// The verbs that verify a whole store.

import VarveCheck
import VarveFormat
import VarveStorage

extension Verb {
    private static let levelOption = OptionSpec(
        "level", "N", "1 headers and lengths, 2 all checksums (default), 3 values, 4 recall",
        choices: ["1", "2", "3", "4"])

    static let verifyVerbs: [Verb] = [
        Verb(
            name: "verify", group: .verify, summary: "is every byte what was written?",
            about: "Level 1 reads pointer, manifests, headers and directories. Level 2 compares "
                + "every checksum and digest. Level 3 has the engine's own verification read every "
                + "whole segment: graphs, ids, attributes; and looks for ids alive in two "
                + "segments. Level 4 also searches for the stored queries. Damage is classified: a "
                + "flipped bit and which, zeros, truncation, a block of another place, a stale "
                + "version; ids of rows in damaged bytes are listed.",
            options: [
                levelOption,
                OptionSpec("ids", "N", "ids to list for each finding; 20 if left out"),
                OptionSpec("no-trash", nil, "leave retired files out"),
            ],
            examples: [
                ("segtool verify /data/store", "compare every checksum"),
                ("segtool verify --level 4 --rate 200 /data/store", "everything, gently"),
            ],
            run: verify),
        Verb(
            name: "scrub", group: .verify, summary: "a slow verify that can be taken up again",
            about: "Goes through the store's files and notes each that was read to its end and "
                + "found whole in the state file; the next run begins where this one ended. When "
                + "all are through, the state file is removed and the next run begins anew.",
            options: [
                OptionSpec("state", "FILE", "where the progress is kept (required)"),
                OptionSpec("for", "SECONDS", "end after so long; without end if left out"),
            ],
            effect: .writesElsewhere,
            examples: [
                (
                    "segtool scrub /data/store --state /var/tmp/scrub --rate 20 --for 3600",
                    "an hour every night"
                )
            ],
            run: scrub),
    ]

    /// A request that paces reads and shows progress.
    private static func request(_ call: Invocation) -> CheckRequest {
        var request = CheckRequest()
        request.observer = { progress in
            call.progress.tell(
                progress.file, done: progress.readByteCount, total: progress.totalByteCount,
                unit: Units.bytes)
            return true
        }
        return request
    }

    @Sendable static func verify(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        var request = request(call)
        request.level = CheckLevel(rawValue: try call.count("level", default: 2)) ?? .checksums
        request.version = try call.snapshot()
        request.idLimit = try call.count("ids", default: 20)
        request.includesTrash = !call.has("no-trash")
        var report = StoreCheck(image, request).run()
        // Beside a writer, a log may be read while a record is written, and files may be retired:
        // what is really damaged is so the next time, too.
        for _ in 0..<3 {
            guard !report.liveDamage.isEmpty, case .held = LockProbe(call.store).state else {
                break
            }
            report = StoreCheck(try call.image(), request).run()
        }
        call.progress.clear()
        show(call, report)
        return ExitStatus(report)
    }

    static func show(_ call: Invocation, _ report: CheckReport) {
        _ = showFindings(call, report.findings)
        let affected = report.findings.filter { !$0.ids.isEmpty }
        if !affected.isEmpty {
            call.output.table(
                "affected", "Rows in damaged bytes",
                [Column("file"), Column("section"), Column("rows"), Column("ids")]
            ) { add in
                for finding in affected {
                    let ids = finding.ids.map { Cell.id($0).text(call.output.redaction) }
                    let more = finding.rowCount > ids.count ? " ..." : ""
                    add([
                        .text(finding.file), .text(finding.section), .count(finding.rowCount),
                        .text(ids.joined(separator: " ") + more),
                    ])
                }
            }
        }
        if !report.recalls.isEmpty {
            call.output.table(
                "recalls", "Recall@10 over the stored queries",
                [Column("segment"), Column("recall")]
            ) { add in
                for (segment, recall) in report.recalls {
                    add([.number(segment.rawValue), .figure(recall, 3)])
                }
            }
        }
        call.output.machine("file_count", .count(report.fileCount))
        call.output.machine("read_bytes", .bytes(report.readByteCount))
        call.output.machine("checksum_count", .count(report.checksumCount))
        call.output.machine("encoded_count", .count(report.encodedCount))
        call.output.machine("is_partial", .flag(report.isPartial))
        call.output.picture(
            "read \(Units.bytes(report.readByteCount)) of \(report.fileCount) files, "
                + "\(Units.grouped(report.checksumCount)) checksums, "
                + "\(Units.grouped(report.findings.count)) findings\n")
    }

    @Sendable static func scrub(_ call: Invocation) throws -> ExitStatus {
        guard let text = call.text("state") else {
            throw ToolFailure.usage("--state FILE is missing: where the progress is kept")
        }
        let path = FilePath(text)
        let seconds = try call.count("for", default: 0, least: 1)
        let image = try call.image()
        var state = try ScrubState(call.fileSystem, path, of: image)
        let resumedCount = state.finished.count
        var request = request(call)
        let pace = request.observer
        request.finishedFiles = state.finished
        request.observer = { progress in
            _ = pace?(progress)
            return seconds == 0
                || call.progress.elapsedNanoseconds < UInt64(seconds) * 1_000_000_000
        }
        var failure: (any Error)?
        var damaged: Set<String> = []
        request.onFinding = { if $0.severity > .oddity { damaged.insert($0.file) } }
        request.onFileEnd = { name in
            // A damaged file is read, and told, each time.
            guard failure == nil, !damaged.contains(name) else { return }
            do { try state.add(name) } catch { failure = error }
        }
        let report = StoreCheck(image, request).run()
        call.progress.clear()
        if let failure { throw failure }
        if !report.isPartial { try state.remove() }
        show(call, report)
        call.output.machine("resumed_files", .count(resumedCount))
        call.output.note(
            report.isPartial
                ? "ended early; \(state.finished.count) files are through, the next run goes on"
                : "all files are through; \(resumedCount) of them in earlier runs")
        return ExitStatus(report)
    }
}

/// The files a scrub has been through, kept in a file: one name a line behind the store's id.
struct ScrubState {
    private(set) var finished: Set<String> = []
    private let fileSystem: any FileSystem
    private let path: FilePath
    private let store: String

    /// Reads the state at `path`; that of another store counts for nothing.
    init(
        _ fileSystem: any FileSystem, _ path: FilePath, of image: StoreImage
    ) throws(StorageError) {
        self.fileSystem = fileSystem
        self.path = path
        store = "segtool-scrub 1 " + (image.store?.text ?? "-")
        guard try fileSystem.status(path) != nil else { return }
        let bytes = try fileSystem.readWholeFile(path, limit: 64 << 20)
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n")
        guard lines.first.map(String.init) == store else { return }
        finished = Set(lines.dropFirst().map(String.init))
    }

    /// Notes that `name` is through; durable when this returns.
    mutating func add(_ name: String) throws(StorageError) {
        finished.insert(name)
        let lines = [store] + finished.sorted()
        let temporary = FilePath(path.text + ".tmp")
        if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
        try fileSystem.writeFileDurably(
            temporary, Array((lines.joined(separator: "\n") + "\n").utf8))
        try fileSystem.rename(temporary, to: path)
        try fileSystem.syncDirectory(path.parent)
    }

    /// Removes the state: the next scrub begins anew.
    func remove() throws(StorageError) {
        if try fileSystem.status(path) != nil { try fileSystem.remove(path) }
    }
}
