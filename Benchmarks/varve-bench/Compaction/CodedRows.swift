// Rows of a file as 8-bit codes in memory, in any order: what graphs are built over.

import Glibc
import VarveFormat
import VarveKernels
import VarveStorage

/// Some rows of a file, encoded once and then only read.
@safe final class CodedRows: @unchecked Sendable {
    // Invariant for Sendable: written in init only.

    /// The row of the file that each row here is.
    let baseRows: [UInt32]
    let dimension: Int
    private let stride: Int
    private let codes: MemoryRegion
    private let headers: MemoryRegion

    /// Encodes all rows of `base` in the order of the file.
    init(_ base: MatrixFile, metric: Metric) throws {
        baseRows = (0..<UInt32(base.rowCount)).map { $0 }
        dimension = base.columnCount
        stride = ByteRow.paddedCount(dimension: base.columnCount)
        codes = try MemoryRegion(byteCount: max(1, base.rowCount * stride), hugePages: true)
        headers = try MemoryRegion(byteCount: max(1, base.rowCount * ByteRow.byteCount))
        let encoder = ByteEncoder(dimension: base.columnCount)
        var norms = [Float](repeating: 0, count: metric == .innerProduct ? base.rowCount : 0)
        for row in 0..<base.rowCount {
            let vector = prepared(base.floats(row), metric)
            let place = unsafe codes.baseAddress + row * stride
            let bytes = unsafe place.assumingMemoryBound(to: UInt8.self)
            let header: ByteRow
            if base.element == .uint8 && metric != .cosine {
                let whole = vector.map { UInt8($0) }
                header = unsafe encoder.encode(whole, into: bytes)
            } else {
                header = unsafe encoder.encode(vector, into: bytes)
            }
            setHeader(header, row)
            if metric == .innerProduct { norms[row] = vector.reduce(0) { $0 + $1 * $1 } }
        }
        let longest = norms.max() ?? 0
        for row in norms.indices {
            var header = table.row(UInt32(row))
            header.lift = max(0, longest - norms[row]).squareRoot()
            setHeader(header, row)
        }
    }

    /// The rows `rows` of `other`, in that order.
    init(_ rows: [UInt32], of other: CodedRows) throws {
        baseRows = rows.map { other.baseRows[Int($0)] }
        dimension = other.dimension
        stride = other.stride
        codes = try MemoryRegion(byteCount: max(1, rows.count * stride), hugePages: true)
        headers = try MemoryRegion(byteCount: max(1, rows.count * ByteRow.byteCount))
        for (row, old) in rows.enumerated() {
            unsafe (codes.baseAddress + row * stride).copyMemory(
                from: other.table.codes(old), byteCount: stride)
            setHeader(other.table.row(old), row)
        }
    }

    var rowCount: Int { baseRows.count }

    /// All rows.
    var table: ByteVectorTable { table(from: 0) }

    /// The rows from `first` on, which become rows 0, 1, ….
    func table(from first: Int) -> ByteVectorTable {
        // Safety: the regions live as long as this object.
        unsafe ByteVectorTable(
            codes: codes.baseAddress + first * stride, codeStride: stride,
            rows: headers.baseAddress + first * ByteRow.byteCount, rowStride: ByteRow.byteCount,
            dimension: dimension)
    }

    private func setHeader(_ header: ByteRow, _ row: Int) {
        unsafe (headers.baseAddress + row * ByteRow.byteCount).storeBytes(
            of: header, as: ByteRow.self)
    }
}

/// A vector as the graph's geometry wants it.
func prepared(_ vector: [Float], _ metric: Metric) -> [Float] {
    guard metric == .cosine else { return vector }
    let norm = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return norm > 0 ? vector.map { $0 / norm } : vector
}
