// A store as an older version has it, for everything that opens stores.

import VarveCheck
import VarveFormat
import VarveStorage

/// A view of a disk on which one store's CURRENT names another version, and its logs are gone: what
/// that version's segments hold, and nothing later.
///
/// The store is for reading only: whatever would write to its files is refused.
final class PinnedVersion: LayeredFileSystem {
    let base: any FileSystem
    private let inside: String
    private let pointerPath: FilePath
    private let logFolder: FilePath
    private let pointer: [UInt8]

    /// A view of the store in `directory` as of a version that stands on its disk.
    init(_ image: StoreImage, _ version: StoreImage.Version) throws {
        base = image.fileSystem
        inside = image.directory.text + "/"
        pointerPath = image.directory.appending(FileNames.current)
        logFolder = image.directory.appending(FileNames.logFolder)
        let manifest = try Verb.readable(version)
        pointer = CurrentPointer(
            version: version.number, byteCount: version.byteCount, digest: version.digest,
            store: manifest.store
        ).encoded()
    }

    /// Throws where a call would change something of the store.
    private func requireOutside(_ call: String, _ path: FilePath) throws(StorageError) {
        guard !path.text.hasPrefix(inside) else {
            throw StorageError(.notPermitted, call: call, path: path)
        }
    }

    func open(_ path: FilePath, _ mode: OpenMode) throws(StorageError) -> any StoredFile {
        if mode != .read, mode != .readDirect { try requireOutside("open", path) }
        if path == pointerPath { return BytesAsFile(path, pointer) }
        return try base.open(path, mode)
    }
    func list(_ path: FilePath) throws(StorageError) -> [String] {
        path == logFolder ? [] : try base.list(path)
    }
    func status(_ path: FilePath) throws(StorageError) -> FileStatus? {
        if path == pointerPath {
            return FileStatus(isDirectory: false, byteCount: UInt64(pointer.count))
        }
        return try base.status(path)
    }
    func rename(_ from: FilePath, to: FilePath) throws(StorageError) {
        try requireOutside("rename", from)
        try requireOutside("rename", to)
        try base.rename(from, to: to)
    }
    func link(_ from: FilePath, to: FilePath) throws(StorageError) {
        try requireOutside("link", to)
        try base.link(from, to: to)
    }
    func remove(_ path: FilePath) throws(StorageError) {
        try requireOutside("unlink", path)
        try base.remove(path)
    }
    func createDirectory(_ path: FilePath) throws(StorageError) {
        try requireOutside("mkdir", path)
        try base.createDirectory(path)
    }
    func removeDirectory(_ path: FilePath) throws(StorageError) {
        try requireOutside("rmdir", path)
        try base.removeDirectory(path)
    }
    func lock(_ path: FilePath) throws(StorageError) -> any FileLock {
        try requireOutside("lock", path)
        return try base.lock(path)
    }
}

/// Bytes in memory that are read like a file.
private final class BytesAsFile: StoredFile {
    let path: FilePath
    private let bytes: [UInt8]

    init(_ path: FilePath, _ bytes: [UInt8]) {
        self.path = path
        self.bytes = bytes
    }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageError) -> Int {
        guard offset < UInt64(bytes.count) else { return 0 }
        let part = bytes[Int(offset)...].prefix(buffer.count)
        for (index, byte) in part.enumerated() { unsafe buffer[index] = byte }
        return part.count
    }
    func byteCount() throws(StorageError) -> UInt64 { UInt64(bytes.count) }
    func close() throws(StorageError) {}

    private func refusal(_ call: String) -> StorageError {
        StorageError(.notPermitted, call: call, path: path)
    }
    func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
        throw refusal("pwrite")
    }
    func sync(_ kind: SyncKind) throws(StorageError) { throw refusal("fsync") }
    func preallocate(_ range: Range<UInt64>) throws(StorageError) { throw refusal("fallocate") }
    func truncate(to byteCount: UInt64) throws(StorageError) { throw refusal("ftruncate") }
    func map(_ range: Range<UInt64>) throws(StorageError) -> MappedBytes { throw refusal("mmap") }
}
