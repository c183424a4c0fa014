// A directory of backups: every file once, by its digest, and a list for each backup.

import VarveCheck
import VarveFormat
import VarveManifest
import VarveStorage

/// One backup: which files of the store had which content.
struct BackupList {
    /// One file of the store.
    struct Item {
        /// Its name in the store.
        var name: String
        /// The digest of its bytes, and its name among the blobs.
        var digest: String
        var byteCount: UInt64
    }

    var number: Int
    var store: String
    var microseconds: Int64
    var version: UInt64
    /// The last write in segments, and the last in logs.
    var segmentSequence: UInt64
    var lastSequence: UInt64
    var items: [Item]

    /// The list as text; its last line is a checksum.
    func encoded() -> [UInt8] {
        var text = "segtool-backup 1\nstore \(store)\ntime \(microseconds)\nversion \(version)\n"
        text += "sequences \(segmentSequence) \(lastSequence)\n"
        for item in items { text += "file \(item.digest) \(item.byteCount) \(item.name)\n" }
        let sum = Units.hex(checksum64(Array(text.utf8), seed: 0))
        return Array((text + "checksum \(sum)\n").utf8)
    }

    /// Reads a list; nil if its checksum is wrong.
    init?(_ number: Int, _ bytes: [UInt8]) {
        let text = String(decoding: bytes, as: UTF8.self)
        guard let range = text.ranges(of: "checksum ").last else { return nil }
        let body = String(text[..<range.lowerBound])
        let sum = text[range.upperBound...].prefix { $0 != "\n" }
        guard sum == Units.hex(checksum64(Array(body.utf8), seed: 0)) else { return nil }
        self.init(number: number)
        for line in body.split(separator: "\n") {
            let words = line.split(separator: " ", maxSplits: 3)
            switch words.first {
            case "store": store = String(words[1])
            case "time": microseconds = Int64(words[1]) ?? 0
            case "version": version = UInt64(words[1]) ?? 0
            case "sequences" where words.count == 3:
                segmentSequence = UInt64(words[1]) ?? 0
                lastSequence = UInt64(words[2]) ?? 0
            case "file" where words.count == 4:
                items.append(
                    Item(
                        name: String(words[3]), digest: String(words[1]),
                        byteCount: UInt64(words[2]) ?? 0))
            default: continue
            }
        }
    }

    init(number: Int) {
        self.number = number
        store = ""
        microseconds = 0
        version = 0
        segmentSequence = 0
        lastSequence = 0
        items = []
    }
}

/// The directory of backups of one store.
struct BackupRepository {
    let fileSystem: any FileSystem
    let directory: FilePath

    private static let blobFolder = "blobs"
    private static let listFolder = "backups"
    private static let timelineName = "timeline"

    init(_ fileSystem: any FileSystem, _ directory: FilePath) {
        self.fileSystem = fileSystem
        self.directory = directory
    }

    /// Makes the folders where they are missing.
    func prepare() throws(StorageError) {
        try fileSystem.createDirectories(directory)
        for folder in [Self.blobFolder, Self.listFolder] {
            if try fileSystem.status(directory.appending(folder)) == nil {
                try fileSystem.createDirectory(directory.appending(folder))
            }
        }
        try fileSystem.syncDirectory(directory)
    }

    /// The path of the bytes with this digest.
    func blob(_ digest: String) -> FilePath {
        directory.appending("\(Self.blobFolder)/\(digest)")
    }

    /// All backups, oldest first; a list that is damaged is an error.
    func lists() throws -> [BackupList] {
        let folder = directory.appending(Self.listFolder)
        guard try fileSystem.status(folder) != nil else {
            throw ToolFailure.usage("\(directory) is no directory of backups")
        }
        var lists: [BackupList] = []
        for name in try fileSystem.list(folder).sorted() {
            guard let number = Int(name) else { continue }
            let bytes = try fileSystem.readWholeFile(folder.appending(name), limit: 1 << 28)
            guard let list = BackupList(number, bytes) else {
                throw ToolFailure(.corruption, "the list of backup \(number) is damaged")
            }
            lists.append(list)
        }
        return lists
    }

    /// Writes a list under the next number; durable when this returns.
    func add(_ list: BackupList) throws(StorageError) {
        let digits = String(list.number)
        let name = String(repeating: "0", count: max(0, 6 - digits.count)) + digits
        let folder = directory.appending(Self.listFolder)
        try write(list.encoded(), to: folder.appending(name))
    }

    /// Writes a file so that it is there whole or not at all.
    private func write(_ bytes: [UInt8], to path: FilePath) throws(StorageError) {
        let temporary = FilePath(path.text + ".tmp")
        if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
        try fileSystem.writeFileDurably(temporary, bytes)
        try fileSystem.rename(temporary, to: path)
        try fileSystem.syncDirectory(path.parent)
    }

    /// Copies `path` among the blobs unless its bytes are there; gives bytes copied.
    ///
    /// - Parameter digest: Its digest, where it is known beforehand.
    func store(
        _ path: FilePath, digest: Digest?
    ) throws -> (digest: String, copied: UInt64, byteCount: UInt64) {
        let known = try digest ?? FileDigest.of(fileSystem, path)
        let byteCount = try fileSystem.status(path)?.byteCount ?? 0
        if let there = try fileSystem.status(blob(known.text)), there.byteCount == byteCount {
            return (known.text, 0, byteCount)
        }
        let temporary = FilePath(blob(known.text).text + ".tmp")
        if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
        let copied = try FileCopying.copy(fileSystem, path, temporary)
        guard try FileDigest.of(fileSystem, temporary) == known else {
            try fileSystem.remove(temporary)
            throw ToolFailure(.corruption, "\(path) has not the bytes it should have")
        }
        try fileSystem.rename(temporary, to: blob(known.text))
        return (known.text, copied, byteCount)
    }

    /// Keeps bytes that are in memory.
    func store(_ bytes: [UInt8]) throws -> (digest: String, copied: UInt64) {
        let digest = Digest(of: bytes).text
        if let there = try fileSystem.status(blob(digest)), there.byteCount == bytes.count {
            return (digest, 0)
        }
        try write(bytes, to: blob(digest))
        return (digest, UInt64(bytes.count))
    }

    func syncBlobs() throws(StorageError) {
        try fileSystem.syncDirectory(directory.appending(Self.blobFolder))
    }

    // MARK: - The timeline

    /// When which write had been made: one line a mark, by time.
    func timeline() throws -> [(microseconds: Int64, sequence: UInt64)] {
        let path = directory.appending(Self.timelineName)
        guard try fileSystem.status(path) != nil else { return [] }
        let bytes = try fileSystem.readWholeFile(path, limit: 1 << 30)
        return String(decoding: bytes, as: UTF8.self).split(separator: "\n").compactMap { line in
            let words = line.split(separator: " ")
            guard words.count == 2, let time = Int64(words[0]), let sequence = UInt64(words[1])
            else { return nil }
            return (time, sequence)
        }
    }

    /// Adds a mark; durable when this returns.
    func mark(_ microseconds: Int64, _ sequence: UInt64) throws {
        let path = directory.appending(Self.timelineName)
        let exists = try fileSystem.status(path) != nil
        let file = try fileSystem.open(path, exists ? .readWrite : .create)
        try file.writeFully(Array("\(microseconds) \(sequence)\n".utf8), at: file.byteCount())
        try file.sync(.full)
        try file.close()
        if !exists { try fileSystem.syncDirectory(directory) }
    }
}
