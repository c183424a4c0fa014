// An open file of this machine.

import CRing
import Glibc

/// A file behind a descriptor.
///
/// All calls may be made from any thread; after ``close()`` they fail. No call may be under way on
/// another thread while ``close()`` is made.
package final class PosixFile: StoredFile {
    package let path: FilePath
    /// The descriptor; batches of reads name it to the kernel.
    let descriptor: FileDescriptor
    /// Whether reads must be aligned to ``directAlignment``.
    private let isDirect: Bool

    /// What offset, count and address of a direct read are multiples of.
    static let directAlignment = 4_096

    package init(opening path: FilePath, _ mode: OpenMode) throws(StorageError) {
        self.path = path
        isDirect = mode == .readDirect
        switch mode {
        case .read: descriptor = try FileDescriptor(opening: path, flags: O_RDONLY)
        case .readWrite: descriptor = try FileDescriptor(opening: path, flags: O_RDWR)
        case .create:
            descriptor = try FileDescriptor(
                opening: path, flags: O_RDWR | O_CREAT | O_EXCL, permissions: 0o600)
        case .readDirect: descriptor = try Self.openDirect(path)
        }
        // Opening a directory for reading succeeds on Linux; nothing good follows.
        let status = try descriptor.status(path)
        guard status.st_mode & S_IFMT != S_IFDIR else {
            throw StorageError(errorNumber: EISDIR, call: "open", path: path)
        }
    }

    /// Opens past the page cache, or through it where the file system says the flag is invalid.
    private static func openDirect(_ path: FilePath) throws(StorageError) -> FileDescriptor {
        do {
            return try FileDescriptor(opening: path, flags: O_RDONLY | csystem_direct_flag())
        } catch {
            guard error.errorNumber == EINVAL else { throw error }
            return try FileDescriptor(opening: path, flags: O_RDONLY)
        }
    }

    package func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64)
        throws(StorageError)
        -> Int
    {
        if isDirect {
            unsafe Self.checkAlignment(of: UnsafeRawBufferPointer(buffer), at: offset)
        }
        let position = try position(offset, "pread")
        return try systemCall("pread", path) {
            unsafe pread(descriptor.rawValue, buffer.baseAddress, buffer.count, position)
        }
    }

    /// Stops a caller that would work on file systems without direct reads only.
    package static func checkAlignment(of buffer: UnsafeRawBufferPointer, at offset: UInt64) {
        let address = UInt(bitPattern: buffer.baseAddress)
        precondition(
            offset.isMultiple(of: 4_096) && buffer.count.isMultiple(of: directAlignment)
                && address.isMultiple(of: 4_096),
            "a direct read is aligned to 4,096 in offset, count and address")
    }

    /// Stops a caller whose read does not keep to the alignment this file was opened for.
    func checkAlignment(_ request: ReadRequest) {
        guard isDirect else { return }
        unsafe Self.checkAlignment(
            of: UnsafeRawBufferPointer(request.buffer), at: request.offset)
    }

    package func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError)
        -> Int
    {
        let position = try position(offset, "pwrite")
        return try systemCall("pwrite", path) {
            unsafe pwrite(descriptor.rawValue, buffer.baseAddress, buffer.count, position)
        }
    }

    package func sync(_ kind: SyncKind) throws(StorageError) {
        switch kind {
        case .data: _ = try systemCall("fdatasync", path) { fdatasync(descriptor.rawValue) }
        case .full: _ = try systemCall("fsync", path) { fsync(descriptor.rawValue) }
        }
    }

    package func truncate(to byteCount: UInt64) throws(StorageError) {
        let length = try position(byteCount, "ftruncate")
        _ = try systemCall("ftruncate", path) { ftruncate(descriptor.rawValue, length) }
    }

    package func byteCount() throws(StorageError) -> UInt64 {
        UInt64(try descriptor.status(path).st_size)
    }

    package func close() throws(StorageError) { try descriptor.close(path) }

    /// `offset` as the kernel takes it: larger ones are no place in any file.
    func position(_ offset: UInt64, _ call: StaticString) throws(StorageError) -> off_t {
        guard let position = off_t(exactly: offset) else {
            throw StorageError(errorNumber: EINVAL, call: call.description, path: path)
        }
        return position
    }
}
