// The order in which a merge goes through the rows: near ones together.

/// Rows in the order in which leaves name them first: those that look for neighbours before those
/// that do not.
///
/// What is done in this order touches near rows at about the same time, and any stretch of it can
/// be done alone, with memory for that stretch.
struct LeafOrder: Sendable {
    /// The rows by place.
    let rows: SharedWords
    /// The place of each row.
    let places: SharedWords
    /// How many rows look for neighbours: those of the first places.
    let queryCount: Int

    /// Rows in `retained` do not look for neighbours.
    init(leaves: Leaves, rowCount: Int, retained: Range<Int>) {
        // Not in memory that may leave: every offer asks for the place of some row.
        let places = SharedWords(count: rowCount, value: .max)
        let rows = SharedWords(count: rowCount)
        var count = 0
        for isQuery in [true, false] {
            for index in 0..<leaves.rows.count {
                let row = leaves.rows[index]
                guard places[Int(row)] == .max, retained.contains(Int(row)) != isQuery
                else { continue }
                // Safety: every row is below `rowCount`, and gets a place once.
                unsafe places.base[Int(row)] = UInt32(count)
                unsafe rows.base[count] = row
                count += 1
            }
        }
        precondition(count == rowCount, "every row is in a leaf")
        self.rows = rows
        self.places = places
        queryCount = rowCount - retained.count
    }
}
