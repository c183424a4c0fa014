// What is asked of a simulated disk, as values.

public import VarveStorage

/// The calls of ``FileSystem`` and ``StoredFile``.
public enum DiskCall: String, Hashable, Sendable, CaseIterable {
    case open, create, read, write, sync, preallocate, truncate, byteCount, map, close
    case rename, link, remove, createDirectory, removeDirectory, list, status, syncDirectory
    case lock, freeByteCount

    /// Whether the call can change the disk or what survives on it.
    public var isMutating: Bool {
        switch self {
        case .create, .write, .sync, .preallocate, .truncate, .rename, .link, .remove,
            .createDirectory, .removeDirectory, .syncDirectory, .lock:
            true
        case .open, .read, .byteCount, .map, .close, .list, .status, .freeByteCount: false
        }
    }

    /// The call by its C name, for errors.
    var systemName: String {
        switch self {
        case .open, .create: "open"
        case .read: "pread"
        case .write: "pwrite"
        case .sync: "fdatasync"
        case .preallocate: "posix_fallocate"
        case .truncate: "ftruncate"
        case .byteCount: "fstat"
        case .map: "mmap"
        case .close: "close"
        case .rename: "rename"
        case .link: "link"
        case .remove: "unlink"
        case .createDirectory: "mkdir"
        case .removeDirectory: "rmdir"
        case .list: "readdir"
        case .status: "stat"
        case .syncDirectory: "fsync"
        case .lock: "fcntl"
        case .freeByteCount: "statvfs"
        }
    }
}

/// One mutating call to a simulated disk.
public struct DiskOperation: Hashable, Sendable {
    /// Its place among all mutating calls to this disk, counted from zero.
    public var index: Int
    /// What was asked.
    public var call: DiskCall
    /// The path the call is about; for a file, the one it was opened by.
    public var path: FilePath
    /// The second path of ``DiskCall/rename`` and ``DiskCall/link``.
    public var target: FilePath?
    /// The bytes the call is about; for ``DiskCall/truncate`` from zero to the new length.
    public var range: Range<UInt64>?
    /// What tells the file of a call to an open file from all others, whatever its name.
    public var fileNumber: Int?
    /// What came of it; nil before it was done.
    public var outcome: Outcome?

    /// What came of a call.
    public enum Outcome: Hashable, Sendable {
        /// It answered; for a write, with this number of bytes.
        case succeeded(byteCount: Int)
        /// It threw; it may have happened all the same.
        case failed(StorageError)
    }
}

extension DiskOperation: CustomStringConvertible {
    /// One line for a trace.
    public var description: String {
        var text = "#\(index) \(call.rawValue) \(path)"
        if let target { text += " -> \(target)" }
        if let range { text += " [\(range.lowerBound)..<\(range.upperBound)]" }
        if case .failed(let error) = outcome { text += ": \(error.kind.rawValue)" }
        return text
    }
}
