// What this process costs the machine.

import CRing
import Glibc

/// Bytes of memory this process occupies now, pages of mapped files included; nil if the kernel
/// does not say.
public func residentByteCount() -> UInt64? { memoryField(1) }

/// Bytes of mapped files that this process has in its memory now; nil if the kernel does not say.
public func mappedResidentByteCount() -> UInt64? { memoryField(2) }

/// A size out of the kernel's line about this process: all, resident, resident of files.
private func memoryField(_ index: Int) -> UInt64? {
    guard let text = try? PosixFileSystem().readStatistics(FilePath("/proc/self/statm")) else {
        return nil
    }
    // Sizes in pages, separated by spaces.
    let fields = text.split(separator: UInt8(ascii: " "))
    guard fields.count > index,
        let pages = UInt64(String(decoding: fields[index], as: UTF8.self))
    else { return nil }
    return pages * UInt64(sysconf(Int32(_SC_PAGESIZE)))
}

extension PosixFileSystem {
    /// The text of a file the kernel makes up as it is read: it has no length beforehand.
    fileprivate func readStatistics(_ path: FilePath) throws(StorageError) -> ArraySlice<UInt8> {
        let file = try open(path, .read)
        var bytes = [UInt8](repeating: 0, count: 512)
        var span = bytes.mutableSpan
        let count = try unsafe span.withUnsafeMutableBytes { buffer throws(StorageError) in
            try unsafe file.read(into: buffer, at: 0)
        }
        try file.close()
        return bytes[..<count]
    }
}

/// Gives memory that the allocator holds and nobody uses back to the kernel.
///
/// Worth a call after large buffers have come and gone: the allocator keeps their pages for itself.
public func releaseUnusedMemory() { csystem_release_memory() }
