// The table of vectors as the C loops take it.

internal import CKernels
package import VarveKernels

/// A table of 8-bit vectors at an address that C can keep.
@safe package final class GraphSpace: @unchecked Sendable {
    // Invariant for Sendable: nothing here changes after init.

    let table: ByteVectorTable
    let pointer: UnsafeMutablePointer<vg_space>
    private let view: UnsafeMutablePointer<vk_byte_table>

    package init(_ table: ByteVectorTable) {
        self.table = table
        unsafe view = .allocate(capacity: 1)
        unsafe view.initialize(to: table.view)
        unsafe pointer = .allocate(capacity: 1)
        unsafe pointer.initialize(to: vg_space(kernels: table.kernels, table: view))
    }

    deinit {
        unsafe pointer.deallocate()
        unsafe view.deallocate()
    }

    /// The vector of a row.
    func point(_ row: UInt32) -> vg_point {
        let table = unsafe view.pointee
        let header = unsafe table.rows + Int(row) * table.row_stride
        return unsafe vg_point(
            code: table.codes + Int(row) * table.code_stride,
            row: UnsafeRawPointer(header).assumingMemoryBound(to: vk_byte_row.self))
    }
}
