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
                        let found = try? FileDigest.of(call.fileSystem, path, pacer: call.pacer)
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
        guard !lists.isEmpty else { throw ToolFailure.usage("there is no backup") }
        var limit: UInt64?
        if let text = call.text("sequence") {
            guard let number = UInt64(text) else {
                throw ToolFailure.usage("--sequence is a number")
            }
            limit = number
        } else if let text = call.text("at") {
            let time = try moment(text)
            let marks = try repository.timeline()
            guard let mark = marks.last(where: { $0.microseconds < time + 1_000_000 }) else {
                throw ToolFailure.usage("no backup and no mark is as old as \(text)")
            }
            limit = mark.sequence
        }
        let restoring = Restoring(call, repository, lists)
        let count: Int
        if let limit {
            count = try restoring.restore(to: target, upTo: limit)
        } else {
            let number = try call.count("backup", default: lists[lists.count - 1].number)
            guard let list = lists.first(where: { $0.number == number }) else {
                throw ToolFailure.usage("there is no backup \(number)")
            }
            count = try restoring.restore(list, to: target)
        }
        call.output.section("restore", "Restored") {
            call.output.fields([
                ("out", "new store", .text(target.text)), ("rows", "rows", .count(count)),
                ("limit", "as of write", limit.map { .number($0) } ?? .none),
            ])
        }
        return .clean
    }

    /// A moment as people write it: `2026-11-20T09:30:00Z`, or seconds since 1970.
    static func moment(_ text: String) throws -> Int64 {
        if let seconds = Int64(text) { return seconds * 1_000_000 }
        let parts = text.split { "-T: Z".contains($0) }.compactMap { Int64($0) }
        guard parts.count == 6, (1...12).contains(parts[1]), (1...31).contains(parts[2]) else {
            throw ToolFailure.usage("a time is like 2026-11-20T09:30:00Z, not \(text)")
        }
        let day = Units.day(year: parts[0], month: parts[1], day: parts[2])
        return (day * 86_400 + parts[3] * 3_600 + parts[4] * 60 + parts[5]) * 1_000_000
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
            let image = try call.image()
            do { return try take(image) } catch {
                let again = try call.image()
                if again.live?.number == image.live?.number { throw error }
            }
        }
        throw ToolFailure(.partial, "the store changes too fast to be copied")
    }

    private func take(_ image: StoreImage) throws -> (list: BackupList, copied: UInt64) {
        guard let live = image.live, let manifest = try? live.content.get(), image.isLiveByPointer
        else { throw ToolFailure(.corruption, "no version can be read: repair the store first") }
        let before = try repository.lists()
        if let other = before.last, other.store != manifest.store.text {
            throw ToolFailure.usage("these are backups of another store")
        }
        var list = BackupList(number: (before.last?.number ?? 0) + 1)
        list.store = manifest.store.text
        list.microseconds = call.runtime.wallClockMicroseconds()
        list.version = manifest.version.rawValue
        list.segmentSequence = manifest.lastSequence.rawValue
        list.lastSequence = list.segmentSequence
        var copied: UInt64 = 0
        func keep(_ name: String, _ digest: Digest?) throws {
            let kept = try repository.store(
                image.path(name), digest: digest, pacer: call.pacer)
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
        try repository.syncBlobs()
        try repository.mark(list.microseconds, list.lastSequence)
        if let last = before.last, last.items.map(\.digest) == list.items.map(\.digest) {
            list.number = last.number
            return (list, copied)
        }
        try repository.add(list)
        return (list, copied)
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

/// Makes stores out of backups.
struct Restoring {
    private let call: Invocation
    private let repository: BackupRepository
    private let lists: [BackupList]

    init(_ call: Invocation, _ repository: BackupRepository, _ lists: [BackupList]) {
        self.call = call
        self.repository = repository
        self.lists = lists
    }

    /// The store as one backup has it; gives its rows.
    func restore(_ list: BackupList, to target: FilePath) throws -> Int {
        try layOut(list.items, target)
        let report = try StoreCheck.run(call.fileSystem, target)
        if let bad = report.liveDamage.first { throw ToolFailure(.corruption, bad.line) }
        let store = try call.openReadOnly(target)
        defer { try? store.close() }
        return try store.count()
    }

    private func layOut(_ items: [BackupList.Item], _ target: FilePath) throws {
        try FileCopying.makeEmpty(call.fileSystem, target)
        for folder in StoreFile.folders + [FileNames.trashFolder] where !folder.isEmpty {
            try call.fileSystem.createDirectory(target.appending(folder))
        }
        // CURRENT comes last: until then there is no store.
        for item in items.sorted(by: {
            ($0.name == FileNames.current ? 1 : 0, $0.name)
                < ($1.name == FileNames.current ? 1 : 0, $1.name)
        }) {
            _ = try FileCopying.copy(
                call.fileSystem, repository.blob(item.digest), target.appending(item.name),
                pacer: call.pacer)
        }
        for folder in StoreFile.folders {
            try call.fileSystem.syncDirectory(
                folder.isEmpty ? target : target.appending(folder))
        }
    }

    /// The rows as of write `limit`: the newest segments that are no newer, and the logs up to it.
    func restore(to target: FilePath, upTo limit: UInt64) throws -> Int {
        guard let base = lists.last(where: { $0.segmentSequence <= limit }) else {
            throw ToolFailure.usage("the oldest backup is newer than write \(limit)")
        }
        guard lists.contains(where: { $0.lastSequence >= limit }) else {
            throw ToolFailure.usage("no backup goes as far as write \(limit)")
        }
        // All logs that any backup has, each in its longest form.
        var items = base.items.filter { !$0.name.hasPrefix(FileNames.logFolder + "/") }
        var logs: [String: (BackupList.Item, UInt64)] = [:]
        for list in lists where list.lastSequence >= base.segmentSequence {
            for item in list.items where item.name.hasPrefix(FileNames.logFolder + "/") {
                logs[item.name] = (item, list.lastSequence)
            }
        }
        items += logs.values.map(\.0)
        let scratch = FilePath(target.text + ".restoring")
        try layOut(items, scratch)
        defer { StoreRemoval.remove(call.fileSystem, scratch) }
        let image = try StoreImage(call.fileSystem, scratch)
        let harvest = try RowHarvest(image)
        return try StoreRebuilding.rebuild(call, harvest, at: target, upTo: limit)
    }
}

/// Removes a directory that this tool has made.
enum StoreRemoval {
    static func remove(_ fileSystem: any FileSystem, _ directory: FilePath) {
        for name in (try? fileSystem.list(directory)) ?? [] {
            let path = directory.appending(name)
            if (try? fileSystem.status(path))?.isDirectory == true {
                remove(fileSystem, path)
            } else {
                try? fileSystem.remove(path)
            }
        }
        try? fileSystem.removeDirectory(directory)
    }
}
