// Verified blocks of many segments, kept within a budget.

import Synchronization
import VarveFormat

/// A cache of file blocks for segments that are read by pages; shared among segments and threads.
///
/// The blocks it holds never take more than its budget. Blocks in use by readers at the moment live
/// on until the readers are done with them: at most a block or two a thread beyond the budget.
/// Replacement is CLOCK.
public final class PageCache: Sendable {
    /// Bytes the cache may hold.
    public let byteBudget: Int
    /// Bytes that row codes of segments read by pages may take in memory, beside the cache.
    public let codeByteBudget: Int
    private let shards: [Shard]
    private let reservedCodeByteCount = Atomic(0)

    /// Figures of the cache since it was made.
    public struct Counts: Hashable, Sendable {
        /// Blocks found.
        public var hitCount: UInt64 = 0
        /// Blocks that had to be read.
        public var missCount: UInt64 = 0
        /// Blocks given up for others.
        public var evictionCount: UInt64 = 0
        /// Bytes held now.
        public var byteCount = 0
    }

    /// What names a block.
    struct Key: Hashable {
        var file: FileID
        var section: UInt32
        var block: UInt32
    }

    fileprivate struct Slot {
        var key: Key
        var block: CachedBlock
        var isReferenced: Bool
    }

    fileprivate struct State {
        var slots: [Slot] = []
        var positions: [Key: Int] = [:]
        var hand = 0
        var counts = Counts()
    }

    fileprivate final class Shard: Sendable {
        let state = Mutex(State())
    }

    /// A cache of at most `byteBudget` bytes, and room for `codeByteBudget` bytes of row codes.
    public init(byteBudget: Int, codeByteBudget: Int = .max) {
        precondition(byteBudget >= 0 && codeByteBudget >= 0)
        self.byteBudget = byteBudget
        self.codeByteBudget = codeByteBudget
        // Small budgets stay in one piece, so that a block of the largest size still fits.
        shards = (0..<(byteBudget >= 64 << 20 ? 16 : 1)).map { _ in Shard() }
    }

    /// Figures of the cache, summed.
    public var counts: Counts {
        var sum = Counts()
        for shard in shards {
            let part = shard.state.withLock { $0.counts }
            sum.hitCount += part.hitCount
            sum.missCount += part.missCount
            sum.evictionCount += part.evictionCount
            sum.byteCount += part.byteCount
        }
        return sum
    }

    /// Room for row codes, held as long as it lives.
    final class CodeReservation: Sendable {
        private let cache: PageCache
        private let byteCount: Int

        fileprivate init(_ cache: PageCache, _ byteCount: Int) {
            self.cache = cache
            self.byteCount = byteCount
        }

        deinit { cache.reservedCodeByteCount.subtract(byteCount, ordering: .relaxed) }
    }

    /// Room for `byteCount` bytes of row codes; nil where the budget has none left.
    func reserveCodes(_ byteCount: Int) -> CodeReservation? {
        var used = reservedCodeByteCount.load(ordering: .relaxed)
        while byteCount <= codeByteBudget - used {
            let (done, found) = reservedCodeByteCount.compareExchange(
                expected: used, desired: used + byteCount, ordering: .relaxed)
            if done { return CodeReservation(self, byteCount) }
            used = found
        }
        return nil
    }

    /// The block `key`, from the cache or from `load`, which runs without any lock held.
    func block(
        _ key: Key, load: () throws(SegmentError) -> CachedBlock
    ) throws(SegmentError) -> CachedBlock {
        let shard = shard(of: key)
        if let found = shard.state.withLock({ $0.find(key) }) { return found }
        let loaded = try load()
        let limit = byteBudget / shards.count
        shard.state.withLock { $0.insert(key, loaded, limit: limit) }
        return loaded
    }

    /// Forgets every block of `file`.
    func removeAll(of file: FileID) {
        for shard in shards {
            shard.state.withLock { state in
                for index in state.slots.indices.reversed()
                where state.slots[index].key.file == file {
                    state.remove(at: index)
                }
            }
        }
    }

    private func shard(of key: Key) -> Shard {
        let mixed = splitMix64(key.file.rawValue ^ UInt64(key.section) << 32 ^ UInt64(key.block))
        return shards[Int(mixed % UInt64(shards.count))]
    }
}

extension PageCache.State {
    fileprivate mutating func find(_ key: PageCache.Key) -> CachedBlock? {
        guard let index = positions[key] else {
            counts.missCount += 1
            return nil
        }
        counts.hitCount += 1
        slots[index].isReferenced = true
        return slots[index].block
    }

    fileprivate mutating func insert(_ key: PageCache.Key, _ block: CachedBlock, limit: Int) {
        guard positions[key] == nil, block.byteCount <= limit else { return }
        while counts.byteCount + block.byteCount > limit { evict() }
        positions[key] = slots.count
        slots.append(PageCache.Slot(key: key, block: block, isReferenced: false))
        counts.byteCount += block.byteCount
    }

    /// Takes out the first block behind the hand that nobody has asked for since the hand last
    /// passed.
    private mutating func evict() {
        while true {
            if hand >= slots.count { hand = 0 }
            if slots[hand].isReferenced {
                slots[hand].isReferenced = false
                hand += 1
            } else {
                remove(at: hand)
                counts.evictionCount += 1
                return
            }
        }
    }

    fileprivate mutating func remove(at index: Int) {
        counts.byteCount -= slots[index].block.byteCount
        positions[slots[index].key] = nil
        let last = slots.removeLast()
        if index < slots.count {
            slots[index] = last
            positions[last.key] = index
        }
    }
}
