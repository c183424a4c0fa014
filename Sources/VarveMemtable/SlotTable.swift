// Open addressing for one writer and many readers: 64-bit slots, grown by publishing a larger
// block.

internal import Synchronization

/// A multimap from 32-bit keys to 32-bit values that readers probe without a lock.
///
/// A slot holds the key in its high half and the value in its low half; zero is an empty slot, so
/// key and value are never both zero. One writer at a time inserts and replaces; readers probe at
/// any moment and see every entry that was there when they, or whoever handed them their view, last
/// synchronised with the writer. A block that has become too small is kept until the table dies,
/// for the readers still in it.
@safe final class SlotTable: @unchecked Sendable {
    // Invariant for Sendable: readers touch only `current` and the atomic slots behind it;
    // everything else belongs to the one writer.

    typealias Slot = Atomic<UInt64>

    /// Slots in front of the first one of a block; the first of them holds the block's mask.
    private static let headerSlotCount = 8

    private let current: Atomic<UnsafeMutablePointer<Slot>>
    private var blocks: [UnsafeMutablePointer<Slot>] = unsafe []
    private var slotCount: Int
    /// Entries in the table.
    private(set) var count = 0
    /// Bytes of all blocks, the outgrown ones too.
    private(set) var byteCount: Int

    /// An empty table of `slotCount` slots, a power of two.
    init(slotCount: Int) {
        precondition(slotCount >= 4 && slotCount & (slotCount - 1) == 0, "a power of two")
        self.slotCount = slotCount
        byteCount = Self.blockByteCount(slotCount)
        let block = unsafe Self.makeBlock(slotCount)
        unsafe blocks.append(block)
        unsafe current = Atomic(block)
    }

    deinit {
        for index in unsafe blocks.indices { unsafe blocks[index].deallocate() }
    }

    /// Bytes of a block of `slotCount` slots.
    static func blockByteCount(_ slotCount: Int) -> Int {
        (slotCount + headerSlotCount) * MemoryLayout<Slot>.stride
    }

    /// Bytes the table would have in all after `added` more entries.
    func byteCount(afterAdding added: Int) -> Int {
        var bytes = byteCount
        var slots = slotCount
        while Self.isFull(entryCount: count + added, slotCount: slots) {
            slots *= 2
            bytes += Self.blockByteCount(slots)
        }
        return bytes
    }

    /// Adds an entry; the writer's.
    func insert(key: UInt32, value: UInt32) {
        if Self.isFull(entryCount: count + 1, slotCount: slotCount) { grow() }
        let block = unsafe blocks[blocks.count - 1]
        unsafe Self.place(UInt64(key) << 32 | UInt64(value), in: block)
        count += 1
    }

    /// Gives the entry at `position`, found by a cursor of this very moment, another value; the
    /// writer's.
    func replace(at position: Int, key: UInt32, value: UInt32) {
        let block = unsafe blocks[blocks.count - 1]
        // Safety: cursors give only positions inside the block.
        unsafe block[position].store(UInt64(key) << 32 | UInt64(value), ordering: .releasing)
    }

    /// A walk over the values of `key`.
    @inline(__always)
    func cursor(_ key: UInt32) -> Cursor {
        unsafe Cursor(block: current.load(ordering: .acquiring), key: key)
    }

    /// Calls `body` with the key and the value of every entry, in no useful order.
    func forEach(_ body: (UInt32, UInt32) -> Void) {
        let block = unsafe current.load(ordering: .acquiring)
        let end = unsafe Self.headerSlotCount + Int(block[0].load(ordering: .relaxed)) + 1
        for position in Self.headerSlotCount..<end {
            let word = unsafe block[position].load(ordering: .acquiring)
            if word != 0 { body(UInt32(word >> 32), UInt32(truncatingIfNeeded: word)) }
        }
    }

    // MARK: - Blocks

    /// More than two slots in three are taken.
    private static func isFull(entryCount: Int, slotCount: Int) -> Bool {
        entryCount * 3 > slotCount * 2
    }

    private static func makeBlock(_ slotCount: Int) -> UnsafeMutablePointer<Slot> {
        let byteCount = blockByteCount(slotCount)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        unsafe memory.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
        // Safety: an atomic of an integer has the integer's layout, and zero is a value of it.
        let block = unsafe memory.bindMemory(to: Slot.self, capacity: slotCount + headerSlotCount)
        unsafe block[0].store(UInt64(slotCount - 1), ordering: .relaxed)
        return unsafe block
    }

    /// Where probing for a key begins.
    @inline(__always)
    fileprivate static func home(_ key: UInt32, mask: Int) -> Int {
        Int((UInt64(key) &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    }

    /// Writes `word` into the first free slot of its probe sequence.
    @inline(__always)
    private static func place(
        _ word: UInt64, in block: UnsafeMutablePointer<Slot>
    ) {
        let mask = unsafe Int(block[0].load(ordering: .relaxed))
        var place = home(UInt32(word >> 32), mask: mask)
        while unsafe block[headerSlotCount + place].load(ordering: .relaxed) != 0 {
            place = (place + 1) & mask
        }
        unsafe block[headerSlotCount + place].store(word, ordering: .releasing)
    }

    private func grow() {
        slotCount *= 2
        byteCount += Self.blockByteCount(slotCount)
        let block = unsafe Self.makeBlock(slotCount)
        forEach { key, value in
            let word = UInt64(key) << 32 | UInt64(value)
            unsafe Self.place(word, in: block)
        }
        unsafe blocks.append(block)
        unsafe current.store(block, ordering: .releasing)
    }

    /// A walk over the values of one key.
    @safe struct Cursor {
        private let block: UnsafeMutablePointer<Slot>
        private let key: UInt32
        private let mask: Int
        private var place: Int

        @inline(__always)
        fileprivate init(block: UnsafeMutablePointer<Slot>, key: UInt32) {
            unsafe self.block = block
            self.key = key
            mask = unsafe Int(block[0].load(ordering: .relaxed))
            place = SlotTable.home(key, mask: mask)
        }

        /// The next value of the key and where it stands; nil after the last.
        @inline(__always)
        mutating func next() -> (value: UInt32, position: Int)? {
            while true {
                let position = SlotTable.headerSlotCount + place
                let word = unsafe block[position].load(ordering: .acquiring)
                if word == 0 { return nil }
                place = (place + 1) & mask
                if UInt32(word >> 32) == key {
                    return (UInt32(truncatingIfNeeded: word), position)
                }
            }
        }
    }
}
