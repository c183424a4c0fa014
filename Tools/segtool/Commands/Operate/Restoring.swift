// Stores made out of backups: one as it was taken, or the rows up to a write or a moment.

import Varve
import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

/// A store that was made out of backups.
struct RestoredStore {
    var rowCount: Int
    /// The backup whose segments it began with.
    var backup: Int
    /// The last write in it.
    var lastSequence: UInt64
    /// When that was committed, where a log tells.
    var lastMicroseconds: Int64?
    /// When the last backup looked, where that was before the moment asked for.
    var seenMicroseconds: Int64?
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

    /// The store as one backup has it.
    func restore(_ list: BackupList, to target: FilePath) throws -> RestoredStore {
        let items = list.items.filter { !$0.name.hasPrefix(FileNames.trashFolder) }
        try layOut(items.map { ($0.name, repository.blob($0.digest)) }, target, links: false)
        let report = try StoreCheck.run(call.fileSystem, target)
        if let bad = report.liveDamage.first { throw ToolFailure(.corruption, bad.line) }
        let store = try call.openReadOnly(target)
        defer { try? store.close() }
        return RestoredStore(
            rowCount: try store.count(), backup: list.number, lastSequence: list.lastSequence)
    }

    /// Lays files out as a store; with `links`, where that can be, as second names.
    private func layOut(
        _ files: [(name: String, from: FilePath)], _ target: FilePath, links: Bool
    ) throws {
        try StoreLayout.make(call.fileSystem, target)
        // CURRENT comes last: until then there is no store.
        let pointers = files.filter { $0.name == FileNames.current }
        for file in files.filter({ $0.name != FileNames.current }) + pointers {
            let to = target.appending(file.name)
            if links {
                try FileCopying.linkOrCopy(call.fileSystem, file.from, to)
            } else {
                _ = try FileCopying.copy(call.fileSystem, file.from, to)
            }
        }
        try StoreLayout.sync(call.fileSystem, target)
    }

    /// The rows as of the last write within `limit`: the newest segments that are no newer, and
    /// the logs up to it.
    func restore(to target: FilePath, upTo limit: HarvestLimit) throws -> RestoredStore {
        let logs = try LogArchive(call, repository, lists)
        let last = try lastWrite(logs, limit)
        if limit.microseconds != .max { try requireSuccessor(of: last.sequence, in: logs) }
        guard let base = lists.last(where: { $0.segmentSequence <= last.sequence }) else {
            throw ToolFailure.usage(
                "the oldest backup holds later writes than \(last.sequence) in its segments")
        }
        var files = base.items.filter { !Self.isLog($0.name) }.map {
            (name: $0.name, from: repository.blob($0.digest))
        }
        files += logs.files
        for load in try logs.requireUnbroken(from: base.segmentSequence, to: last.sequence) {
            for file in try self.files(ofLoad: load)
            where !files.contains(where: { $0.0 == file.0 }) {
                files.append(file)
            }
        }
        let scratch = FilePath(target.text + ".restoring")
        try layOut(files, scratch, links: true)
        defer { StoreRemoval.remove(call.fileSystem, scratch) }
        let harvest = try RowHarvest(try StoreImage(call.fileSystem, scratch))
        harvest.hasPublishedVersionsOnly = true
        let count = try StoreRebuilding.rebuild(
            call, harvest, at: target, upTo: HarvestLimit(sequence: last.sequence))
        if harvest.count.lostRowCount > 0 || !harvest.count.missingSequences.isEmpty {
            throw ToolFailure(.corruption, "a file of the backups is damaged: verify-backup tells")
        }
        let seen = try repository.timeline().last?.microseconds ?? base.microseconds
        let isLate = limit.microseconds != .max && seen < limit.microseconds
        return RestoredStore(
            rowCount: count, backup: base.number, lastSequence: last.sequence,
            lastMicroseconds: last.microseconds, seenMicroseconds: isLate ? seen : nil)
    }

    static func isLog(_ name: String) -> Bool {
        name.hasPrefix(FileNames.logFolder + "/") || name.hasPrefix(FileNames.trashFolder + "/")
    }

    /// The last write within `limit`, by logs, and by versions that were published within it.
    private func lastWrite(
        _ logs: LogArchive, _ limit: HarvestLimit
    ) throws -> (sequence: UInt64, microseconds: Int64?) {
        var last: (sequence: UInt64, microseconds: Int64?)?
        for list in lists where list.segmentSequence <= limit.sequence {
            let created = try manifest(list).createdMicroseconds
            guard created <= limit.microseconds else { continue }
            if list.segmentSequence >= last?.sequence ?? 0 { last = (list.segmentSequence, nil) }
        }
        for batch in logs.batches
        where limit.includes(SequenceNumber(batch.sequence), batch.microseconds)
            && batch.sequence >= last?.sequence ?? 0
        {
            last = (batch.sequence, batch.microseconds)
        }
        guard let last else {
            throw ToolFailure.usage("no backup is as old as that")
        }
        if limit.sequence != .max, last.sequence < limit.sequence {
            throw ToolFailure.usage(
                "no backup goes as far as write \(limit.sequence): the last is \(last.sequence)")
        }
        return last
    }

    /// Throws where writes behind `last` are in no backup: they may have been acknowledged by the
    /// moment asked for.
    private func requireSuccessor(of last: UInt64, in logs: LogArchive) throws {
        let next = logs.batches.first { $0.sequence > last }
        if let next, next.predecessor <= last { return }
        let later = lists.map { max($0.lastSequence, $0.segmentSequence) }.filter { $0 > last }
        guard let end = next?.predecessor ?? later.min() else { return }
        throw ToolFailure.usage(
            "writes \(last + 1) to \(end) are in no backup and may belong to that moment: give the "
                + "logs that were archived meanwhile with --logs")
    }

    private func manifest(_ list: BackupList) throws -> Manifest {
        let name = FileNames.manifest(VersionNumber(list.version))
        guard let item = list.items.first(where: { $0.name == name }) else {
            throw ToolFailure(.corruption, "backup \(list.number) has no \(name)")
        }
        let bytes = try call.fileSystem.readWholeFile(
            repository.blob(item.digest), limit: Manifest.maximumByteCount)
        return try Manifest(decoding: bytes)
    }

    /// The segments of a load, and the version that names them, from the first backup after it.
    private func files(ofLoad sequence: UInt64) throws -> [(name: String, from: FilePath)] {
        guard let list = lists.first(where: { $0.segmentSequence >= sequence }) else {
            throw ToolFailure.usage("no backup has the rows of the load at write \(sequence)")
        }
        let records = try manifest(list).segments.filter {
            $0.firstSequence.rawValue <= sequence && sequence <= $0.lastSequence.rawValue
        }
        guard !records.isEmpty, records.allSatisfy({ $0.firstSequence == $0.lastSequence }) else {
            throw ToolFailure.usage(
                "the load at write \(sequence) was merged before the next backup was taken")
        }
        let names =
            records.map { FileNames.segment($0.id) } + [
                FileNames.manifest(VersionNumber(list.version))
            ]
        return list.items.filter { names.contains($0.name) }.map {
            ($0.name, repository.blob($0.digest))
        }
    }
}

/// Every log that the backups of a store have, each in its longest form, and archived ones.
struct LogArchive {
    /// A batch of a log.
    struct Batch {
        var sequence: UInt64
        /// The write before it.
        ///
        /// Numbers may be left out: a load leaves out those of the batches
        /// that might have been written meanwhile.
        var predecessor: UInt64
        var microseconds: Int64
        /// Whether it stands for a load, whose rows are in segments.
        var isLoad: Bool
    }

    /// Where each log lies, by its name in a store.
    private(set) var files: [(name: String, from: FilePath)] = []
    /// All batches, in order.
    private(set) var batches: [Batch] = []

    init(_ call: Invocation, _ repository: BackupRepository, _ lists: [BackupList]) throws {
        var newest: [LogNumber: FilePath] = [:]
        if let folder = call.text("logs").map({ FilePath($0) }) {
            for name in try call.fileSystem.list(folder).sorted() {
                let file =
                    StoreFile(folder: FileNames.logFolder, name: name) ?? RetiredName(name)?.file
                guard case .log(let number)? = file else { continue }
                newest[number] = folder.appending(name)
            }
        }
        for list in lists {
            for item in list.items where Restoring.isLog(item.name) {
                let name = FilePath(item.name).name
                let file =
                    StoreFile(folder: FileNames.logFolder, name: name) ?? RetiredName(name)?.file
                guard case .log(let number)? = file else { continue }
                let path = repository.blob(item.digest)
                // An archived log is whole; one in a backup may have grown since.
                if let known = newest[number], try Self.end(call, known) > Self.end(call, path) {
                    continue
                }
                newest[number] = path
            }
        }
        for (number, path) in newest.sorted(by: { $0.key < $1.key }) {
            files.append((FileNames.log(number), path))
            try read(LogWalk(call.fileSystem, path: path))
        }
    }

    /// Takes the batches of a log that are later than those of the logs before it.
    private mutating func read(_ log: LogWalk) throws {
        var log = log
        var predecessor: UInt64?
        while let item = try log.next() {
            guard case .record(let record, _, let payload, _) = item else {
                // Behind damage nobody knows what was left out and what is lost.
                predecessor = nil
                continue
            }
            // Safety: every pattern of bits is a byte.
            let bytes = unsafe payload.span.bytes
            if record.type == LogRecordType.prologue.rawValue {
                predecessor = try LogPrologue(decoding: bytes).lastSequence.rawValue
            }
            guard record.type == LogRecordType.batch.rawValue,
                let sequence = BatchDecoder.sequence(of: bytes)?.rawValue,
                let time = BatchDecoder.microseconds(of: bytes)
            else { continue }
            if sequence > batches.last?.sequence ?? 0 {
                let at = BatchRecord.operationCountOffset
                batches.append(
                    Batch(
                        sequence: sequence, predecessor: predecessor ?? sequence - 1,
                        microseconds: time, isLoad: payload[at..<at + 4].allSatisfy { $0 == 0 }))
            }
            predecessor = sequence
        }
    }

    /// The last write in a log.
    private static func end(_ call: Invocation, _ path: FilePath) throws -> UInt64 {
        var walk = try LogWalk(call.fileSystem, path: path)
        var last: UInt64 = 0
        while let item = try walk.next() {
            guard case .record(let record, _, let payload, _) = item,
                record.type == LogRecordType.batch.rawValue
            else { continue }
            // Safety: every pattern of bits is a byte.
            last = unsafe BatchDecoder.sequence(of: payload.span.bytes)?.rawValue ?? last
        }
        return last
    }

    /// Throws unless the logs have every write behind `first` up to `last`; gives the loads among
    /// them.
    func requireUnbroken(from first: UInt64, to last: UInt64) throws -> [UInt64] {
        var known = first
        var loads: [UInt64] = []
        for batch in batches where batch.sequence > first && batch.sequence <= last {
            guard batch.predecessor <= known else {
                throw ToolFailure.usage(
                    "writes \(known + 1) to \(batch.predecessor) are in no backup: give the logs "
                        + "that were archived meanwhile with --logs")
            }
            known = batch.sequence
            if batch.isLoad { loads.append(batch.sequence) }
        }
        guard known == last else {
            throw ToolFailure.usage("writes \(known + 1) to \(last) are in no backup")
        }
        return loads
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
