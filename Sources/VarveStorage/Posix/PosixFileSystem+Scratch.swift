// Scratch files as memory.

import Glibc

extension PosixFileSystem {
    /// Memory backed by a new file at `path`, which has lost its name when this returns.
    ///
    /// The room is taken on the disk beforehand, so that writing to the memory never fails.
    public func scratchMemory(
        _ path: FilePath, byteCount: Int
    ) throws(StorageError) -> MemoryRegion {
        precondition(byteCount > 0, "a region has at least one byte")
        if try status(path) != nil { try remove(path) }
        let file = try PosixFile(opening: path, .create)
        try remove(path)
        let failure = posix_fallocate(file.descriptor.rawValue, 0, off_t(byteCount))
        guard failure == 0 else {
            throw StorageError(errorNumber: failure, call: "posix_fallocate", path: path)
        }
        let base = unsafe mmap(
            nil, byteCount, PROT_READ | PROT_WRITE, MAP_SHARED, file.descriptor.rawValue, 0)
        guard let base = unsafe base, unsafe base != MAP_FAILED else {
            throw StorageError(errorNumber: errno, call: "mmap", path: path)
        }
        try file.close()
        // Safety: the mapping is as long as the region and outlives the file's name and descriptor.
        return unsafe MemoryRegion(mapped: base, byteCount: byteCount)
    }
}
