// One bit a row.

/// A set of rows as a bitmap that counts its members.
struct RowBits {
    private var words: [UInt64]
    /// Rows in the set.
    private(set) var count = 0

    /// No rows, of `rowCount`.
    init(rowCount: Int) { words = [UInt64](repeating: 0, count: (rowCount + 63) / 64) }

    /// Whether `row` is in the set.
    func contains(_ row: UInt32) -> Bool { words[Int(row >> 6)] >> UInt64(row & 63) & 1 == 1 }

    /// Adds `row`; false if it was there.
    @discardableResult
    mutating func insert(_ row: UInt32) -> Bool {
        guard !contains(row) else { return false }
        words[Int(row >> 6)] |= 1 << UInt64(row & 63)
        count += 1
        return true
    }
}
