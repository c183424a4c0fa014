// Versions: one, all, the difference of two, and the pointer to the live one.

import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

extension Verb {
    @Sendable static func manifestShow(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let number = try call.operand(1).map(version)
        let found = number == nil ? image.live : image.versions.first { $0.number == number }
        guard let found else { throw ToolFailure.usage("no such version is on the disk") }
        let manifest = try readable(found)
        if let damage = found.damage { call.output.note("put right: \(damage)") }
        call.output.section("version", "Version \(manifest.version.rawValue)") {
            call.output.fields([
                ("number", "number", .number(manifest.version.rawValue)),
                ("created", "created", .time(manifest.createdMicroseconds)),
                ("store_id", "store id", .text(manifest.store.text)),
                ("file_id", "file id", .hex(manifest.file.rawValue)),
                ("bytes", "bytes", .bytes(found.byteCount)),
                ("digest", "digest", .text(found.digest.text)),
                (
                    "parent", "parent",
                    manifest.parent.map { .number($0.version.rawValue) } ?? .none
                ),
                (
                    "parent_digest", "its digest",
                    manifest.parent.map { .text($0.digest.text) } ?? .none
                ),
                ("dimension", "dimension", .count(manifest.schema.dimension)),
                ("metric", "metric", .text("\(manifest.schema.metric)")),
                ("elements", "elements", .text("\(manifest.schema.elementType)")),
                ("log_floor", "first log needed", .number(manifest.logFloor.rawValue)),
                ("next_file", "next file number", .number(manifest.nextFileNumber)),
                (
                    "last_sequence", "last write in segments",
                    .number(manifest.lastSequence.rawValue)
                ),
            ])
        }
        showSegments(call, manifest)
        call.output.table("options", "Options", [Column("key"), Column("value")]) { add in
            for option in manifest.options { add([.text(option.key), .text(option.value)]) }
        }
        call.output.table(
            "attributes", "Attributes", [Column("number"), Column("name"), Column("type")]
        ) { add in
            for (index, attribute) in manifest.attributes.enumerated() {
                add([.count(index), .user(attribute.name), .text("\(attribute.type)")])
            }
        }
        if !manifest.extensions.isEmpty {
            call.output.note("\(manifest.extensions.count) extensions of a later format")
        }
        return found.damage == nil ? .clean : .corruption
    }

    /// What a version says, perhaps with one bit put right.
    static func readable(_ version: StoreImage.Version) throws -> Manifest {
        if let manifest = version.manifest { return manifest }
        do { return try version.content.get() } catch { throw ToolFailure(error) }
    }

    private static func showSegments(_ call: Invocation, _ manifest: Manifest) {
        call.output.table(
            "segments", "Segments",
            [
                Column("segment"), Column("rows"), Column("deleted"), Column("bytes"),
                Column("first", "first write"), Column("last", "last write"),
                Column("tombstones", "tombstones of"), Column("digest"),
            ]
        ) { add in
            for segment in manifest.segments {
                add([
                    .number(segment.id.rawValue), .count(segment.rowCount),
                    .count(segment.tombstones?.deletedCount ?? 0), .bytes(segment.byteCount),
                    .number(segment.firstSequence.rawValue),
                    .number(segment.lastSequence.rawValue),
                    segment.tombstones.map { .number($0.version.rawValue) } ?? .none,
                    .text(segment.digest.text),
                ])
            }
        }
    }

    /// The number of a version, as an operand gives it.
    static func version(_ text: String) throws -> VersionNumber {
        let digits = text.hasPrefix("manifest-") ? String(text.dropFirst(9)) : text
        guard let number = UInt64(digits) else {
            throw ToolFailure.usage("a version is a number, not \(text)")
        }
        return VersionNumber(number)
    }

    @Sendable static func manifestHistory(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        call.output.table(
            "versions", nil,
            [
                Column("version"), Column("role"), Column("created"), Column("parent"),
                Column("segments"), Column("rows"), Column("deleted"),
                Column("last_sequence", "last write"), Column("bytes"), Column("state"),
            ]
        ) { add in
            for version in image.versions {
                let name = FileNames.manifest(version.number)
                let role = image.entry(name)?.role ?? .obsolete
                guard let manifest = version.manifest else {
                    add([
                        .number(version.number.rawValue), roleCell(role), .none, .none, .none,
                        .none, .none, .none, .bytes(version.byteCount), .mark("damaged", .bad),
                    ])
                    continue
                }
                add([
                    .number(version.number.rawValue), roleCell(role),
                    .time(manifest.createdMicroseconds),
                    manifest.parent.map { .number($0.version.rawValue) } ?? .none,
                    .count(manifest.segments.count),
                    .count(manifest.segments.reduce(0) { $0 + $1.rowCount }),
                    .count(
                        manifest.segments.reduce(0) { $0 + ($1.tombstones?.deletedCount ?? 0) }),
                    .number(manifest.lastSequence.rawValue), .bytes(version.byteCount),
                    version.damage.map { .mark($0.description, .bad) } ?? .mark("whole", .good),
                ])
            }
        }
        let isWhole = image.versions.allSatisfy { (try? $0.content.get()) != nil }
        return isWhole ? .clean : .corruption
    }

    @Sendable static func manifestDiff(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        func manifest(_ text: String) throws -> Manifest {
            let number = try version(text)
            guard let found = image.versions.first(where: { $0.number == number }) else {
                throw ToolFailure.usage("version \(number.rawValue) is not on the disk")
            }
            return try readable(found)
        }
        let before = try manifest(call.operands[1])
        let after = try manifest(call.operands[2])
        var changeCount = 0
        call.output.table(
            "changes", nil, [Column("what"), Column("before"), Column("after")]
        ) { add in
            for change in ManifestChange.all(before, after) {
                changeCount += 1
                add([.text(change.what), .text(change.before), .text(change.after)])
            }
        }
        call.output.machine("change_count", .count(changeCount))
        return .clean
    }

    @Sendable static func manifestCheck(_ call: Invocation) throws -> ExitStatus {
        var request = CheckRequest()
        request.level = .headers
        request.version = try call.snapshot()
        let image = try call.image()
        let all = StoreCheck(image, request).run().findings
        let names = Set(image.versions.map { FileNames.manifest($0.number) } + [FileNames.current])
        return showFindings(call, all.filter { names.contains($0.file) })
    }

    /// A table of findings; the status they call for.
    static func showFindings(_ call: Invocation, _ findings: [Finding]) -> ExitStatus {
        call.output.table(
            "findings", nil,
            [
                Column("severity"), Column("kind"), Column("role"), Column("file"),
                Column("section"), Column("offset"), Column("bytes"), Column("cause"),
                Column("rows"), Column("detail"),
            ]
        ) { add in
            for finding in findings { add(cells(finding)) }
        }
        if findings.isEmpty { call.output.note("nothing is wrong") }
        return switch findings.map(\.severity).max() {
        case nil: .clean
        case .oddity?: .oddity
        case .corruption?: .corruption
        case .tooNew?: .tooNew
        case .unreadable?: .inputOutput
        }
    }

    static func cells(_ finding: Finding) -> [Cell] {
        [
            .mark(finding.severity.name, finding.severity == .oddity ? .odd : .bad),
            .text(finding.kind.rawValue), .text(finding.role.rawValue), .text(finding.file),
            .text(finding.section), .number(finding.offset),
            finding.byteCount == 0 ? .none : .number(finding.byteCount),
            finding.damage.map { .text($0.description) } ?? .none, .count(finding.rowCount),
            // What is wrong with a value may name it.
            finding.kind == .value ? .user(finding.detail) : .text(finding.detail),
        ]
    }

    // MARK: - CURRENT

    @Sendable static func currentShow(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        switch image.pointer {
        case .missing:
            call.output.note("CURRENT is missing")
            return .corruption
        case .damaged(let error):
            call.output.note("CURRENT is damaged: \(error.detail)")
            return .corruption
        case .whole(let pointer):
            let named = image.versions.first { $0.number == pointer.version }
            let isRight = named?.digest == pointer.digest && named?.byteCount == pointer.byteCount
            call.output.section("current", "CURRENT") {
                call.output.fields([
                    ("version", "version", .number(pointer.version.rawValue)),
                    ("bytes", "bytes", .number(pointer.byteCount)),
                    ("digest", "digest", .text(pointer.digest.text)),
                    ("store_id", "store id", .text(pointer.store.text)),
                    (
                        "target", "its file",
                        named == nil
                            ? .mark("missing", .bad)
                            : isRight ? .mark("matches", .good) : .mark("does not match", .bad)
                    ),
                ])
            }
            return named != nil && isRight ? .clean : .corruption
        }
    }

    @Sendable static func currentSet(_ call: Invocation) throws -> ExitStatus {
        let lock = try call.fileSystem.lock(call.store.appending(FileNames.lock))
        defer { lock.release() }
        let image = try call.image()
        let number = try version(call.operands[1])
        guard let found = image.versions.first(where: { $0.number == number }) else {
            throw ToolFailure.usage("version \(number.rawValue) is not on the disk")
        }
        let manifest: Manifest
        do { manifest = try found.content.get() } catch { throw ToolFailure(error) }
        for file in manifest.files where image.entry(file.name) == nil {
            throw ToolFailure(.corruption, "\(file.name), which the version needs, is missing")
        }
        try PointerWriting.point(call.fileSystem, call.store, to: manifest, found)
        call.output.note("CURRENT names version \(number.rawValue) now")
        if case .whole(let before) = image.pointer, before.version != number {
            call.output.note(
                "to undo: segtool current set \(call.store) \(before.version.rawValue)")
        }
        return .clean
    }
}

/// Gives CURRENT another version to name.
enum PointerWriting {
    static func point(
        _ fileSystem: any FileSystem, _ directory: FilePath, to manifest: Manifest,
        _ version: StoreImage.Version
    ) throws(StorageError) {
        let pointer = CurrentPointer(
            version: manifest.version, byteCount: version.byteCount, digest: version.digest,
            store: manifest.store)
        let temporary = directory.appending(FileNames.currentTemporary)
        if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
        try fileSystem.writeFileDurably(temporary, pointer.encoded())
        try fileSystem.rename(temporary, to: directory.appending(FileNames.current))
        try fileSystem.syncDirectory(directory)
    }
}

/// One thing that differs between two versions.
struct ManifestChange {
    var what: String
    var before: String
    var after: String

    static func all(_ a: Manifest, _ b: Manifest) -> [ManifestChange] {
        var changes: [ManifestChange] = []
        func compare(_ what: String, _ before: String, _ after: String) {
            if before != after {
                changes.append(ManifestChange(what: what, before: before, after: after))
            }
        }
        compare("version", "\(a.version.rawValue)", "\(b.version.rawValue)")
        compare("first log needed", "\(a.logFloor.rawValue)", "\(b.logFloor.rawValue)")
        compare("next file number", "\(a.nextFileNumber)", "\(b.nextFileNumber)")
        compare("last write", "\(a.lastSequence.rawValue)", "\(b.lastSequence.rawValue)")
        compare("attributes", "\(a.attributes.count)", "\(b.attributes.count)")
        let keys = (a.options + b.options).map(\.key)
        for (index, key) in keys.enumerated() where keys.firstIndex(of: key) == index {
            compare("option \(key)", a.option(key) ?? "-", b.option(key) ?? "-")
        }
        func text(_ record: SegmentRecord?) -> String {
            guard let record else { return "-" }
            return "\(Units.grouped(record.rowCount)) rows, \(Units.bytes(record.byteCount)), "
                + "\(Units.grouped(record.tombstones?.deletedCount ?? 0)) deleted"
        }
        let ids = Set((a.segments + b.segments).map(\.id)).sorted()
        for id in ids {
            let (old, new) = (
                a.segments.first { $0.id == id }, b.segments.first { $0.id == id }
            )
            compare("segment \(id.rawValue)", text(old), text(new))
        }
        return changes
    }
}
