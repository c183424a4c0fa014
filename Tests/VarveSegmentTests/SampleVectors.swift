// 8-bit vectors of sample rows, and graphs over them.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveSegment
import VarveStorage

/// The rows of a sample as a table of 8-bit vectors.
@safe final class SampleVectors: @unchecked Sendable {
    // Invariant for Sendable: written in init only.

    let table: ByteVectorTable
    /// The squared norm that vectors are lifted to; zero except under inner product.
    let liftNorm2: Float
    private let codes: UnsafeMutableRawPointer
    private let headers: UnsafeMutablePointer<ByteRow>

    init(_ rows: SampleRows) {
        let schema = rows.schema
        let stride = ByteRow.paddedCount(dimension: schema.dimension)
        unsafe codes = .allocate(byteCount: rows.rowCount * stride, alignment: 64)
        unsafe headers = .allocate(capacity: rows.rowCount)
        let encoder = ByteEncoder(dimension: schema.dimension)
        for row in 0..<rows.rowCount {
            let place = unsafe (codes + row * stride)
                .bindMemory(to: UInt8.self, capacity: stride)
            let bytes = rows.vectors[row]
            unsafe headers[row] =
                switch schema.elementType {
                case .uint8: unsafe encoder.encode(bytes, into: place)
                case .int8: unsafe encoder.encode(bytes.map { Int8(bitPattern: $0) }, into: place)
                default: unsafe encoder.encode(SampleVector.floats(bytes, schema), into: place)
                }
        }
        var largest: Float = 0
        if schema.metric == .innerProduct {
            for row in 0..<rows.rowCount { largest = max(largest, unsafe headers[row].norm2) }
            for row in 0..<rows.rowCount {
                unsafe headers[row].lift = (largest - headers[row].norm2).squareRoot()
            }
        }
        liftNorm2 = largest
        table = unsafe ByteVectorTable(
            codes: codes, codeStride: stride, rows: headers, rowStride: ByteRow.byteCount,
            dimension: schema.dimension)
    }

    deinit {
        unsafe codes.deallocate()
        unsafe headers.deallocate()
    }

    /// A finished graph over all rows.
    func graph(rowCount: Int, maxDegree: Int, threadCount: Int) throws -> Adjacency {
        var parameters = GraphParameters()
        parameters.maxDegree = maxDegree
        let graph = try GrowingGraph(table: table, capacity: rowCount, parameters: parameters)
        let runtime = TestRuntime()
        graph.insert(upTo: rowCount, runtime: runtime, threadCount: threadCount)
        return graph.finish(rowCount: rowCount, runtime: runtime, threadCount: threadCount)
    }
}
