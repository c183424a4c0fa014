// What the kernel is told about the reads to come.

import Glibc

extension MappedBytes {
    /// How mapped bytes are going to be read.
    public enum Advice: Hashable, Sendable {
        /// Here and there: reading ahead would waste the disk.
        case random
        /// From front to back.
        case sequential
        /// Soon: start reading now.
        case willNeed
        /// Not for a while: they may leave this process's memory.
        case notNow
    }

    /// Tells the kernel how the bytes are going to be read; only speed can change, and a copy
    /// ignores it.
    public func advise(_ advice: Advice) {
        guard isPageMapped, let base = unsafe bytes.baseAddress else { return }
        let flag =
            switch advice {
            case .random: MADV_RANDOM
            case .sequential: MADV_SEQUENTIAL
            case .willNeed: MADV_WILLNEED
            case .notNow: MADV_DONTNEED
            }
        let slack = Int(bitPattern: base) % sysconf(Int32(_SC_PAGESIZE))
        // Safety: the page the bytes begin in belongs to the same mapping. A refusal costs nothing.
        let start = unsafe UnsafeMutableRawPointer(mutating: base - slack)
        _ = unsafe madvise(start, bytes.count + slack, flag)
    }
}
