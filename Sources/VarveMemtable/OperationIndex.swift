// The place of an operation among all operations of one memtable.

/// The number of an upsert or delete in its memtable, dense from zero in the order of writing.
public struct OperationIndex: Hashable, Comparable, Sendable {
    /// The place, counted from zero.
    public var rawValue: UInt32

    /// Names the operation at `rawValue`.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    public static func < (a: OperationIndex, b: OperationIndex) -> Bool {
        a.rawValue < b.rawValue
    }
}
