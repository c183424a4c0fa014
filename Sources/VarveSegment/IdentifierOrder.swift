// The ids of a segment about to be written, in order.

import VarveFormat

/// All ids of some rows, checked and sorted.
///
/// Memory: 12 bytes a row for numbers; texts are kept whole until the segment is written.
struct IdentifierOrder {
    /// How the ids can be stored.
    let kind: SegmentDescription.IdentifierKind
    /// Ordinals in the order of their ids.
    let sorted: [UInt32]
    /// A filter that knows every id.
    let filter: IdentifierFilter

    /// Reads every id once; refuses invalid ids and two rows with the same id.
    init(of rows: any SegmentRows) throws(SegmentError) {
        var numbers: [UInt64] = []
        var others: [RecordID] = []
        var filter = IdentifierFilter(rowCount: rows.rowCount)
        numbers.reserveCapacity(rows.rowCount)
        for row in 0..<rows.rowCount {
            let id = try rows.id(RowOrdinal(UInt32(row)))
            guard id.isValid else {
                throw .invalidRows("the id of row \(row) has no bytes or too many")
            }
            filter.insert(hash: id.stableHash64)
            if others.isEmpty, case .number(let number) = id {
                numbers.append(number)
                continue
            }
            if others.isEmpty {
                others.reserveCapacity(rows.rowCount)
                others = numbers.map { .number($0) }
                numbers = []
            }
            others.append(id)
        }
        self.filter = filter
        var order = (0..<UInt32(rows.rowCount)).map { $0 }
        if others.isEmpty {
            kind = .numbers
            order.sort { numbers[Int($0)] < numbers[Int($1)] }
            try Self.refuseRepeats(order) { numbers[$0] == numbers[$1] }
        } else {
            kind = .tagged
            order.sort { others[Int($0)] < others[Int($1)] }
            // Not `==`: it would take texts of the same characters in other bytes for one id.
            try Self.refuseRepeats(order) { !(others[$0] < others[$1]) }
        }
        sorted = order
    }

    private static func refuseRepeats(
        _ order: [UInt32], _ areSame: (Int, Int) -> Bool
    ) throws(SegmentError) {
        for index in order.indices.dropFirst() {
            let (a, b) = (Int(order[index - 1]), Int(order[index]))
            if areSame(a, b) { throw .invalidRows("rows \(a) and \(b) have the same id") }
        }
    }
}
