// Rows of 8-bit codes in memory, and the distances between them.

package import CKernels

/// A view of rows of 8-bit codes and their headers; it owns nothing.
///
/// Row *i* has its codes at `codes + i * codeStride` and its header at `rows + i * rowStride`; both
/// may lie in one record. Distances are squared L2 of the vectors the codes stand for (with their
/// lifts) and have the same bits on every machine, tier and thread. Reading is safe on any number
/// of threads.
@safe public struct ByteVectorTable: @unchecked Sendable {
    // Invariant for Sendable: the view never writes; whoever writes new rows publishes them before
    // their ordinals reach a reader.

    package let view: vk_byte_table
    package let kernels: UnsafePointer<vk_kernels>

    /// A view of rows at `codes` and `rows`, which outlive it.
    ///
    /// Every row has ``ByteRow/paddedCount(dimension:)`` bytes of codes, zeros behind the
    /// dimension; no alignment is needed for codes (64 is fastest), headers are aligned to 4.
    public init(
        codes: UnsafeRawPointer, codeStride: Int, rows: UnsafeRawPointer, rowStride: Int,
        dimension: Int, tier: KernelTier = .best
    ) {
        precondition((1...65_536).contains(dimension))
        let paddedCount = ByteRow.paddedCount(dimension: dimension)
        precondition(codeStride >= paddedCount && rowStride >= ByteRow.byteCount)
        // Safety: the caller promises rows of these strides; every access goes through ordinals it
        // gives.
        unsafe view = vk_byte_table(
            codes: codes.assumingMemoryBound(to: UInt8.self), code_stride: codeStride,
            rows: rows.assumingMemoryBound(to: UInt8.self), row_stride: rowStride,
            dimension: UInt32(dimension), padded_count: UInt32(paddedCount))
        unsafe kernels = unsafe tier.kernels
    }

    /// Components of a vector.
    public var dimension: Int { Int(unsafe view.dimension) }

    /// Bytes of codes of a row with the zeros behind them.
    public var paddedCount: Int { Int(unsafe view.padded_count) }

    /// The header of row `row`.
    public func row(_ row: UInt32) -> ByteRow {
        unsafe UnsafeRawPointer(view.rows).load(
            fromByteOffset: Int(row) * view.row_stride, as: ByteRow.self)
    }

    /// The codes of row `row`.
    public func codes(_ row: UInt32) -> UnsafePointer<UInt8> {
        unsafe view.codes + Int(row) * view.code_stride
    }

    /// The distance of two rows.
    public func distance(_ a: UInt32, _ b: UInt32) -> Float {
        var table = unsafe view
        return unsafe vk_byte_distance(kernels, &table, a, b)
    }

    /// The distances from row `row` to rows `ids[0..<count]`, later rows fetched ahead.
    public func distances(
        fromRow row: UInt32, to ids: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        var table = unsafe view
        var header = self.row(row).cRow
        unsafe vk_byte_distances(
            kernels, &table, &header, codes(row), ids, 0, count, distances)
    }

    /// The distances from `query` to rows `ids[0..<count]`, later rows fetched ahead.
    public func distances(
        from query: borrowing ByteVector, to ids: UnsafePointer<UInt32>, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        unsafe self.distances(
            from: query.row, codes: query.codes, to: ids, count: count, into: distances)
    }

    /// The distances from the vector of `header` and `codes` to rows `ids[0..<count]`.
    ///
    /// `codes` has ``paddedCount`` bytes, zeros behind the dimension.
    public func distances(
        from header: ByteRow, codes: UnsafePointer<UInt8>, to ids: UnsafePointer<UInt32>,
        count: Int, into distances: UnsafeMutablePointer<Float>
    ) {
        var table = unsafe view
        var header = header.cRow
        unsafe vk_byte_distances(kernels, &table, &header, codes, ids, 0, count, distances)
    }

    /// The distances from the vector of `header` and `codes` to the rows from `first` on.
    public func distances(
        from header: ByteRow, codes: UnsafePointer<UInt8>, toRowsFrom first: UInt32, count: Int,
        into distances: UnsafeMutablePointer<Float>
    ) {
        var table = unsafe view
        var header = header.cRow
        unsafe vk_byte_distances(kernels, &table, &header, codes, nil, first, count, distances)
    }
}
