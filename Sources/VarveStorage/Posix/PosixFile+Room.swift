// Room for bytes to come.

import Glibc

extension PosixFile {
    package func preallocate(_ range: Range<UInt64>) throws(StorageError) {
        guard !range.isEmpty else { return }
        let start = try position(range.lowerBound, "posix_fallocate")
        let end = try position(range.upperBound, "posix_fallocate")
        // Answers with the error's number instead of leaving it in `errno`. Where the file system
        // cannot reserve, glibc writes into every block instead; another C library refuses.
        var failure = EINTR
        while failure == EINTR {
            failure = posix_fallocate(descriptor.rawValue, start, end - start)
        }
        switch failure {
        case 0: return
        case EOPNOTSUPP: try extendWithZeros(to: range.upperBound)
        default:
            throw StorageError(errorNumber: failure, call: "posix_fallocate", path: path)
        }
    }

    /// Writes zeros from the end of the file to `end`: a full disk shows here, not at the first
    /// record.
    ///
    /// Bytes below the old end are not touched, so holes there stay holes.
    package func extendWithZeros(to end: UInt64) throws(StorageError) {
        var offset = try byteCount()
        guard offset < end else { return }
        let zeros = [UInt8](repeating: 0, count: 65_536)
        while offset < end {
            let count = Int(min(end - offset, UInt64(zeros.count)))
            try writeFully(zeros[..<count], at: offset)
            offset += UInt64(count)
        }
    }
}
