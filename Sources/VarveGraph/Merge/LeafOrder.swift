// The order in which a merge goes through the rows: near ones together.

/// Rows in the order in which leaves name them first: those that look for neighbours before those
/// that do not.
///
/// What is done in this order touches near rows at about the same time, and any stretch of it can
/// be done alone, with memory for that stretch.
struct LeafOrder: Sendable {
    /// The rows by place.
    let rows: [UInt32]
    /// The place of each row.
    let places: [UInt32]
    /// How many rows look for neighbours: those of the first places.
    let queryCount: Int

    /// Rows in `retained` do not look for neighbours.
    init(leaves: RowGroups, rowCount: Int, retained: Range<Int>) {
        var places = [UInt32](repeating: .max, count: rowCount)
        var rows: [UInt32] = []
        rows.reserveCapacity(rowCount)
        for isQuery in [true, false] {
            for row in leaves.rows where places[Int(row)] == .max {
                guard retained.contains(Int(row)) != isQuery else { continue }
                places[Int(row)] = UInt32(rows.count)
                rows.append(row)
            }
        }
        precondition(rows.count == rowCount, "every row is in a leaf")
        self.rows = rows
        self.places = places
        queryCount = rowCount - retained.count
    }
}
