// The rows at both ends of the edges that are being encoded.

internal import VarveKernels
internal import VarveStorage

/// Rows as edges are encoded from them: their 8-bit codes, and those of the rotated rows.
///
/// Edges go anywhere. Where the tables may leave the process's memory, going along edges would
/// bring all of their pages back again and again; so the rows that some thousand blocks need are
/// copied first, in the order of the table, and edges are encoded from the copies.
@safe struct EdgeRows: Sendable {
    let table: ByteVectorTable
    let rotated: RotatedRows
    private let copies: RowCopies?

    /// All rows, where they are.
    init(_ table: ByteVectorTable, _ rotated: RotatedRows) {
        self.table = table
        self.rotated = rotated
        copies = nil
    }

    /// Copies of the rows that are `marked`.
    init(
        copying marked: RowMarks, of table: ByteVectorTable, _ rotated: RotatedRows,
        memory: WorkingMemory, runtime: any Runtime, threadCount: Int
    ) {
        let copies = RowCopies(
            marked, of: table, memory: memory, runtime: runtime, threadCount: threadCount)
        self.copies = copies
        self.table = copies.table
        self.rotated = RotatedRows(
            copying: marked, of: rotated, memory: memory, runtime: runtime,
            threadCount: threadCount)
    }

    /// Where row `row` stands in both tables; it must be marked.
    func place(of row: Int) -> Int { copies?.marks.rank(of: row) ?? row }
}

/// A set of rows that knows how many of them are below any row.
struct RowMarks: Sendable {
    private var words: [UInt64]
    private var ranks: [UInt32] = []
    /// The rows, ascending; once they are counted.
    private(set) var rows: [UInt32] = []

    /// None of `rowCount` rows.
    init(rowCount: Int) { words = [UInt64](repeating: 0, count: (rowCount + 63) / 64) }

    /// Adds a row; before they are counted.
    mutating func insert(_ row: Int) { words[row / 64] |= 1 << UInt64(row % 64) }

    /// Counts the rows; none is added afterwards.
    mutating func count() {
        ranks.reserveCapacity(words.count)
        for (index, word) in words.enumerated() {
            ranks.append(UInt32(rows.count))
            var rest = word
            while rest != 0 {
                rows.append(UInt32(index * 64 + rest.trailingZeroBitCount))
                rest &= rest - 1
            }
        }
    }

    /// How many rows are below `row`, which is one of them.
    func rank(of row: Int) -> Int {
        let word = words[row / 64]
        let bit = UInt64(row % 64)
        precondition(word >> bit & 1 == 1, "the row is marked")
        return Int(ranks[row / 64]) + (word & (1 << bit - 1)).nonzeroBitCount
    }
}

extension WorkingMemory {
    /// Rows copied between two looks at how much memory is in use.
    private static let copiedRowCount = 4_096

    /// Calls `body` with stretches of the places of `marks`, on all threads, and gives memory back
    /// as it goes.
    func copy(
        _ marks: RowMarks, runtime: any Runtime, threadCount: Int,
        _ body: @Sendable (_ place: Int, _ row: Int) -> Void
    ) {
        inStretches(of: 0..<marks.rows.count, length: Self.copiedRowCount) { stretch in
            let partRowCount = 256
            runtime.parallel(
                count: (stretch.count + partRowCount - 1) / partRowCount, threadCount: threadCount
            ) { part in
                let first = stretch.lowerBound + part * partRowCount
                for place in first..<min(stretch.upperBound, first + partRowCount) {
                    body(place, Int(marks.rows[place]))
                }
            }
        }
    }
}

/// Copies of some rows of a table of 8-bit codes.
@safe private final class RowCopies: @unchecked Sendable {
    // Invariant for Sendable: written by init alone, where every row is written by one thread.

    let marks: RowMarks
    let table: ByteVectorTable
    private let region: MemoryRegion

    init(
        _ marks: RowMarks, of table: ByteVectorTable, memory: WorkingMemory,
        runtime: any Runtime, threadCount: Int
    ) {
        self.marks = marks
        let count = marks.rows.count
        let stride = table.paddedCount
        let region = WorkingMemory.process.region(
            byteCount: max(1, count * (stride + ByteRow.byteCount)))
        self.region = region
        // Safety: the region has room for codes and headers of all rows, and lives as long as this
        // object; codes are multiples of 64 bytes, so the headers behind them are aligned.
        let codes = unsafe region.baseAddress
        let headers = unsafe codes + count * stride
        unsafe self.table = ByteVectorTable(
            codes: codes, codeStride: stride, rows: headers, rowStride: ByteRow.byteCount,
            dimension: table.dimension)
        let destination = unsafe CopyDestination(codes: codes, headers: headers)
        memory.copy(marks, runtime: runtime, threadCount: threadCount) { place, row in
            unsafe (destination.codes + place * stride).copyMemory(
                from: table.codes(UInt32(row)), byteCount: stride)
            unsafe destination.headers.storeBytes(
                of: table.row(UInt32(row)), toByteOffset: place * ByteRow.byteCount,
                as: ByteRow.self)
        }
    }
}

/// Where the threads of a copy write, each to rows of its own.
@safe private struct CopyDestination: @unchecked Sendable {
    // Invariant for Sendable: no two threads are given the same row.
    let codes: UnsafeMutableRawPointer
    let headers: UnsafeMutableRawPointer
}
