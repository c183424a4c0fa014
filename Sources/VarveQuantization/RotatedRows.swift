// All rows of a table rotated once, kept as 8-bit codes, for encoders that need every row many
// times.

internal import CKernels
internal import VarveKernels
internal import VarveStorage

/// The rotated rows of a table, one byte a component.
///
/// A rotated row is coded as any row is: relative to its own range. What that loses is far below
/// what 4-bit codes lose, and one byte a component is what the vectors themselves take.
@safe final class RotatedRows: @unchecked Sendable {
    // Invariant for Sendable: written by init alone, where every row is written by one thread.

    private let codes: UnsafeMutablePointer<UInt8>
    private let rows: UnsafeMutablePointer<ByteRow>
    private let count: Int
    private let kernels: CodeKernels
    private let region: MemoryRegion

    init(
        _ table: ByteVectorTable, rowCount: Int, rotation: Rotation, memory: WorkingMemory,
        runtime: any Runtime, threadCount: Int
    ) {
        let shape = rotation.shape
        let count = shape.rotatedCount
        self.count = count
        kernels = .best
        // Headers come first, which are aligned whatever the number of components.
        let headerByteCount = rowCount * ByteRow.byteCount
        region = memory.region(byteCount: max(1, headerByteCount + rowCount * count))
        // Safety: the region has room for both and lives as long as this object.
        unsafe rows = unsafe region.baseAddress.bindMemory(to: ByteRow.self, capacity: rowCount)
        unsafe codes = unsafe (region.baseAddress + headerByteCount).bindMemory(
            to: UInt8.self, capacity: rowCount * count)
        let destination = unsafe RowDestination(codes: codes, rows: rows)
        let chunkRowCount = 512
        memory.inStretches(of: 0..<(rowCount + chunkRowCount - 1) / chunkRowCount, length: 16) {
            stretch in
            runtime.parallel(count: stretch.count, threadCount: threadCount) { index in
                let chunk = stretch.lowerBound + index
                let encoder = ByteEncoder(dimension: count)
                let source = RowSource(table, shape: shape)
                unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: count) { rotated in
                    guard let rotated = rotated.baseAddress else { return }
                    let first = chunk * chunkRowCount
                    for row in first..<min(rowCount, first + chunkRowCount) {
                        unsafe rotation.apply(source.decode(UInt32(row)), into: rotated)
                        unsafe (destination.rows + row).initialize(
                            to: encoder.encode(rotated, into: destination.codes + row * count))
                    }
                }
            }
        }
    }

    /// Copies of the rows of `other` that are marked, in their order.
    init(
        copying marks: RowMarks, of other: RotatedRows, memory: WorkingMemory,
        runtime: any Runtime, threadCount: Int
    ) {
        let (count, rowCount) = (other.count, marks.rows.count)
        self.count = count
        kernels = other.kernels
        let headerByteCount = rowCount * ByteRow.byteCount
        region = WorkingMemory.process.region(
            byteCount: max(1, headerByteCount + rowCount * count))
        // Safety: the region has room for both and lives as long as this object.
        unsafe rows = unsafe region.baseAddress.bindMemory(to: ByteRow.self, capacity: rowCount)
        unsafe codes = unsafe (region.baseAddress + headerByteCount).bindMemory(
            to: UInt8.self, capacity: rowCount * count)
        let destination = unsafe RowDestination(codes: codes, rows: rows)
        memory.copy(marks, runtime: runtime, threadCount: threadCount) { place, row in
            unsafe (destination.rows + place).initialize(to: other.rows[row])
            unsafe (destination.codes + place * count).update(
                from: other.codes + row * count, count: count)
        }
    }

    /// Has the codes of rows `list[0..<count]` fetched, for the decoding that follows.
    func prefetch(_ list: UnsafePointer<UInt32>, count: Int) {
        for index in 0..<count {
            let row = Int(unsafe list[index])
            unsafe vk_prefetch_bytes(codes + row * self.count, self.count)
        }
    }

    /// Writes the components of rotated row `row`.
    func decode(_ row: Int, into rotated: UnsafeMutablePointer<Float>) {
        let header = unsafe rows[row]
        unsafe kernels.table.pointee.decode_bytes(
            header.lo, header.delta, codes + row * count, count, rotated)
    }
}

/// Where the threads of a pass write, each to rows of its own.
@safe private struct RowDestination: @unchecked Sendable {
    // Invariant for Sendable: no two threads are given the same row.
    let codes: UnsafeMutablePointer<UInt8>
    let rows: UnsafeMutablePointer<ByteRow>
}

/// Rows of a table as floats, the lift last where the shape has room for it.
@safe final class RowSource {
    private let table: ByteVectorTable
    private let isLifted: Bool
    private let vector: UnsafeMutablePointer<Float>
    private let kernels = CodeKernels.best

    init(_ table: ByteVectorTable, shape: CodeShape) {
        precondition(shape.dimension - table.dimension <= 1)
        self.table = table
        isLifted = shape.dimension > table.dimension
        unsafe vector = .allocate(capacity: shape.dimension)
    }

    deinit { unsafe vector.deallocate() }

    /// Row `row`, valid until the next is decoded.
    func decode(_ row: UInt32) -> UnsafePointer<Float> {
        let header = table.row(row)
        unsafe kernels.table.pointee.decode_bytes(
            header.lo, header.delta, table.codes(row), table.dimension, vector)
        if isLifted { unsafe vector[table.dimension] = header.lift }
        return unsafe UnsafePointer(vector)
    }
}

extension Rotation {
    /// Rows whose mean stands for that of all.
    static let meanSampleCount = 16_384

    /// The mean of up to 16,384 rows spread over the table, summed in double precision in the order
    /// of rows.
    static func mean(of table: ByteVectorTable, rowCount: Int, shape: CodeShape) -> [Float] {
        let sampleCount = min(rowCount, meanSampleCount)
        guard sampleCount > 0 else { return [Float](repeating: 0, count: shape.dimension) }
        let source = RowSource(table, shape: shape)
        var sums = [Double](repeating: 0, count: shape.dimension)
        for sample in 0..<sampleCount {
            let vector = unsafe source.decode(UInt32(sample * rowCount / sampleCount))
            for i in sums.indices { sums[i] += Double(unsafe vector[i]) }
        }
        return sums.map { Float($0 / Double(sampleCount)) }
    }
}
