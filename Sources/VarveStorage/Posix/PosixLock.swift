// The lock that keeps a second opener away from a store.

import Glibc
import Synchronization

/// A file held locked by this process.
///
/// Two locks in one: the kernel's, which belongs to the open file and ends with the process however
/// that dies, and a table of this process, for file systems that take the first for a lock of the
/// whole process.
final class PosixLock: FileLock {
    private let descriptor: FileDescriptor
    private let identity: FileIdentity
    private let path: FilePath
    private let isHeld = Atomic(true)

    /// Which file a path led to, whatever its name.
    private struct FileIdentity: Hashable {
        var device: UInt64
        var inode: UInt64

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    /// `F_OFD_SETLK`: a lock that belongs to the open file, not to the process.
    private static let openFileLock: Int32 = 37

    /// What this process holds.
    private static let held = Mutex<Set<FileIdentity>>([])

    init(_ path: FilePath) throws(StorageError) {
        let file = try FileDescriptor(opening: path, flags: O_RDWR | O_CREAT, permissions: 0o600)
        let identity = FileIdentity(try file.status(path))
        guard Self.held.withLock({ $0.insert(identity).inserted }) else {
            throw StorageError(.locked, call: "fcntl", path: path)
        }
        do {
            try Self.lock(file, path)
            try Self.check(path, stillNames: identity)
        } catch {
            Self.held.withLock { _ = $0.remove(identity) }
            throw error
        }
        descriptor = file
        self.identity = identity
        self.path = path
    }

    deinit { release() }

    func release() {
        guard isHeld.exchange(false, ordering: .acquiringAndReleasing) else { return }
        // The kernel's lock first: between the two, a second opener here is refused, not let in.
        try? descriptor.close(path)
        Self.held.withLock { _ = $0.remove(identity) }
    }

    private static func lock(_ file: borrowing FileDescriptor, _ path: FilePath)
        throws(StorageError)
    {
        var request = flock()
        request.l_type = Int16(F_WRLCK)
        request.l_whence = Int16(SEEK_SET)
        do {
            _ = try systemCall("fcntl", path) {
                unsafe fcntl(file.rawValue, openFileLock, &request)
            }
        } catch {
            guard error.errorNumber == EAGAIN || error.errorNumber == EACCES else { throw error }
            throw StorageError(
                .locked, call: "fcntl", path: path, errorNumber: error.errorNumber)
        }
    }

    /// Refuses a lock on a file that was removed or replaced while it was being locked.
    private static func check(_ path: FilePath, stillNames identity: FileIdentity)
        throws(StorageError)
    {
        var found = stat()
        _ = try unsafe pathCall("stat", path) { unsafe stat($0, &found) }
        guard FileIdentity(found) == identity else {
            throw StorageError(.locked, call: "stat", path: path)
        }
    }
}
