// Large memory that costs nothing until it is touched.

import Glibc

/// Zeroed memory straight from the kernel, committed page by page as it is first written.
///
/// Freed when the last reference goes. Who may read and write which bytes when is the owner's
/// affair.
@safe public final class MemoryRegion: @unchecked Sendable {
    // Invariant for Sendable: address and size never change; the bytes are ordered by the owner.

    /// The first byte; aligned to a page, or to 2 MiB with huge pages.
    public let baseAddress: UnsafeMutableRawPointer
    /// How many bytes there are.
    public let byteCount: Int
    /// Whether the bytes are those of a file.
    private let isFile: Bool

    /// The size and alignment of a huge page.
    public static let hugePageByteCount = 2 << 20

    /// Reserves `byteCount` bytes, at least one, that read as zero.
    ///
    /// - Parameter hugePages: Whether to align to 2 MiB and ask for huge pages: fewer misses of the
    ///   address cache on random access, but memory is committed 2 MiB at a time.
    /// - Throws: ``StorageError`` of kind `noResources` if there is no address space or the limit
    ///   is met.
    public init(byteCount: Int, hugePages: Bool = false) throws(StorageError) {
        precondition(byteCount > 0, "a region has at least one byte")
        let (padded, overflow) = byteCount.addingReportingOverflow(
            hugePages ? Self.hugePageByteCount : 0)
        let mapped =
            overflow
            ? nil
            : unsafe mmap(
                nil, padded, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
        guard let start = unsafe mapped, unsafe start != MAP_FAILED else {
            throw StorageError(
                .noResources, call: "mmap", path: FilePath(""),
                errorNumber: overflow ? ENOMEM : errno)
        }
        self.byteCount = byteCount
        isFile = false
        guard hugePages else {
            unsafe baseAddress = start
            return
        }
        let base = unsafe start.alignedUp(toMultipleOf: Self.hugePageByteCount)
        unsafe baseAddress = base
        // Safety: head and tail of the mapping are given back; both are whole pages outside of the
        // region.
        let head = unsafe base - start
        let kept = Self.roundedUp(byteCount, to: Self.pageByteCount)
        if head > 0 { unsafe munmap(start, head) }
        let mappedCount = Self.roundedUp(padded, to: Self.pageByteCount)
        if head + kept < mappedCount { unsafe munmap(base + kept, mappedCount - head - kept) }
        unsafe madvise(base, kept, MADV_HUGEPAGE)
    }

    /// Takes over the mapping of a file that begins at `base`, a page's first byte.
    init(mapped base: UnsafeMutableRawPointer, byteCount: Int) {
        unsafe baseAddress = unsafe base
        self.byteCount = byteCount
        isFile = true
    }

    /// Lets the bytes of a file leave the process's memory until they are touched again; memory of
    /// the process's own stays.
    func giveBack() {
        if isFile { unsafe madvise(baseAddress, byteCount, MADV_DONTNEED) }
    }

    deinit { unsafe munmap(baseAddress, byteCount) }

    /// The bytes.
    public var bytes: UnsafeMutableRawBufferPointer {
        unsafe UnsafeMutableRawBufferPointer(start: baseAddress, count: byteCount)
    }

    /// Makes the bytes in `range` zero and gives whole pages among them back to the kernel.
    public func discard(_ range: Range<Int>) {
        precondition(!isFile, "the bytes of a file stay what they are")
        precondition(
            range.lowerBound >= 0 && range.upperBound <= byteCount, "the range lies in the region")
        let page = Self.pageByteCount
        let first = Self.roundedUp(range.lowerBound, to: page)
        let last = range.upperBound / page * page
        guard first < last else {
            zero(range)
            return
        }
        zero(range.lowerBound..<first)
        if unsafe madvise(baseAddress + first, last - first, MADV_DONTNEED) != 0 {
            zero(first..<last)
        }
        zero(last..<range.upperBound)
    }

    private func zero(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        unsafe memset(baseAddress + range.lowerBound, 0, range.count)
    }

    private static let pageByteCount = sysconf(Int32(_SC_PAGESIZE))

    private static func roundedUp(_ count: Int, to unit: Int) -> Int {
        (count + unit - 1) / unit * unit
    }
}
