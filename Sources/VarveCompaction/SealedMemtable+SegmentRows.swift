// A sealed memtable as rows about to become a segment.

public import VarveFormat
public import VarveMemtable
public import VarveSegment

extension SealedMemtable: SegmentRows {
    public func id(_ ordinal: RowOrdinal) throws(SegmentError) -> RecordID {
        view.id(row(ordinal))
    }

    public func withVector(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        unsafe body(vector(ordinal))
    }

    public func withAttributes(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        unsafe body(attributes(ordinal))
    }
}
