// The order in which the rows of a segment are written, and the lists they are written in.

/// Rows in an order that keeps near ones together, cut into lists of near rows.
///
/// A list is a run of ordinals, so whatever is stored by ordinal is contiguous for a list, and rows
/// of one page are near each other. The order depends on the vectors, the page size and the seed
/// alone, not on threads or the processor. A value that belongs to no file: whoever numbers rows
/// anew, in a flush, a load or a merge, applies it to everything that goes by row.
public struct RowOrder: Hashable, Sendable {
    /// The source row of each ordinal: every row once.
    public let rows: [UInt32]
    /// Where each list begins, ascending, and behind them the number of rows; no list is empty.
    public let listStarts: [UInt32]

    /// An order of these parts.
    init(rows: [UInt32], listStarts: [UInt32]) {
        self.rows = rows
        self.listStarts = listStarts
    }

    /// `rowCount` rows as they are, in one list.
    public init(unchanged rowCount: Int) {
        rows = (0..<UInt32(rowCount)).map { $0 }
        listStarts = rowCount > 0 ? [0, UInt32(rowCount)] : [0]
    }

    /// Lists there are.
    public var listCount: Int { listStarts.count - 1 }

    /// The ordinals of a list.
    public func list(_ index: Int) -> Range<Int> {
        Int(listStarts[index])..<Int(listStarts[index + 1])
    }

    /// The ordinal of each source row.
    public func ordinals() -> [UInt32] {
        var ordinals = [UInt32](repeating: 0, count: rows.count)
        for (ordinal, row) in rows.enumerated() { ordinals[Int(row)] = UInt32(ordinal) }
        return ordinals
    }

    /// Brings records that lie by source row into this order, in place: record *i* becomes the one
    /// of `rows[i]`.
    ///
    /// - Parameter base: A record of `stride` bytes for every row.
    /// - Complexity: Each record is moved once; memory for one record and a bit a row.
    public func apply(toRecordsAt base: UnsafeMutableRawPointer, stride: Int) {
        guard rows.count > 1, stride > 0 else { return }
        var isDone = [Bool](repeating: false, count: rows.count)
        let kept = UnsafeMutableRawPointer.allocate(byteCount: stride, alignment: 64)
        defer { unsafe kept.deallocate() }
        // Safety: every ordinal and row is below the number of records, each `stride` bytes.
        for start in rows.indices where !isDone[start] {
            guard Int(rows[start]) != start else { continue }
            unsafe kept.copyMemory(from: base + start * stride, byteCount: stride)
            var place = start
            while true {
                isDone[place] = true
                let source = Int(rows[place])
                if source == start { break }
                unsafe (base + place * stride).copyMemory(
                    from: base + source * stride, byteCount: stride)
                place = source
            }
            unsafe (base + place * stride).copyMemory(from: kept, byteCount: stride)
        }
    }

    /// The elements of an array that lies by source row, in this order.
    public func applied<Element>(to elements: [Element]) -> [Element] {
        precondition(elements.count == rows.count, "an element for every row")
        return rows.map { elements[Int($0)] }
    }
}
