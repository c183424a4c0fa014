// Which blocks of a section have been found whole, or damaged.

import Synchronization

/// Two bits a block, set at most once each and read without a lock.
@safe final class VerifiedBlocks: @unchecked Sendable {
    // Invariant for Sendable: the words are atomic, and the memory lives as long as this object.
    private let words: UnsafeMutablePointer<Atomic<UInt64>>
    private let wordCount: Int

    /// No block known yet.
    init(blockCount: Int) {
        // Even words say "whole", the odd word behind each says "damaged".
        wordCount = (blockCount + 63) / 64 * 2
        unsafe words = .allocate(capacity: max(1, wordCount))
        for index in 0..<wordCount {
            unsafe (words + index).initialize(to: Atomic(0))
        }
    }

    deinit {
        unsafe words.deinitialize(count: wordCount)
        unsafe words.deallocate()
    }

    /// Whether block `index` has been verified.
    @inline(always)
    func isWhole(_ index: Int) -> Bool { bit(index, odd: 0) }

    /// Whether block `index` has failed before.
    func isDamaged(_ index: Int) -> Bool { bit(index, odd: 1) }

    /// Records what was found of block `index`.
    func record(_ index: Int, whole: Bool) {
        let word = (index >> 6) * 2 + (whole ? 0 : 1)
        precondition(word < wordCount)
        unsafe words[word].bitwiseOr(1 << UInt64(index & 63), ordering: .releasing)
    }

    @inline(always)
    private func bit(_ index: Int, odd: Int) -> Bool {
        let word = (index >> 6) * 2 + odd
        precondition(word < wordCount)
        return unsafe words[word].load(ordering: .acquiring) >> UInt64(index & 63) & 1 == 1
    }
}
