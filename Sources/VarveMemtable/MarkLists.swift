// The mark tables of a memtable, one for each older source that has a mark.

internal import Synchronization
internal import VarveFormat

/// A list of mark tables that only grows: one writer adds, readers walk it without a lock.
@safe final class MarkLists: @unchecked Sendable {
    // Invariant for Sendable: readers touch only `head` and what it leads to, which is immutable or
    // made for them; `newest` and the counts are the writer's.

    private let head = unsafe Atomic<UnsafeRawPointer?>(nil)
    /// Holds the whole list: every table holds the one before it.
    private var newest: MarkTable?

    /// Bytes of all tables; the writer's.
    var byteCount: Int {
        var sum = 0
        forEach { sum += $0.byteCount }
        return sum
    }

    /// Bytes of all tables if `added` more marks came, all of them into the largest growth step.
    func byteCount(afterAdding added: Int) -> Int {
        if added == 0 { return byteCount }
        var sum = 0
        var growth = SlotTable(slotCount: 64).byteCount(afterAdding: added)
        forEach {
            sum += $0.byteCount
            growth = max(growth, $0.byteCount(afterAdding: added) - $0.byteCount)
        }
        return sum + growth
    }

    /// The table of `source`; nil if no row of it was ever marked.
    func table(of source: SegmentID) -> MarkTable? {
        var found: MarkTable?
        forEach { if $0.source == source { found = $0 } }
        return found
    }

    /// The table of `source`, made if need be; the writer's.
    func makeTable(of source: SegmentID) -> MarkTable {
        if let table = table(of: source) { return table }
        let table = MarkTable(source: source, next: newest)
        publish(table)
        return table
    }

    /// Puts a filled table in front of the list; the writer's.
    func publish(_ table: MarkTable) {
        newest = table
        // Safety: the list holds the table for as long as itself.
        let address = unsafe UnsafeRawPointer(Unmanaged.passUnretained(table).toOpaque())
        unsafe head.store(address, ordering: .releasing)
    }

    func forEach(_ body: (MarkTable) -> Void) {
        guard let first = unsafe head.load(ordering: .acquiring) else { return }
        // Safety: only `publish` stores here, and the list holds every table it was given.
        var table: MarkTable? = unsafe Unmanaged<MarkTable>.fromOpaque(first)
            .takeUnretainedValue()
        while let current = table {
            body(current)
            table = current.next
        }
    }
}
