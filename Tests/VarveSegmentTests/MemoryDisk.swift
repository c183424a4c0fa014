// A file system in memory whose bytes a test may look at, damage, and refuse to change.

import Synchronization
import VarveStorage

/// Files as arrays; every call that changes something is counted, and one of them can be made to
/// fail.
final class MemoryDisk: FileSystem {
    struct State {
        var files: [String: [UInt8]] = [:]
        var changeCount = 0
        var failingChange: Int?
        /// Once a change has failed, so do all later ones.
        var staysBroken = false
        var largestRead = Int.max
    }

    let state = Mutex(State())

    subscript(path: FilePath) -> [UInt8]? {
        get { state.withLock { $0.files[path.text] } }
        set { state.withLock { $0.files[path.text] = newValue } }
    }

    var names: [String] { state.withLock { $0.files.keys.sorted() } }

    /// Counts a change and throws if it is the one that shall fail.
    func change(_ call: String, _ path: FilePath) throws(StorageError) {
        let fails = state.withLock { state in
            state.changeCount += 1
            guard let failing = state.failingChange else { return false }
            return state.changeCount == failing
                || (state.staysBroken && state.changeCount > failing)
        }
        if fails { throw StorageError(.noSpace, call: call, path: path) }
    }

    func open(_ path: FilePath, _ mode: OpenMode) throws(StorageError) -> any StoredFile {
        if mode == .create {
            if self[path] != nil { throw StorageError(.exists, call: "open", path: path) }
            try change("open", path)
            self[path] = []
        }
        if self[path] == nil { throw StorageError(.notFound, call: "open", path: path) }
        return MemoryFile(self, path)
    }

    func remove(_ path: FilePath) throws(StorageError) {
        if self[path] == nil { throw StorageError(.notFound, call: "unlink", path: path) }
        self[path] = nil
    }

    func freeByteCount(_ path: FilePath) throws(StorageError) -> UInt64 { 1 << 40 }
    func list(_ path: FilePath) throws(StorageError) -> [String] { names }
    func status(_ path: FilePath) throws(StorageError) -> FileStatus? {
        self[path].map { FileStatus(isDirectory: false, byteCount: UInt64($0.count)) }
    }
    func syncDirectory(_ path: FilePath) throws(StorageError) { try change("fsync", path) }
    func rename(_ from: FilePath, to: FilePath) throws(StorageError) { fatalError("unused") }
    func link(_ from: FilePath, to: FilePath) throws(StorageError) { fatalError("unused") }
    func createDirectory(_ path: FilePath) throws(StorageError) { fatalError("unused") }
    func removeDirectory(_ path: FilePath) throws(StorageError) { fatalError("unused") }
    func lock(_ path: FilePath) throws(StorageError) -> any FileLock { fatalError("unused") }
}

final class MemoryFile: StoredFile {
    let disk: MemoryDisk
    let path: FilePath

    init(_ disk: MemoryDisk, _ path: FilePath) {
        self.disk = disk
        self.path = path
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageError) -> Int {
        guard let bytes = disk[path], Int(offset) < bytes.count else { return 0 }
        let limit = disk.state.withLock { $0.largestRead }
        let count = min(min(buffer.count, limit), bytes.count - Int(offset))
        unsafe buffer.copyBytes(from: bytes[Int(offset)..<Int(offset) + count])
        return count
    }

    func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
        try disk.change("pwrite", path)
        // Never more than 700,000 bytes at once: short writes are normal.
        let part = unsafe Array(buffer.prefix(700_000))
        disk.state.withLock { state in
            var bytes = state.files[path.text] ?? []
            let end = Int(offset) + part.count
            if bytes.count < end {
                bytes.append(contentsOf: repeatElement(0, count: end - bytes.count))
            }
            bytes.replaceSubrange(Int(offset)..<end, with: part)
            state.files[path.text] = bytes
        }
        return part.count
    }

    func map(_ range: Range<UInt64>) throws(StorageError) -> MappedBytes {
        let bytes = disk[path] ?? []
        guard range.upperBound <= UInt64(bytes.count) else {
            throw StorageError(.endOfFile, call: "mmap", path: path)
        }
        let copy = UnsafeMutableRawBufferPointer.allocate(
            byteCount: range.count, alignment: 4_096)
        unsafe copy.copyBytes(from: bytes[Int(range.lowerBound)..<Int(range.upperBound)])
        return unsafe MappedBytes(bytes: UnsafeRawBufferPointer(copy)) { unsafe $0.deallocate() }
    }

    func byteCount() throws(StorageError) -> UInt64 { UInt64(disk[path]?.count ?? 0) }
    func sync(_ kind: SyncKind) throws(StorageError) { try disk.change("fsync", path) }
    func close() throws(StorageError) { try disk.change("close", path) }
    func preallocate(_ range: Range<UInt64>) throws(StorageError) {}
    func truncate(to byteCount: UInt64) throws(StorageError) { fatalError("unused") }
}

extension MemoryDisk {
    /// Has every read give at most `byteCount` bytes.
    func limitReads(to byteCount: Int) { state.withLock { $0.largestRead = byteCount } }
}
