// The 8-bit codes of rows, as the graph and the scans see them.

package import VarveFormat
internal import VarveGraph
package import VarveKernels

/// Turns stored vectors into codes, with memory of its own for the floats in between; for one
/// thread.
@safe package final class RowEncoding {
    private let schema: Schema
    private let encoder: ByteEncoder
    private let element: VectorElement
    private let floats: UnsafeMutablePointer<Float>

    /// An encoding of the vectors of `schema`.
    package init(schema: Schema) {
        self.schema = schema
        encoder = ByteEncoder(dimension: schema.dimension)
        element = schema.elementType.vectorElement
        unsafe floats = UnsafeMutablePointer<Float>.allocate(capacity: schema.dimension)
        unsafe floats.initialize(repeating: 0, count: schema.dimension)
    }

    deinit { unsafe floats.deallocate() }

    /// Encodes a stored vector, without its lift; `codes` may be the vector itself if it is its own
    /// code.
    package func encode(_ vector: UnsafeRawPointer, into codes: UnsafeMutableRawPointer) -> ByteRow
    {
        let codes = unsafe codes.assumingMemoryBound(to: UInt8.self)
        switch element {
        case .uint8:
            return unsafe encoder.encode(vector.assumingMemoryBound(to: UInt8.self), into: codes)
        case .int8:
            return unsafe encoder.encode(vector.assumingMemoryBound(to: Int8.self), into: codes)
        case .float32:
            return unsafe encoder.encode(vector.assumingMemoryBound(to: Float.self), into: codes)
        case .float16:
            unsafe VectorConversion.widen(
                vector, count: schema.dimension, from: element, into: floats)
            return unsafe encoder.encode(floats, into: codes)
        }
    }

    /// The squared norm of a stored vector.
    package func squaredNorm(_ vector: UnsafeRawPointer) -> Double {
        unsafe VectorConversion.widen(
            vector, count: schema.dimension, from: element, into: floats)
        return unsafe VectorConversion.squaredNorm(floats, count: schema.dimension)
    }
}

extension Memtable {
    /// How much longer than the longest vector of the first batch the lifted vectors are.
    ///
    /// Under inner product a row is lifted by one component, the square root of M² − |x|², so that
    /// all rows have length M and the nearest one by L2 has the largest product. M is fixed by the
    /// first batch that has rows (hence by the operations alone) as this much times its largest
    /// norm. Later vectors that are longer get a lift of zero: the walk finds them a little too far
    /// away, the exact distances that rank results are not concerned.
    static var liftMargin: Double { 1.1 }

    /// Encodes the rows of the batch that is about to be published.
    func encodeUnpublishedRows() {
        let batch = writer.publishedRowCount..<writer.rowCount
        guard !batch.isEmpty else { return }
        for row in batch {
            unsafe rows.byteRows[row] = encoding.encode(rows.vector(row), into: rows.codes(row))
        }
        if schema.metric == .innerProduct { lift(batch) }
    }

    private func lift(_ batch: Range<Int>) {
        if writer.liftedNorm2 == nil {
            let largest = batch.reduce(0) { unsafe max($0, encoding.squaredNorm(rows.vector($1))) }
            writer.liftedNorm2 = largest * Self.liftMargin * Self.liftMargin
        }
        guard let norm2 = writer.liftedNorm2 else { return }
        for row in batch {
            let rest = unsafe norm2 - encoding.squaredNorm(rows.vector(row))
            unsafe rows.byteRows[row].lift = Float(max(0, rest).squareRoot())
        }
    }
}
