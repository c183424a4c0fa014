// What a reader knows of a log before it reads it, and what it knows afterwards.

/// What a log must be, by what names it.
public struct LogExpectation: Hashable, Sendable {
    /// How the log may end.
    public enum Ending: Hashable, Sendable {
        /// It is the newest of the store: a crash may have torn its end. `syncedByteCount` is what
        /// is known from elsewhere to have been durable; zero if nothing is.
        case newest(syncedByteCount: UInt64 = 0)
        /// A later log has this prologue, whose predecessor is this log: it ends where that says.
        case before(LogPrologue)
    }

    /// The store it belongs to.
    public var store: StoreID
    /// Its number.
    public var number: LogNumber
    /// How it may end.
    public var ending: Ending

    /// An expectation of these parts.
    public init(store: StoreID, number: LogNumber, ending: Ending) {
        self.store = store
        self.number = number
        self.ending = ending
    }

    /// What the next log says of this one, if there is a next one.
    var successorFacts: LogPredecessor? {
        switch ending {
        case .newest: nil
        case .before(let prologue): prologue.predecessor
        }
    }
}

/// How a log ends.
public enum LogVerdict: Hashable, Sendable {
    /// An end record, and nothing behind it.
    case sealed
    /// The last record is whole, and behind it are only zeros or nothing.
    case cleanEnd
    /// A write that was never acknowledged as durable is incomplete at this offset.
    case tornTail(at: UInt64)
}
