// A rotated query as signed bytes, for codes of rows.

package import CKernels

/// A query made ready for row codes, in memory it owns.
///
/// Make one per thread and prepare it for each query; nothing is allocated after that.
@safe public final class RowCodeQuery {
    /// The shape of the codes it is for.
    public let shape: CodeShape
    private let values: UnsafeMutablePointer<Int8>
    /// The query; valid until the next is prepared.
    package private(set) var view: vk_row_query

    /// A query of zeros.
    public init(shape: CodeShape) {
        self.shape = shape
        let count =
            Int(vk_row_query_stride(UInt32(shape.rowCodeByteCount))) * 2 * shape.subspaceDimension
        // Safety: the memory lives until deinit and has the room vk_row_prepare asks for.
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 64)
        unsafe values = unsafe memory.bindMemory(to: Int8.self, capacity: count)
        unsafe values.initialize(repeating: 0, count: count)
        unsafe view = vk_row_query(values: values, offset: 0, step: 0)
    }

    deinit { unsafe values.deallocate() }

    /// Becomes the query of these `shape.rotatedCount` rotated components.
    public func prepare(rotated: UnsafePointer<Float>) {
        var cShape = shape.cShape
        unsafe vk_row_prepare(&cShape, rotated, values, &view)
    }
}
