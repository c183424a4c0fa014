// Searchers that wait to be used again.

import Synchronization
import VarveFormat
import VarveQuery

/// Searchers of one schema, taken and given back without a lock.
///
/// As many are kept as there are slots; where more threads search at once, the rest are made and
/// dropped.
@safe final class SearcherPool: @unchecked Sendable {
    // Invariant for Sendable: a searcher is either named by one slot, which owns it, or used by one
    // thread.

    private let schema: Schema
    private let slots: [Slot]

    private final class Slot: Sendable {
        let address = Atomic<UInt>(0)
    }

    init(schema: Schema, slotCount: Int = 32) {
        self.schema = schema
        slots = (0..<slotCount).map { _ in Slot() }
    }

    deinit {
        for slot in slots { _ = Self.takeObject(slot) }
    }

    /// Lends a searcher to `body`.
    func withSearcher<R, E: Error>(_ body: (Searcher) throws(E) -> R) throws(E) -> R {
        let searcher = take()
        defer { giveBack(searcher) }
        return try body(searcher)
    }

    private func take() -> Searcher {
        for slot in slots {
            if let searcher = Self.takeObject(slot) { return searcher }
        }
        return Searcher(schema: schema)
    }

    private func giveBack(_ searcher: Searcher) {
        // Safety: the slot owns the reference made here until someone takes it out again.
        let reference = unsafe Unmanaged.passRetained(searcher)
        let address = unsafe UInt(bitPattern: reference.toOpaque())
        for slot in slots {
            let outcome = slot.address.compareExchange(
                expected: 0, desired: address, ordering: .acquiringAndReleasing)
            if outcome.exchanged { return }
        }
        unsafe reference.release()
    }

    private static func takeObject(_ slot: Slot) -> Searcher? {
        guard slot.address.load(ordering: .relaxed) != 0 else { return nil }
        let address = slot.address.exchange(0, ordering: .acquiringAndReleasing)
        guard let pointer = unsafe UnsafeRawPointer(bitPattern: address) else { return nil }
        return unsafe Unmanaged<Searcher>.fromOpaque(pointer).takeRetainedValue()
    }
}
