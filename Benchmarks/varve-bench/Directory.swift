// Directories of stores that measurements make and remove.

import Foundation
import Glibc

/// Removes a directory and everything in it, if it is there.
func removeDirectory(_ path: String) { try? FileManager.default.removeItem(atPath: path) }

/// Asks the kernel to forget the pages of every file below a directory.
func dropPageCache(_ path: String) {
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    for name in names {
        let descriptor = unsafe open(path + "/" + name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { continue }
        defer { close(descriptor) }
        fdatasync(descriptor)
        posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED)
    }
}

/// Bytes of every file below a directory; zero if there is none.
func directoryByteCount(_ path: String) -> UInt64 {
    let names = FileManager.default.enumerator(atPath: path)?.compactMap { $0 as? String } ?? []
    return names.reduce(0) { sum, name in
        var status = stat()
        guard unsafe lstat(path + "/" + name, &status) == 0, status.st_mode & S_IFMT == S_IFREG
        else {
            return sum
        }
        return sum + UInt64(status.st_size)
    }
}

/// Bytes of a store's files, without the trash, which is emptied after a while.
func storeByteCount(_ path: String) -> UInt64 {
    directoryByteCount(path) - directoryByteCount(path + "/trash")
}
