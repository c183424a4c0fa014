// Distances from a float query to vectors as they are stored.

internal import CKernels

/// A reduction of a float query with stored vectors, on all element types.
///
/// Sums are kept in float32 in the order of the tier's vectors: results differ between tiers in the
/// last bits, never between threads. Whole numbers are exact while the sum stays below 2²⁴.
@safe public struct ExactDistance: @unchecked Sendable {
    // Invariant for Sendable: the kernels are a constant table.

    /// What is computed.
    public enum Reduction: UInt32, Hashable, Sendable, CaseIterable {
        /// The squared Euclidean distance.
        case squaredL2 = 0
        /// The inner product, not negated.
        case innerProduct = 1
    }

    /// What is computed.
    public let reduction: Reduction
    /// How the rows are stored.
    public let element: VectorElement
    /// Components of a vector.
    public let dimension: Int
    private let kernels: UnsafePointer<vk_kernels>

    /// A reduction over vectors of `dimension` components.
    public init(
        _ reduction: Reduction, element: VectorElement, dimension: Int, tier: KernelTier = .best
    ) {
        precondition((1...65_536).contains(dimension))
        self.reduction = reduction
        self.element = element
        self.dimension = dimension
        unsafe kernels = unsafe tier.kernels
    }

    /// Bytes of one row.
    public var rowByteCount: Int { dimension * element.byteCount }

    /// Reduces `query` with the one row at `row`, aligned to its element.
    public func callAsFunction(_ query: UnsafePointer<Float>, _ row: UnsafeRawPointer) -> Float {
        var result: Float = 0
        var row: UnsafeRawPointer = unsafe row
        unsafe vk_exact_reduce_pointers(
            kernels, element.cElement, vk_reduction(reduction.rawValue), query, dimension,
            &row, 1, &result)
        return result
    }

    /// Reduces `query` with `count` rows, `stride` bytes from one to the next.
    public func scan(
        _ query: UnsafePointer<Float>, base: UnsafeRawPointer, stride: Int, count: Int,
        into results: UnsafeMutablePointer<Float>
    ) {
        var table = unsafe self.table(base, stride)
        unsafe vk_exact_reduce(
            kernels, &table, vk_reduction(reduction.rawValue), query, nil, 0, count, results)
    }

    /// Reduces `query` with rows `ids[0..<count]` of those at `base`, later rows fetched ahead.
    public func gather(
        _ query: UnsafePointer<Float>, base: UnsafeRawPointer, stride: Int,
        ids: UnsafePointer<UInt32>, count: Int, into results: UnsafeMutablePointer<Float>
    ) {
        var table = unsafe self.table(base, stride)
        unsafe vk_exact_reduce(
            kernels, &table, vk_reduction(reduction.rawValue), query, ids, 0, count, results)
    }

    /// Reduces `query` with `count` rows wherever they lie, later rows fetched ahead.
    public func gather(
        _ query: UnsafePointer<Float>, rows: UnsafePointer<UnsafeRawPointer>, count: Int,
        into results: UnsafeMutablePointer<Float>
    ) {
        unsafe vk_exact_reduce_pointers(
            kernels, element.cElement, vk_reduction(reduction.rawValue), query, dimension,
            rows, count, results)
    }

    private func table(_ base: UnsafeRawPointer, _ stride: Int) -> vk_exact_table {
        unsafe vk_exact_table(
            base: base.assumingMemoryBound(to: UInt8.self), stride: stride,
            dimension: UInt32(dimension), element: element.cElement)
    }
}
