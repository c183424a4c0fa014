// The bytes of a simulated file: a value whose copies share what they have in common.

/// Bytes in pages of 4 KiB; copying costs nothing, writing to a copy costs the pages written.
struct PagedBytes {
    private(set) var byteCount = 0
    private var pages: [[UInt8]] = []

    static let pageByteCount = 4_096
    /// More than any simulated file has use for; keeps a wrong offset from taking all memory.
    static let maximumByteCount = 1 << 30
    private static let zeroPage = [UInt8](repeating: 0, count: pageByteCount)

    /// Puts `bytes` at `offset`; a gap before them becomes zeros.
    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) {
        guard unsafe !bytes.isEmpty else { return }
        resize(to: max(byteCount, offset + bytes.count))
        var done = 0
        while done < bytes.count {
            let (page, start) = (offset + done).quotientAndRemainder(dividingBy: Self.pageByteCount)
            let count = min(bytes.count - done, Self.pageByteCount - start)
            unsafe pages[page].withUnsafeMutableBytes { target in
                unsafe UnsafeMutableRawBufferPointer(rebasing: target[start..<start + count])
                    .copyMemory(from: UnsafeRawBufferPointer(rebasing: bytes[done..<done + count]))
            }
            done += count
        }
    }

    /// Puts `bytes` at `offset`; a gap before them becomes zeros.
    mutating func write(_ bytes: ArraySlice<UInt8>, at offset: Int) {
        unsafe bytes.withUnsafeBytes { unsafe write($0, at: offset) }
    }

    /// Sets the length; new bytes are zero, also where there were others before.
    mutating func resize(to newCount: Int) {
        let pageCount = (newCount + Self.pageByteCount - 1) / Self.pageByteCount
        if newCount < byteCount {
            pages.removeLast(pages.count - pageCount)
            let kept = newCount % Self.pageByteCount
            if kept > 0 {
                for index in kept..<Self.pageByteCount { pages[pageCount - 1][index] = 0 }
            }
        } else if pageCount > pages.count {
            pages.append(
                contentsOf: repeatElement(Self.zeroPage, count: pageCount - pages.count))
        }
        byteCount = newCount
    }

    /// Copies bytes from `offset` on.
    ///
    /// - Returns: How many; fewer than `buffer` has room for only at the end.
    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) -> Int {
        let total = max(0, min(buffer.count, byteCount - offset))
        var done = 0
        while done < total {
            let (page, start) = (offset + done).quotientAndRemainder(dividingBy: Self.pageByteCount)
            let count = min(total - done, Self.pageByteCount - start)
            unsafe pages[page].withUnsafeBytes { source in
                unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[done..<done + count])
                    .copyMemory(
                        from: UnsafeRawBufferPointer(rebasing: source[start..<start + count]))
            }
            done += count
        }
        return total
    }

    /// The bytes in `range`, as far as there are any.
    func bytes(in range: Range<Int>) -> [UInt8] {
        let range = range.clamped(to: 0..<byteCount)
        var result = [UInt8](repeating: 0, count: range.count)
        _ = unsafe result.withUnsafeMutableBytes { unsafe read(into: $0, at: range.lowerBound) }
        return result
    }

    /// Whether both reach to the end of `range` and have the same bytes in it; pages that they
    /// share are not looked at.
    func isEqual(_ other: PagedBytes, in range: Range<Int>) -> Bool {
        guard range.upperBound <= min(byteCount, other.byteCount) else { return false }
        var start = range.lowerBound
        while start < range.upperBound {
            let (page, low) = start.quotientAndRemainder(dividingBy: Self.pageByteCount)
            let count = min(range.upperBound - start, Self.pageByteCount - low)
            if pages[page] != other.pages[page] {
                let part = low..<low + count
                guard pages[page][part] == other.pages[page][part] else { return false }
            }
            start += count
        }
        return true
    }

    /// Adds length and bytes; pages that were never written cost nothing.
    func add(to hash: inout HistoryHash) {
        hash.add(byteCount)
        for page in pages {
            unsafe page.withUnsafeBytes { bytes in
                let isUntouched = unsafe Self.zeroPage.withUnsafeBytes {
                    unsafe $0.baseAddress == bytes.baseAddress
                }
                unsafe isUntouched || bytes.allSatisfy { $0 == 0 } ? hash.add(0) : hash.add(bytes)
            }
        }
    }

    /// All bytes.
    var allBytes: [UInt8] { bytes(in: 0..<byteCount) }
}
