// What each operation of a memtable did: its id, the version before it, the row it wrote.

internal import VarveFormat

/// One operation: an upsert that wrote a row, or a delete.
struct Operation {
    /// The previous operation's stand-in where there is none, and the row's where a delete wrote
    /// none.
    static let none = UInt32.max

    /// Where the record with the operation's id begins in the arena.
    var recordOffset: UInt64
    /// The operation on the same id before this one, or ``none``.
    var previous: UInt32
    /// The row an upsert wrote, or ``none`` for a delete.
    var row: UInt32
    /// Rows written up to and including this operation.
    var rowCount: UInt32
    /// Rows not superseded after this operation.
    var liveRowCount: UInt32
}

/// The operations of a memtable in memory that never moves: one writer appends, readers read what
/// was published.
@safe struct OperationLog {
    private let base: UnsafeMutablePointer<Operation>
    private let capacity: Int

    /// A log in zeroed memory for `capacity` operations.
    init(base: UnsafeMutableRawPointer, capacity: Int) {
        unsafe self.base = base.bindMemory(to: Operation.self, capacity: capacity)
        self.capacity = capacity
    }

    /// The operation at `index`.
    ///
    /// Readable by a reader whose view holds the operation, or who met its number in the id table.
    @inline(__always)
    subscript(_ index: Int) -> Operation {
        get {
            precondition(index >= 0 && index < capacity, "an operation out of range")
            return unsafe base[index]
        }
        nonmutating set {
            precondition(index >= 0 && index < capacity, "a memtable's operation log is full")
            unsafe base[index] = newValue
        }
    }
}
