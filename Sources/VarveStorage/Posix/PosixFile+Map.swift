// Bytes of a file as memory.

import Glibc

extension PosixFile {
    package func map(_ range: Range<UInt64>) throws(StorageError) -> MappedBytes {
        guard range.upperBound <= (try byteCount()) else {
            throw StorageError(.endOfFile, call: "mmap", path: path)
        }
        guard !range.isEmpty else {
            return unsafe MappedBytes(bytes: UnsafeRawBufferPointer(start: nil, count: 0)) { _ in }
        }
        // The kernel maps from page borders only: begin at the one before and step over the
        // difference.
        let slack = range.lowerBound % UInt64(sysconf(Int32(_SC_PAGESIZE)))
        let position = try position(range.lowerBound - slack, "mmap")
        guard let length = Int(exactly: UInt64(range.count) + slack) else {
            throw StorageError(errorNumber: ENOMEM, call: "mmap", path: path)
        }
        let base = unsafe mmap(nil, length, PROT_READ, MAP_SHARED, descriptor.rawValue, position)
        guard let base = unsafe base, unsafe base != MAP_FAILED else {
            throw StorageError(errorNumber: errno, call: "mmap", path: path)
        }
        let whole = unsafe UnsafeRawBufferPointer(start: base, count: length)
        let bytes = unsafe UnsafeRawBufferPointer(rebasing: whole[Int(slack)...])
        return unsafe MappedBytes(bytes: bytes, isPageMapped: true) { bytes in
            // Safety: `bytes` begin `slack` past the mapping's base and end where it ends.
            let address = unsafe bytes.baseAddress.map { unsafe $0 - Int(slack) }
            unsafe munmap(UnsafeMutableRawPointer(mutating: address), bytes.count + Int(slack))
        }
    }
}
