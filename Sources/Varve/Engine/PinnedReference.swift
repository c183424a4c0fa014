// A reference that many threads read without a lock while one replaces it.

import Synchronization
import VarveStorage

/// A strong reference that is read without a lock and replaced atomically.
///
/// A reader announces the object it is about to retain in a slot, checks that it is still the
/// current one, retains it and clears the slot. Whoever replaces the object waits until no slot
/// names the old one before it gives up its own reference. (Hazard pointers after Michael, 2004,
/// held only for the retain itself: some nanoseconds.)
///
/// One object must not be stored twice. ``load()`` may be called from any thread; ``store(_:)`` by
/// one at a time.
@safe final class PinnedReference<Object: AnyObject & Sendable>: @unchecked Sendable {
    // Invariant for Sendable: `word` holds a reference of our own to the current object, and every
    // other reference to it is counted by ARC.

    private static var slotCount: Int { 64 }
    /// The address of the current object.
    private let word: Atomic<UInt>
    /// Addresses that readers are about to retain; zero where free, one where claimed.
    private let slots: [Slot]

    private final class Slot: Sendable {
        let address = Atomic<UInt>(0)
        // A slot has a cache line to itself, so that readers do not take it from each other.
        let padding: (UInt64, UInt64, UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0, 0, 0)
    }

    init(_ object: Object) {
        word = Atomic(Self.retainedAddress(of: object))
        slots = (0..<Self.slotCount).map { _ in Slot() }
    }

    deinit { Self.release(word.load(ordering: .acquiring)) }

    /// The current object, kept alive for the caller.
    func load() -> Object {
        let slot = claimSlot()
        while true {
            let address = word.load(ordering: .sequentiallyConsistent)
            slot.address.store(address, ordering: .sequentiallyConsistent)
            guard word.load(ordering: .sequentiallyConsistent) == address else { continue }
            let object = Self.retained(address)
            slot.address.store(0, ordering: .releasing)
            return object
        }
    }

    /// Makes `object` current; the old one lives on with those who loaded it.
    func store(_ object: Object) {
        let new = Self.retainedAddress(of: object)
        let old = word.exchange(new, ordering: .sequentiallyConsistent)
        precondition(old != new, "one object must not be stored twice")
        for slot in slots {
            var spinCount = 0
            while slot.address.load(ordering: .sequentiallyConsistent) == old {
                spinCount += 1
                // The reader has lost its processor between two instructions.
                if spinCount > 1_000 { pauseForOtherThread() }
            }
        }
        Self.release(old)
    }

    private func claimSlot() -> Slot {
        var index = Self.startIndex()
        while true {
            let slot = slots[index & (Self.slotCount - 1)]
            if slot.address.load(ordering: .relaxed) == 0,
                slot.address.compareExchange(
                    expected: 0, desired: 1, ordering: .acquiring
                ).exchanged
            {
                return slot
            }
            index &+= 1
        }
    }

    /// Where a thread starts to look for a slot: its stack stands elsewhere than other threads'.
    private static func startIndex() -> Int {
        var marker: UInt8 = 0
        let address = unsafe withUnsafePointer(to: &marker) { UInt(bitPattern: $0) }
        return Int((address >> 16) & 63)
    }

    // Not inlined, so that the retain cannot be moved behind the clearing of the slot.
    @inline(never)
    private static func retained(_ address: UInt) -> Object {
        // Safety: the object was current after its address stood in the slot, so whoever replaces
        // it waits for the slot before releasing it.
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else {
            preconditionFailure("no object is stored")
        }
        return unsafe Unmanaged<Object>.fromOpaque(pointer).retain().takeRetainedValue()
    }

    private static func retainedAddress(of object: Object) -> UInt {
        unsafe UInt(bitPattern: Unmanaged.passRetained(object).toOpaque())
    }

    private static func release(_ address: UInt) {
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return }
        unsafe Unmanaged<Object>.fromOpaque(pointer).release()
    }
}
