// The file system of this machine.

import Glibc

/// The disk of this machine, by the calls of POSIX and Linux.
///
/// Holds no state: all objects of this class are alike. Interrupted calls are made again. Files are
/// created with permissions 0600, directories with 0700, and no descriptor survives `exec`.
public final class PosixFileSystem: FileSystem {
    /// The file system of this machine.
    public init() {}

    public func open(_ path: FilePath, _ mode: OpenMode) throws(StorageError) -> any StoredFile {
        try PosixFile(opening: path, mode)
    }

    public func rename(_ from: FilePath, to: FilePath) throws(StorageError) {
        try unsafe onBoth(from, to, "rename") { unsafe Glibc.rename($0, $1) }
    }

    public func link(_ from: FilePath, to: FilePath) throws(StorageError) {
        try unsafe onBoth(from, to, "link") { unsafe Glibc.link($0, $1) }
    }

    /// Makes a call that takes two paths; its error names the first.
    private func onBoth(
        _ from: FilePath, _ to: FilePath, _ call: StaticString,
        _ body: (UnsafePointer<CChar>, UnsafePointer<CChar>) -> Int32
    ) throws(StorageError) {
        guard !to.text.utf8.contains(0) else {
            throw StorageError(errorNumber: EINVAL, call: call.description, path: to)
        }
        _ = try unsafe pathCall(call, from) { first in
            unsafe to.text.withCString { second in unsafe body(first, second) }
        }
    }

    public func remove(_ path: FilePath) throws(StorageError) {
        _ = try unsafe pathCall("unlink", path) { unsafe unlink($0) }
    }

    public func createDirectory(_ path: FilePath) throws(StorageError) {
        _ = try unsafe pathCall("mkdir", path) { unsafe mkdir($0, 0o700) }
    }

    public func removeDirectory(_ path: FilePath) throws(StorageError) {
        _ = try unsafe pathCall("rmdir", path) { unsafe rmdir($0) }
    }

    public func list(_ path: FilePath) throws(StorageError) -> [String] {
        guard !path.text.utf8.contains(0) else {
            throw StorageError(errorNumber: EINVAL, call: "opendir", path: path)
        }
        guard let directory = unsafe opendir(path.text) else {
            throw StorageError(errorNumber: errno, call: "opendir", path: path)
        }
        defer { unsafe closedir(directory) }
        var names: [String] = []
        while true {
            errno = 0
            guard let entry = unsafe readdir(directory) else { break }
            // Safety: `d_name` ends in NUL and lives until the next `readdir`.
            let name = unsafe withUnsafePointer(to: &entry.pointee.d_name) { tuple in
                unsafe tuple.withMemoryRebound(to: CChar.self, capacity: 256) {
                    unsafe String(cString: $0)
                }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        let failure = errno
        guard failure == 0 else {
            throw StorageError(errorNumber: failure, call: "readdir", path: path)
        }
        return names
    }

    public func status(_ path: FilePath) throws(StorageError) -> FileStatus? {
        var found = Glibc.stat()
        do {
            _ = try unsafe pathCall("stat", path) { unsafe stat($0, &found) }
        } catch {
            guard error.errorNumber == ENOENT || error.errorNumber == ENOTDIR else { throw error }
            return nil
        }
        return FileStatus(
            isDirectory: found.st_mode & S_IFMT == S_IFDIR, byteCount: UInt64(found.st_size))
    }

    public func syncDirectory(_ path: FilePath) throws(StorageError) {
        let directory = try FileDescriptor(opening: path, flags: O_RDONLY | O_DIRECTORY)
        _ = try systemCall("fsync", path) { fsync(directory.rawValue) }
        try directory.close(path)
    }

    public func lock(_ path: FilePath) throws(StorageError) -> any FileLock {
        try PosixLock(path)
    }

    public func freeByteCount(_ path: FilePath) throws(StorageError) -> UInt64 {
        var found = Glibc.statvfs()
        _ = try unsafe pathCall("statvfs", path) { unsafe statvfs($0, &found) }
        return UInt64(found.f_bavail) * UInt64(found.f_frsize)
    }
}
