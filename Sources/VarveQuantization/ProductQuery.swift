// A query made ready for product codes: what each value of each byte of a code is away from it.

internal import CKernels
package import VarveKernels

/// The look-up table of one query at a time, in memory it owns.
///
/// Distances are asymmetric: the query is exact, the rows are their codes. An entry is a whole
/// number of 16 bits under one scale, so sums are exact and the distances have the same bits on
/// every tier. Make one per thread and prepare it for each query; nothing is allocated after that.
@safe public final class ProductQuery {
    /// Bytes of a row's code.
    public let byteCount: Int
    private let padded: UnsafeMutableBufferPointer<Float>
    private let entries: UnsafeMutablePointer<Float>
    private let table: UnsafeMutablePointer<UInt16>
    private var scale = vk_product_scale(bias: 0, step: 0)

    /// A table for queries against codes of `shape`.
    public convenience init(shape: ProductShape) {
        self.init(byteCount: shape.byteCount, paddedCount: shape.paddedCount)
    }

    /// A table for codes of `byteCount` bytes that are prepared by their entries.
    package convenience init(byteCount: Int) {
        self.init(byteCount: byteCount, paddedCount: 1)
    }

    private init(byteCount: Int, paddedCount: Int) {
        self.byteCount = byteCount
        // Safety: all three live until deinit and have the room the kernels ask for.
        unsafe padded = .allocate(capacity: paddedCount)
        unsafe padded.initialize(repeating: 0)
        unsafe entries = .allocate(capacity: byteCount * 256)
        unsafe entries.initialize(repeating: 0, count: byteCount * 256)
        let count = vk_product_table_count(byteCount)
        unsafe table = .allocate(capacity: count)
        unsafe table.initialize(repeating: 0, count: count)
    }

    deinit {
        unsafe padded.deallocate()
        unsafe entries.deallocate()
        unsafe table.deallocate()
    }

    /// Becomes the table of `query`: as many finite components as the codebook's vectors have.
    public func prepare(_ query: UnsafePointer<Float>, codebook: ProductCodebook) {
        let shape = codebook.shape
        precondition(shape.byteCount == byteCount)
        precondition(unsafe shape.paddedCount == padded.count)
        for i in 0..<shape.dimension { unsafe padded[i] = unsafe query[i] }
        guard let vector = unsafe padded.baseAddress else { return }
        var cShape = shape.cShape
        unsafe vk_product_entries(&cShape, codebook.centroids, vector, entries)
        scale = unsafe vk_product_table(entries, byteCount, table)
    }

    /// Becomes the table of these entries: 256 finite ones for each byte of a code.
    package func prepare(entries: [Float]) {
        precondition(entries.count == byteCount * 256)
        scale = unsafe vk_product_table(entries, byteCount, table)
    }

    /// Writes the squared distances of `count` rows whose codes lie one behind the other.
    public func distances(
        codes: UnsafePointer<UInt8>, count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        unsafe self.distances(codes: codes, count: count, into: distances, tier: .best)
    }

    package func distances(
        codes: UnsafePointer<UInt8>, count: Int, into distances: UnsafeMutablePointer<Float>,
        tier: KernelTier
    ) {
        precondition(count >= 0)
        guard let kernels = unsafe vk_product_kernels_for(vk_tier(tier.rawValue)) else {
            preconditionFailure("this machine has no \(tier)")
        }
        unsafe kernels.pointee.scan(table, scale, codes, byteCount, count, distances)
    }
}
