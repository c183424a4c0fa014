// Where a builder takes its rows from.

public import VarveFormat

/// Rows about to become a segment: a sealed memtable, or the inputs of a merge.
///
/// Ordinals are dense from zero and already in the order the segment shall have. All calls may be
/// made from any thread, and give the same answer every time.
public protocol SegmentRows: Sendable {
    /// Rows there are.
    var rowCount: Int { get }
    /// The id of a row; no two rows have the same.
    func id(_ ordinal: RowOrdinal) throws(SegmentError) -> RecordID
    /// Calls `body` once with the vector of a row as it shall be stored: `schema.vectorByteCount`
    /// bytes.
    func withVector(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError)
    /// Calls `body` once with the attribute record of a row; no bytes where it has no attributes.
    func withAttributes(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError)
}
