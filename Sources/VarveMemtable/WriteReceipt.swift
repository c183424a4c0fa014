// What a write tells the one who made it.

public import VarveFormat

/// The operation a write became, and what it found of its id.
public struct WriteReceipt: Hashable, Sendable {
    /// What the memtable knew of an id before a write to it.
    public enum Prior: Hashable, Sendable {
        /// Nothing: an older memtable or a segment may hold the id, and the caller marks it there.
        case unseen
        /// A live row, which the write has superseded. Older sources were dealt with when it was
        /// written.
        case superseded(RowOrdinal)
        /// A delete. Older sources were dealt with then.
        case deleted
    }

    /// The operation's place; marks that belong to the write carry it.
    public var operation: OperationIndex
    /// What the write found.
    public var prior: Prior
    /// The new row; nil for a delete.
    public var row: RowOrdinal?

    /// A receipt of these parts.
    public init(operation: OperationIndex, prior: Prior, row: RowOrdinal?) {
        self.operation = operation
        self.prior = prior
        self.row = row
    }
}

/// What a memtable says about an id at a view.
public enum MemtableLookup: Hashable, Sendable {
    /// The memtable has never seen the id: older sources decide.
    case absent
    /// The id was deleted here: whatever older sources say is masked.
    case deleted
    /// The row that holds the id.
    case row(RowOrdinal)
}
