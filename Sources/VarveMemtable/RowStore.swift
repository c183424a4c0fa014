// The rows' vectors, codes and life spans in memory that never moves.

internal import Synchronization
internal import VarveFormat
internal import VarveKernels
internal import VarveStorage

/// Where the parts of each row lie: one writer fills rows in order, readers read those of their
/// view.
@safe struct RowStore {
    /// Stands for a row that no operation has superseded.
    static let live = UInt32.max

    /// Bytes of a row besides vector and codes.
    static let metadataByteCount =
        MemoryLayout<ByteRow>.stride + 2 * MemoryLayout<UInt32>.stride

    /// The vectors as the schema stores them.
    let vectors: UnsafeMutableRawPointer
    /// The 8-bit codes; the vectors themselves where those are their own codes.
    let codes: UnsafeMutableRawPointer
    /// What turns codes into vectors again.
    let byteRows: UnsafeMutablePointer<ByteRow>
    /// The operation that wrote each row.
    let operations: UnsafeMutablePointer<UInt32>
    /// The operation that superseded each row, or ``live``.
    let supersededBy: UnsafeMutablePointer<Atomic<UInt32>>
    let capacity: MemtableCapacity

    /// A store in zeroed memory that outlives it.
    init(
        capacity: MemtableCapacity, vectors: MemoryRegion, codes: MemoryRegion?,
        byteRows: MemoryRegion, operations: MemoryRegion, supersededBy: MemoryRegion
    ) {
        let count = capacity.rowCount
        self.capacity = capacity
        unsafe self.vectors = vectors.baseAddress
        unsafe self.codes = (codes ?? vectors).baseAddress
        unsafe self.byteRows = byteRows.baseAddress.bindMemory(to: ByteRow.self, capacity: count)
        unsafe self.operations = operations.baseAddress.bindMemory(to: UInt32.self, capacity: count)
        unsafe self.supersededBy =
            supersededBy.baseAddress.bindMemory(to: Atomic<UInt32>.self, capacity: count)
    }

    /// Bytes of the vector of the row at `index`.
    @inline(__always)
    func vector(_ index: Int) -> UnsafeMutableRawPointer {
        precondition(index >= 0 && index < capacity.rowCount, "a row out of range")
        return unsafe vectors + index * capacity.vectorStride
    }

    /// The codes of the row at `index`.
    @inline(__always)
    func codes(_ index: Int) -> UnsafeMutableRawPointer {
        precondition(index >= 0 && index < capacity.rowCount, "a row out of range")
        return unsafe codes + index * capacity.codeStride
    }

    /// The codes of all rows, as kernels and graph read them.
    func byteVectors(_ schema: Schema) -> ByteVectorTable {
        // Safety: the memory lives as long as the memtable, and only written rows are asked for.
        unsafe ByteVectorTable(
            codes: codes, codeStride: capacity.codeStride, rows: byteRows,
            rowStride: ByteRow.byteCount, dimension: schema.dimension)
    }

    /// Whether the row at `index`, one of the view's rows, is not superseded in the view.
    @inline(__always)
    func isVisible(_ index: Int, operationCount: Int) -> Bool {
        precondition(index >= 0 && index < capacity.rowCount, "a row out of range")
        // Safety: just checked. Relaxed is enough: whoever gave the view its operation count made
        // the stores of those operations visible, and later ones do not count.
        return unsafe Int(supersededBy[index].load(ordering: .relaxed)) >= operationCount
    }
}
