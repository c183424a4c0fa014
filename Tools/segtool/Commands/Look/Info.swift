// One screen about a store, and its files.

import VarveCheck
import VarveFormat
import VarveLog
import VarveManifest
import VarveStorage

extension Verb {
    @Sendable static func info(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        var request = CheckRequest()
        request.level = .headers
        request.version = try call.snapshot()
        let report = StoreCheck(image, request).run()
        let summary = try StoreSummary(image)
        showIdentity(call, image, summary)
        if summary.manifest != nil { showContent(call, image, summary) }
        let status = ExitStatus(report)
        call.output.section("health", "Health") {
            call.output.fields([
                ("state", "state", healthCell(report)),
                ("lock", "writer", .text(lockState(call))),
                ("findings", "findings", .count(report.findings.count)),
            ])
            for finding in report.findings.prefix(5) { call.output.note("  \(finding.line)") }
        }
        return status
    }

    private static func showIdentity(
        _ call: Invocation, _ image: StoreImage, _ summary: StoreSummary
    ) {
        call.output.section("store", "Store") {
            var rows: [(String, String, Cell)] = [
                ("path", "path", .text(call.store.text)),
                ("store_id", "store id", image.store.map { .text($0.text) } ?? .none),
                ("version", "version", image.live.map { .number($0.number.rawValue) } ?? .none),
                (
                    "chosen_by", "chosen by",
                    .text(image.isLiveByPointer ? "CURRENT" : "the chain of versions")
                ),
                (
                    "published", "published",
                    summary.manifest.map { .time($0.createdMicroseconds) } ?? .none
                ),
            ]
            if let schema = image.schema {
                rows += [
                    ("dimension", "dimension", .count(schema.dimension)),
                    ("metric", "metric", .text("\(schema.metric)")),
                    ("elements", "elements", .text("\(schema.elementType)")),
                ]
            }
            rows.append(("format", "format", .number(UInt64(FileHeader.formatVersion))))
            call.output.fields(rows)
        }
    }

    private static func showContent(
        _ call: Invocation, _ image: StoreImage, _ summary: StoreSummary
    ) {
        call.output.section("content", "Content") {
            call.output.fields([
                ("segments", "segments", .count(summary.segmentCount)),
                ("segment_rows", "rows in segments", .count(summary.rowCount)),
                ("deleted_rows", "of them deleted", .count(summary.deletedCount)),
                ("segment_bytes", "bytes of segments", .bytes(summary.segmentByteCount)),
                ("logs", "logs", .count(summary.logs.count)),
                ("log_bytes", "bytes of logs", .bytes(summary.logByteCount)),
                ("log_batches", "batches to replay", .count(summary.logBatchCount)),
                ("last_sequence", "last write", .number(summary.lastSequence.rawValue)),
                ("closed", "last close", .text(summary.closing)),
                ("attributes", "attribute names", .count(summary.attributeCount)),
                ("trash_files", "files in the trash", .count(summary.trashCount)),
                ("trash_bytes", "bytes in the trash", .bytes(summary.trashByteCount)),
            ])
        }
    }

    static func healthCell(_ report: CheckReport) -> Cell {
        switch report.worst {
        case nil: .mark("well, as far as level 1 sees", .good)
        case .oddity?: .mark("odd, nothing is lost", .odd)
        case .corruption?: .mark("damaged", .bad)
        case .tooNew?: .mark("too new for this tool", .bad)
        case .unreadable?: .mark("cannot be read", .bad)
        }
    }

    /// Who has the store open for writing; looks without taking the lock.
    static func lockState(_ call: Invocation) -> String {
        LockProbe(call.store).description
    }

    @Sendable static func list(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let role = call.text("role")
        if let role, FileRole(rawValue: role) == nil {
            let names = FileRole.allCases.map(\.rawValue).joined(separator: ", ")
            throw ToolFailure.usage("a role is one of \(names)")
        }
        var total: UInt64 = 0
        let count = call.output.table(
            "files", nil,
            [
                Column("name"), Column("role"), Column("kind"), Column("bytes"),
                Column("file_id", "file id"), Column("retired"),
            ]
        ) { add in
            for entry in image.entries where role == nil || entry.role.rawValue == role {
                total += entry.byteCount
                add([
                    .text(entry.name), roleCell(entry.role), .text(entry.kindName),
                    .bytes(entry.byteCount), fileID(image, entry),
                    entry.retiredSeconds.map { .time($0 * 1_000_000) } ?? .none,
                ])
            }
        }
        call.output.machine("byte_count", .bytes(total))
        call.output.picture("\(Units.grouped(count)) files, \(Units.bytes(total))\n")
        return .clean
    }

    static func roleCell(_ role: FileRole) -> Cell {
        switch role {
        case .live, .history, .lock, .trash: .text(role.rawValue)
        case .ahead, .obsolete, .temporary, .stranger: .mark(role.rawValue, .odd)
        }
    }

    private static func fileID(_ image: StoreImage, _ entry: StoreImage.Entry) -> Cell {
        guard let file = entry.file,
            let stored = try? image.fileSystem.open(image.path(entry.name), .read),
            let bytes = try? stored.readBytes(count: FileHeader.byteCount, at: 0)
        else { return .none }
        // Safety: every pattern of bits is a byte.
        let header = try? FileHeader(
            decoding: unsafe bytes.span.bytes, expecting: file.headerKind)
        return header.map { .hex($0.file.rawValue) } ?? .mark("header damaged", .bad)
    }
}

extension StoreImage.Entry {
    /// What kind of file it is, in a word.
    var kindName: String {
        switch file {
        case .manifest?: "manifest"
        case .log?: "log"
        case .segment?: "segment"
        case .tombstones?: "tombstones"
        case nil:
            name == FileNames.current ? "pointer" : role == .lock ? "lock" : "-"
        }
    }
}

extension StoreID {
    /// Thirty-two digits, as CURRENT has them.
    var text: String { Units.hex(high) + Units.hex(low) }
}

extension Digest {
    /// Thirty-two digits, as CURRENT has them.
    var text: String { Units.hex(high) + Units.hex(low) }

    /// The digest of these digits; nil for any other text.
    init?(text: String) {
        guard text.utf8.count == 32, let high = UInt64(text.prefix(16), radix: 16),
            let low = UInt64(text.suffix(16), radix: 16)
        else { return nil }
        self.init(low: low, high: high)
    }
}

extension Finding {
    /// The finding in one line, without ids.
    var line: String {
        let what = damage.map { ": \($0)" } ?? ""
        return "\(severity.name): \(file), \(section) at \(offset): \(detail)\(what)"
    }
}

extension ExitStatus {
    /// What a check says to the shell.
    init(_ report: CheckReport) {
        switch report.worst {
        case .unreadable?: self = .inputOutput
        case .corruption?: self = .corruption
        case .tooNew?: self = .tooNew
        case .oddity?: self = report.isPartial ? .partial : .oddity
        case nil: self = report.isPartial ? .partial : .clean
        }
    }
}
