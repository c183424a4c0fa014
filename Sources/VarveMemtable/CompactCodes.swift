// Codes of some rows of a memtable, copied together.

internal import VarveFormat
internal import VarveGraph
internal import VarveKernels
internal import VarveStorage

/// The codes of chosen rows one behind the other, in memory of their own.
@safe final class CompactCodes: @unchecked Sendable {
    // Invariant for Sendable: written by one thread, before anyone else has the table.

    let table: ByteVectorTable
    private let codes: MemoryRegion
    private let byteRows: MemoryRegion
    private let stride: Int

    /// Copies the codes of `rows`.
    init(_ memtable: Memtable, rows: [UInt32]) throws(StorageError) {
        let source = memtable.rows
        stride = memtable.capacity.codeStride
        codes = try MemoryRegion(byteCount: max(rows.count, 1) * stride)
        byteRows = try MemoryRegion(byteCount: max(rows.count, 1) * ByteRow.byteCount)
        // Safety: both regions have room for as many rows, and the rows are the memtable's.
        for (ordinal, row) in rows.enumerated() {
            unsafe (codes.baseAddress + ordinal * stride)
                .copyMemory(from: source.codes(Int(row)), byteCount: stride)
            unsafe (byteRows.baseAddress + ordinal * ByteRow.byteCount)
                .copyMemory(from: source.byteRows + Int(row), byteCount: ByteRow.byteCount)
        }
        table = unsafe ByteVectorTable(
            codes: codes.baseAddress, codeStride: stride, rows: byteRows.baseAddress,
            rowStride: ByteRow.byteCount, dimension: memtable.schema.dimension)
    }

    /// Brings the copies into `order`, which is one of all of them.
    func apply(_ order: RowOrder) {
        unsafe order.apply(toRecordsAt: codes.baseAddress, stride: stride)
        unsafe order.apply(toRecordsAt: byteRows.baseAddress, stride: ByteRow.byteCount)
    }
}
