// Codes one node's neighbours; the memory one thread needs for that.

internal import CKernels
internal import VarveKernels

/// Codes directions between rotated rows into the lanes of groups; one thread's memory.
@safe final class NodeCoder {
    private let shape: CodeShape
    private var cShape: vk_code_shape
    private let unit: Float
    private let kernels = CodeKernels.best
    private let origin: UnsafeMutablePointer<Float>
    private let target: UnsafeMutablePointer<Float>
    private let scratch: UnsafeMutablePointer<Float>
    private let codes: UnsafeMutablePointer<UInt8>

    init(shape: CodeShape, unit: Float) {
        self.shape = shape
        self.unit = unit
        cShape = shape.cShape
        // Safety: all four have the room the kernels ask for and live until deinit.
        unsafe origin = .allocate(capacity: shape.rotatedCount)
        unsafe target = .allocate(capacity: shape.rotatedCount)
        unsafe scratch = .allocate(capacity: shape.rotatedCount)
        unsafe codes = .allocate(capacity: shape.subspaceCount)
    }

    deinit {
        unsafe origin.deallocate()
        unsafe target.deallocate()
        unsafe scratch.deallocate()
        unsafe codes.deallocate()
    }

    /// The parts of a group that one lane is written to.
    @safe struct Group {
        let a: UnsafeMutablePointer<UInt16>
        let b: UnsafeMutablePointer<UInt16>
        let codes: UnsafeMutablePointer<UInt8>

        /// The parts that begin at these offsets behind `base`.
        init(_ base: UnsafeMutableRawPointer, a: Int, b: Int, codes: Int) {
            unsafe self.a = (base + a).assumingMemoryBound(to: UInt16.self)
            unsafe self.b = (base + b).assumingMemoryBound(to: UInt16.self)
            unsafe self.codes = (base + codes).assumingMemoryBound(to: UInt8.self)
        }
    }

    /// Makes `row` the row that directions start from.
    func begin(at row: Int, of rows: RotatedRows) { unsafe rows.decode(row, into: origin) }

    /// Codes the way from the origin to `row`, `norm2` long, into lane `lane`.
    func encode(_ row: Int, of rows: RotatedRows, norm2: Float, lane: Int, group: Group) {
        unsafe rows.decode(row, into: target)
        unsafe finish(origin: origin, target: target, norm2: norm2, lane: lane, group: group)
    }

    private func finish(
        origin: UnsafePointer<Float>?, target: UnsafePointer<Float>, norm2: Float, lane: Int,
        group: Group
    ) {
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 2) { products in
            guard let products = products.baseAddress else { return }
            unsafe kernels.table.pointee.encode_direction(
                &cShape, origin, target, scratch, codes, products)
            unsafe vk_code_factors(
                &cShape, norm2, products, unit, group.a + lane, group.b + lane)
        }
        unsafe vk_pack_lane(codes, cShape.subspace_count, UInt32(lane), group.codes)
    }
}
