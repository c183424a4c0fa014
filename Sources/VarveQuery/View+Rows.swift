// Rows of a view by their places.

public import VarveFormat
import VarveMemtable
public import VarveSegment

extension View {
    /// The id of the row at `place`.
    public func id(of place: RowPlace) throws(SegmentError) -> RecordID {
        switch place {
        case .memtable(let index, let row): memtable(index).id(row)
        case .segment(let index, let row): try state.segments[index].reader.id(of: row)
        }
    }

    /// Calls `body` with the stored vector of the row at `place`.
    public func withVector(
        of place: RowPlace, _ body: (UnsafeRawBufferPointer) -> Void
    ) throws(SegmentError) {
        switch place {
        case .memtable(let index, let row): unsafe body(memtable(index).vector(row))
        case .segment(let index, let row):
            unsafe try state.segments[index].reader.withVector(row) {
                (bytes) throws(SegmentError) in
                unsafe body(bytes)
            }
        }
    }
}

extension View {
    /// The attribute record of the row at `place`, with the store's ids; empty where it has no
    /// attributes.
    public func attributeRecord(of place: RowPlace) throws(SegmentError) -> [UInt8] {
        switch place {
        case .memtable(let index, let row): unsafe [UInt8](memtable(index).attributes(row))
        case .segment(let index, let row):
            try state.segments[index].reader.attributeRecord(of: row)
        }
    }
}
