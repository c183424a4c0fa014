// A file written without the engine, to know what the disk itself costs.

import Glibc

/// A new file for bare writes; unlinked at the end.
final class BareFile {
    private let descriptor: Int32
    private let path: String
    private var offset: Int = 0
    private let block = [UInt8](repeating: 0x5A, count: BareFile.blockByteCount)

    /// Bytes of one write.
    static let blockByteCount = 4_096

    /// Creates the file in `directory` with room for `blockCount` writes.
    init(in directory: String, blockCount: Int) throws {
        path = directory + "/bare-\(getpid())"
        descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw MatrixFileProblem(description: "\(path): cannot create")
        }
        guard posix_fallocate(descriptor, 0, blockCount * Self.blockByteCount) == 0,
            fsync(descriptor) == 0
        else { throw MatrixFileProblem(description: "\(path): no space") }
    }

    deinit {
        close(descriptor)
        unsafe unlink(path)
    }

    /// Writes the next 4 KiB and waits until they are on the disk.
    func writeAndSync() throws {
        let count = unsafe pwrite(descriptor, block, block.count, offset)
        guard count == block.count, fdatasync(descriptor) == 0 else {
            throw MatrixFileProblem(description: "\(path): write or sync failed")
        }
        offset += count
    }
}
