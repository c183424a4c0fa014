// Row numbers and counters that many threads use at once.

internal import VarveStorage

/// Numbers that parallel steps change atomically, or at places of their own.
///
/// Large ones lie in working memory, so that they may leave the process's memory between two uses.
@safe final class SharedWords: @unchecked Sendable {
    // Invariant for Sendable: while steps run, a place is one step's or is changed atomically.

    let count: Int
    let base: UnsafeMutablePointer<UInt32>
    /// What they lie in; nil where they have been allocated.
    private let region: MemoryRegion?
    /// From here on they lie in working memory that may leave.
    private static let leastRegionByteCount = 256 << 10

    /// `count` times `value`.
    init(count: Int, value: UInt32 = 0, memory: WorkingMemory = .process) {
        self.count = count
        let capacity = max(1, count)
        let byteCount = capacity * MemoryLayout<UInt32>.stride
        guard memory.isSpilled, byteCount >= Self.leastRegionByteCount else {
            region = nil
            unsafe base = .allocate(capacity: capacity)
            unsafe base.initialize(repeating: value, count: capacity)
            return
        }
        let region = memory.region(byteCount: byteCount)
        self.region = region
        // Safety: the region is aligned to a page, as long as that, and all zeros.
        unsafe base = region.baseAddress.bindMemory(to: UInt32.self, capacity: capacity)
        if value != 0 { unsafe base.update(repeating: value, count: capacity) }
    }

    /// A copy of `words`.
    convenience init(_ words: [UInt32], memory: WorkingMemory = .process) {
        self.init(count: words.count, memory: memory)
        unsafe words.withUnsafeBufferPointer { source in
            if let start = source.baseAddress {
                unsafe base.update(from: start, count: words.count)
            }
        }
    }

    deinit {
        if region == nil { unsafe base.deallocate() }
    }

    /// The words in `range`; valid while this lives.
    subscript(range: Range<Int>) -> UnsafeBufferPointer<UInt32> {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "words there are")
        return unsafe UnsafeBufferPointer(start: base + range.lowerBound, count: range.count)
    }

    subscript(index: Int) -> UInt32 {
        precondition(index >= 0 && index < count, "a word there is")
        return unsafe base[index]
    }
}
