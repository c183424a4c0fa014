// What goes into a merge, and where it comes out.

public import VarveFormat
public import VarveSegment

/// A segment that is to be merged, and the rows of it that are left behind.
public struct MergeInput: Sendable {
    /// The segment, open for searches; the merge maps the open file once more for itself, so that
    /// the file may lose its name meanwhile.
    public var reader: SegmentReader
    /// What the manifest says about it.
    public var record: SegmentRecord
    /// Rows that are not copied: deleted when the merge began, or expired.
    public var dropped: RowSet

    /// An input of these parts.
    public init(reader: SegmentReader, record: SegmentRecord, dropped: RowSet) {
        self.reader = reader
        self.record = record
        self.dropped = dropped
    }

    /// Rows that are copied.
    public var keptRowCount: Int { record.rowCount - dropped.count }
}

/// Where the rows of a merge's sources stand in its output.
public struct MergedOrdinals: Sendable {
    /// By source, in the order of the inputs: the output's ordinal by the source's.
    private var places: [[UInt32]]

    /// The places of rows that follow each other in the order of inputs and ordinals.
    init(_ inputs: [MergeInput]) {
        var next: UInt32 = 0
        places = inputs.map { input in
            var places = [UInt32](repeating: .max, count: input.record.rowCount)
            let dropped = input.dropped.bitWords(rowCount: places.count)
            for row in places.indices where dropped[row / 64] >> UInt64(row % 64) & 1 == 0 {
                places[row] = next
                next += 1
            }
            return places
        }
    }

    /// The place in the output of a row of input number `input`; nil if it was not copied.
    public func place(of row: RowOrdinal, input: Int) -> RowOrdinal? {
        let place = places[input][row.index]
        return place == .max ? nil : RowOrdinal(place)
    }

    /// Gives every row the place that `order` gives it: new row *i* is what was row `order[i]`.
    mutating func reorder(by order: [UInt32]) {
        var moved = [UInt32](repeating: .max, count: order.count)
        for (new, old) in order.enumerated() { moved[Int(old)] = UInt32(new) }
        for input in places.indices {
            for row in places[input].indices where places[input][row] != .max {
                places[input][row] = moved[Int(places[input][row])]
            }
        }
    }
}
