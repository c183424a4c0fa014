// A file system in front of another one.

/// A file system that changes some calls to another one, and hands on all it does not name.
package protocol LayeredFileSystem: FileSystem {
    /// What is below.
    var base: any FileSystem { get }
}

extension LayeredFileSystem {
    package func open(_ path: FilePath, _ mode: OpenMode) throws(StorageError) -> any StoredFile {
        try base.open(path, mode)
    }
    package func rename(_ from: FilePath, to: FilePath) throws(StorageError) {
        try base.rename(from, to: to)
    }
    package func link(_ from: FilePath, to: FilePath) throws(StorageError) {
        try base.link(from, to: to)
    }
    package func remove(_ path: FilePath) throws(StorageError) { try base.remove(path) }
    package func createDirectory(_ path: FilePath) throws(StorageError) {
        try base.createDirectory(path)
    }
    package func removeDirectory(_ path: FilePath) throws(StorageError) {
        try base.removeDirectory(path)
    }
    package func list(_ path: FilePath) throws(StorageError) -> [String] { try base.list(path) }
    package func status(_ path: FilePath) throws(StorageError) -> FileStatus? {
        try base.status(path)
    }
    package func syncDirectory(_ path: FilePath) throws(StorageError) {
        try base.syncDirectory(path)
    }
    package func lock(_ path: FilePath) throws(StorageError) -> any FileLock {
        try base.lock(path)
    }
    package func freeByteCount(_ path: FilePath) throws(StorageError) -> UInt64 {
        try base.freeByteCount(path)
    }
    package func scratchMemory(
        _ path: FilePath, byteCount: Int
    ) throws(StorageError) -> MemoryRegion {
        try base.scratchMemory(path, byteCount: byteCount)
    }
}
