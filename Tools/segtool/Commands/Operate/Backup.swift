// Backups taken beside a writer, verified, and restored, also to a point in time.

import Varve
import VarveCheck
import VarveFormat
import VarveLog
import VarveManifest
import VarveStorage

extension Verb {
    @Sendable static func backup(_ call: Invocation) throws -> ExitStatus {
        let repository = BackupRepository(call.fileSystem, FilePath(call.operands[1]))
        try repository.prepare()
        let seconds = try call.count("follow", default: 0)
        var taken = try BackupTaking(call, repository).take()
        var copied = taken.copied
        var looks = 1
        let end = call.runtime.monotonicNanoseconds() + UInt64(seconds) * 1_000_000_000
        while call.runtime.monotonicNanoseconds() < end {
            call.runtime.sleep(nanoseconds: 1_000_000_000)
            taken = try BackupTaking(call, repository).take()
            copied += taken.copied
            looks += 1
        }
        call.output.section("backup", "Backup \(taken.list.number)") {
            call.output.fields([
                ("number", "number", .count(taken.list.number)),
                ("time", "time", .time(taken.list.microseconds)),
                ("version", "version", .number(taken.list.version)),
                ("last_sequence", "last write", .number(taken.list.lastSequence)),
                ("files", "files", .count(taken.list.items.count)),
                ("bytes", "bytes", .bytes(taken.list.items.reduce(0) { $0 + $1.byteCount })),
                ("copied_bytes", "copied", .bytes(copied)), ("looks", "looks", .count(looks)),
            ])
        }
        return .clean
    }

    @Sendable static func verifyBackup(_ call: Invocation) throws -> ExitStatus {
        let repository = BackupRepository(call.fileSystem, FilePath(call.operands[0]))
        var states: [String: Bool] = [:]
        var status = ExitStatus.clean
        try call.output.table(
            "backups", nil,
            [
                Column("backup"), Column("time"), Column("version"),
                Column("last_sequence", "last write"),
                Column("files"), Column("bytes"), Column("state"),
            ]
        ) { add in
            for list in try repository.lists() {
                var bad: [String] = []
                for item in list.items {
                    if states[item.digest] == nil {
                        let path = repository.blob(item.digest)
                        let found = try? FileDigest.of(call.fileSystem, path)
                        states[item.digest] = found?.text == item.digest
                    }
                    if states[item.digest] == false { bad.append(item.name) }
                }
                if !bad.isEmpty { status = .corruption }
                add([
                    .count(list.number), .time(list.microseconds), .number(list.version),
                    .number(list.lastSequence), .count(list.items.count),
                    .bytes(list.items.reduce(0) { $0 + $1.byteCount }),
                    bad.isEmpty
                        ? .mark("whole", .good)
                        : .mark("damaged: " + bad.joined(separator: " "), .bad),
                ])
            }
        }
        return status
    }

    @Sendable static func restore(_ call: Invocation) throws -> ExitStatus {
        let repository = BackupRepository(call.fileSystem, FilePath(call.operands[0]))
        let target = FilePath(call.operands[1])
        let lists = try repository.lists()
        guard let newest = lists.last else { throw ToolFailure.usage("there is no backup") }
        let restoring = Restoring(call, repository, lists)
        let restored: RestoredStore
        if let limit = try limit(call) {
            restored = try restoring.restore(to: target, upTo: limit)
        } else {
            let number = try call.count("backup", default: newest.number)
            guard let list = lists.first(where: { $0.number == number }) else {
                throw ToolFailure.usage("there is no backup \(number)")
            }
            restored = try restoring.restore(list, to: target)
        }
        call.output.section("restore", "Restored") {
            call.output.fields([
                ("out", "new store", .text(target.text)),
                ("rows", "rows", .count(restored.rowCount)),
                ("backup", "segments of backup", .count(restored.backup)),
                ("last_sequence", "last write", .number(restored.lastSequence)),
                ("last_time", "written", restored.lastMicroseconds.map { .time($0) } ?? .none),
            ])
        }
        if let seen = restored.seenMicroseconds {
            call.output.note(
                "the last backup looked at \(Units.time(seen)): later writes are in none")
            return .partial
        }
        return .clean
    }

    /// The last write that is wanted, by `--sequence` or `--at`; nil for a backup as it is.
    private static func limit(_ call: Invocation) throws -> HarvestLimit? {
        if let text = call.text("sequence") {
            guard let number = UInt64(text) else {
                throw ToolFailure.usage("--sequence is a number, not \(text)")
            }
            return HarvestLimit(sequence: number)
        }
        return try call.text("at").map { HarvestLimit(microseconds: try moment($0)) }
    }

    /// The last microsecond of a moment as people write it: of the second
    /// `2026-11-20T09:30:00Z`, of the fraction `2026-11-20T09:30:00.25Z`, or of a second since
    /// 1970.
    static func moment(_ text: String) throws -> Int64 {
        if let seconds = Int64(text) { return seconds * 1_000_000 + 999_999 }
        let halves = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let parts = halves[0].split { "-T: Z".contains($0) }.compactMap { Int64($0) }
        let digits = halves.count == 2 ? String(halves[1].prefix { $0.isNumber }) : nil
        guard parts.count == 6, (1...12).contains(parts[1]), (1...31).contains(parts[2]),
            (0...24).contains(parts[3]), (0...59).contains(parts[4]), (0...60).contains(parts[5]),
            digits.map({ (1...6).contains($0.count) }) ?? true
        else {
            throw ToolFailure.usage("a time is like 2026-11-20T09:30:00Z, not \(text)")
        }
        let day = Units.day(year: parts[0], month: parts[1], day: parts[2])
        let second = day * 86_400 + parts[3] * 3_600 + parts[4] * 60 + parts[5]
        guard let digits else { return second * 1_000_000 + 999_999 }
        let zeros = String(repeating: "0", count: 6 - digits.count)
        return second * 1_000_000 + (Int64(digits + zeros) ?? 0)
    }
}

/// Takes one backup.
struct BackupTaking {
    private let call: Invocation
    private let repository: BackupRepository

    init(_ call: Invocation, _ repository: BackupRepository) {
        self.call = call
        self.repository = repository
    }

    /// Copies what is new; a writer beside may retire files meanwhile, then it is tried again.
    func take() throws -> (list: BackupList, copied: UInt64) {
        for _ in 0..<8 {
            // Before looking: every write acknowledged by then is seen.
            let now = call.runtime.wallClockMicroseconds()
            let image = try call.image()
            do { return try take(image, now) } catch {
                let again = try call.image()
                if again.live?.number == image.live?.number { throw error }
            }
        }
        throw ToolFailure(.partial, "the store changes too fast to be copied")
    }

    private func take(
        _ image: StoreImage, _ now: Int64
    ) throws -> (list: BackupList, copied: UInt64) {
        guard let live = image.live, let manifest = try? live.content.get(), image.isLiveByPointer
        else { throw ToolFailure(.corruption, "no version can be read: repair the store first") }
        let before = try repository.lists()
        if let other = before.last, other.store != manifest.store.text {
            throw ToolFailure.usage("these are backups of another store")
        }
        var list = BackupList(number: (before.last?.number ?? 0) + 1)
        list.store = manifest.store.text
        list.microseconds = now
        list.version = manifest.version.rawValue
        list.segmentSequence = manifest.lastSequence.rawValue
        list.lastSequence = list.segmentSequence
        var copied: UInt64 = 0
        func keep(_ name: String, from: String? = nil, _ digest: Digest?) throws {
            let kept = try repository.store(
                image.path(from ?? name), digest: digest)
            copied += kept.copied
            list.items.append(
                BackupList.Item(name: name, digest: kept.digest, byteCount: kept.byteCount))
        }
        for segment in manifest.segments {
            try keep(FileNames.segment(segment.id), segment.digest)
            if let tombstones = segment.tombstones {
                try keep(
                    FileNames.tombstones(segment.id, tombstones.version), tombstones.digest)
            }
        }
        try keep(FileNames.manifest(manifest.version), live.digest)
        try keep(FileNames.current, nil)
        for log in StoreSummary.readLogs(image, manifest) where log.number >= manifest.logFloor {
            let found: RecoveredLog
            do { found = try log.content.get() } catch { throw ToolFailure(error) }
            let bytes = try settled(image, log, found)
            let kept = try repository.store(bytes)
            copied += kept.copied
            list.lastSequence = max(list.lastSequence, found.lastSequence.rawValue)
            list.items.append(
                BackupList.Item(
                    name: FileNames.log(log.number), digest: kept.digest,
                    byteCount: UInt64(bytes.count)))
        }
        try keepRetiredLogs(image, manifest, before.last) { try keep($0, from: $1, $2) }
        try repository.syncBlobs()
        try repository.mark(list.microseconds, list.lastSequence)
        if let last = before.last, last.items.map(\.digest) == list.items.map(\.digest) {
            list.number = last.number
            return (list, copied)
        }
        try repository.add(list)
        return (list, copied)
    }

    /// Keeps logs that the version needs no more.
    ///
    /// They lead from one backup to the next, second by second. A retired one never changes under
    /// its name.
    private func keepRetiredLogs(
        _ image: StoreImage, _ manifest: Manifest, _ last: BackupList?,
        _ keep: (_ name: String, _ from: String, _ digest: Digest?) throws -> Void
    ) throws {
        for entry in image.entries {
            guard case .log(let number)? = entry.file,
                entry.retiredSeconds != nil || number < manifest.logFloor
            else { continue }
            let name =
                entry.retiredSeconds == nil
                ? "\(FileNames.trashFolder)/\(FilePath(entry.name).name).0" : entry.name
            let known = last?.items.first { $0.name == name && $0.byteCount == entry.byteCount }
            try keep(name, entry.name, known.flatMap { Digest(text: $0.digest) })
        }
    }

    /// The bytes of a log as far as its records are good, and zeros for the room behind them: a
    /// record that is being written beside does not count.
    private func settled(
        _ image: StoreImage, _ log: StoreSummary.Log, _ found: RecoveredLog
    ) throws -> [UInt8] {
        guard log.byteCount <= 1 << 30 else {
            throw ToolFailure(.partial, "\(FileNames.log(log.number)) has more than 1 GiB")
        }
        let file = try image.fileSystem.open(image.path(FileNames.log(log.number)), .read)
        var bytes = try file.readBytes(count: Int(found.validByteCount), at: 0)
        if found.fileByteCount > found.validByteCount {
            bytes += repeatElement(0, count: Int(found.fileByteCount - found.validByteCount))
        }
        return bytes
    }
}
