// The seam between the engine and the disk: few calls, each coarse, all of them fallible.

/// How a file is opened.
public enum OpenMode: Hashable, Sendable {
    /// An existing file, for reading.
    case read
    /// An existing file, for reading past the page cache (`O_DIRECT`); offset, count and address of
    /// every read are multiples of 4,096. Falls back to ``read`` where the file system has no such
    /// mode.
    case readDirect
    /// An existing file, for reading and writing.
    case readWrite
    /// A new file, for reading and writing, readable by its owner only; fails if the name is taken.
    case create
}

/// What a sync makes durable.
public enum SyncKind: Hashable, Sendable {
    /// The bytes and whatever is needed to read them back (`fdatasync`).
    case data
    /// The bytes and all metadata (`fsync`).
    case full
}

/// A file system: the disk of this machine, or a simulated one.
///
/// Paths are absolute, or relative to the working directory. All calls may be made from any thread.
/// A name is durable only once ``syncDirectory(_:)`` of its directory has returned; bytes only once
/// ``StoredFile/sync(_:)`` has. A call that throws may have happened all the same.
public protocol FileSystem: AnyObject, Sendable {
    /// Opens or creates a file.
    func open(_ path: FilePath, _ mode: OpenMode) throws(StorageError) -> any StoredFile
    /// Gives a file another name in one step, replacing what stood there.
    func rename(_ from: FilePath, to: FilePath) throws(StorageError)
    /// Gives a file a second name; fails if that name is taken.
    func link(_ from: FilePath, to: FilePath) throws(StorageError)
    /// Removes a name.
    func remove(_ path: FilePath) throws(StorageError)
    /// Makes one directory, open to its owner only; fails if the name is taken.
    func createDirectory(_ path: FilePath) throws(StorageError)
    /// Removes an empty directory.
    func removeDirectory(_ path: FilePath) throws(StorageError)
    /// The names in a directory, without `.` and `..`, in no particular order.
    func list(_ path: FilePath) throws(StorageError) -> [String]
    /// What stands at `path`; nil if nothing does.
    func status(_ path: FilePath) throws(StorageError) -> FileStatus?
    /// Makes the names in a directory durable.
    func syncDirectory(_ path: FilePath) throws(StorageError)
    /// Takes the lock of the file at `path`, creating the file if needed; fails with `.locked` if
    /// another opener, in this process or any other, holds it. The lock ends with the object or the
    /// process.
    func lock(_ path: FilePath) throws(StorageError) -> any FileLock
    /// Bytes an unprivileged process can still write to the file system that holds `path`.
    func freeByteCount(_ path: FilePath) throws(StorageError) -> UInt64
    /// Memory of `byteCount` zeros, at least one, that may leave the process's memory for a new
    /// file at `path` without a name; the process's own where the disk has no such files.
    func scratchMemory(_ path: FilePath, byteCount: Int) throws(StorageError) -> MemoryRegion
}

extension FileSystem {
    /// Memory of the process's own: what a disk without such files gives.
    public func scratchMemory(
        _ path: FilePath, byteCount: Int
    ) throws(StorageError) -> MemoryRegion {
        try MemoryRegion(byteCount: byteCount)
    }
}

/// An open file.
///
/// Closing happens once: by ``close()``, or when the last reference goes. All calls may be made
/// from any thread; the caller orders writes that overlap.
public protocol StoredFile: AnyObject, Sendable {
    /// The path it was opened by.
    var path: FilePath { get }
    /// Reads up to `buffer.count` bytes at `offset`; may read fewer, and zero only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError)
        -> Int
    /// Writes up to `buffer.count` bytes at `offset`; may write fewer, but at least one.
    func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int
    /// Makes what has been written durable.
    func sync(_ kind: SyncKind) throws(StorageError)
    /// Reserves room for the bytes in `range`, extending the file with zeros.
    func preallocate(_ range: Range<UInt64>) throws(StorageError)
    /// Sets the length.
    func truncate(to byteCount: UInt64) throws(StorageError)
    /// The length in bytes.
    func byteCount() throws(StorageError) -> UInt64
    /// Maps the bytes in `range` for reading. The range must lie inside the file, which must not
    /// shrink.
    func map(_ range: Range<UInt64>) throws(StorageError) -> MappedBytes
    /// Closes; an error here counts as a failed write.
    func close() throws(StorageError)
}

/// A lock held until it is released.
public protocol FileLock: AnyObject, Sendable {
    /// Gives the lock up; called at most once, and by `deinit` if not before.
    func release()
}

/// What stands at a path.
public struct FileStatus: Hashable, Sendable {
    /// Whether it is a directory.
    public var isDirectory: Bool
    /// Its length in bytes.
    public var byteCount: UInt64

    /// A status of these parts.
    public init(isDirectory: Bool, byteCount: UInt64) {
        self.isDirectory = isDirectory
        self.byteCount = byteCount
    }
}
