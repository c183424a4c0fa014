// The rows of one older source that operations of this memtable have deleted.

internal import Synchronization
public import VarveFormat

/// The deleted rows of one older memtable or segment, each with the operation that deleted it.
///
/// Readers ask without a lock while the one writer adds. A mark counts at a view if its operation
/// is one of the view's.
public final class MarkTable: Sendable {
    /// The memtable or segment whose rows are marked.
    public let source: SegmentID
    private let slots = SlotTable(slotCount: 64)
    /// Marks in the table, those of operations not visible yet included.
    private let published = Atomic<Int>(0)
    /// The table of the source that was there before; set before readers see this one.
    let next: MarkTable?

    init(source: SegmentID, next: MarkTable?) {
        self.source = source
        self.next = next
    }

    /// Bytes the table takes.
    var byteCount: Int { slots.byteCount }

    /// Bytes the table would take after `added` more marks.
    func byteCount(afterAdding added: Int) -> Int { slots.byteCount(afterAdding: added) }

    /// Marks a row, unless it is marked already; the writer's.
    func insert(_ ordinal: RowOrdinal, _ operation: OperationIndex) {
        precondition(ordinal.rawValue < .max, "a row ordinal out of range")
        let key = ordinal.rawValue + 1
        var cursor = slots.cursor(key)
        guard let known = cursor.next() else {
            slots.insert(key: key, value: operation.rawValue)
            published.store(slots.count, ordering: .releasing)
            return
        }
        if operation.rawValue < known.value {
            slots.replace(at: known.position, key: key, value: operation.rawValue)
        }
    }

    /// Marks so far, those of operations that no view shows yet included; zero means none at any
    /// view.
    public var count: Int { published.load(ordering: .acquiring) }

    /// Whether the row at `ordinal` was deleted by one of the first `operationCount` operations.
    @inline(__always)
    public func isMarked(_ ordinal: RowOrdinal, operationCount: Int) -> Bool {
        var cursor = slots.cursor(ordinal.rawValue &+ 1)
        guard let found = cursor.next() else { return false }
        return Int(found.value) < operationCount
    }

    /// The rows deleted by the first `operationCount` operations, in ordinal order.
    ///
    /// Costs a walk over the table and a sort.
    public func marks(operationCount: Int) -> [Mark] {
        var marks: [Mark] = []
        slots.forEach { key, value in
            if Int(value) < operationCount {
                marks.append(
                    Mark(ordinal: RowOrdinal(key - 1), operation: OperationIndex(value)))
            }
        }
        return marks.sorted { $0.ordinal < $1.ordinal }
    }

    /// How many rows the first `operationCount` operations deleted.
    ///
    /// Costs a walk over the table.
    public func count(operationCount: Int) -> Int {
        var count = 0
        slots.forEach { _, value in
            if Int(value) < operationCount { count += 1 }
        }
        return count
    }
}

/// A deleted row of an older source.
public struct Mark: Hashable, Sendable {
    /// The row, in its source.
    public var ordinal: RowOrdinal
    /// The operation that deleted it, in the memtable that holds the mark.
    public var operation: OperationIndex
}
