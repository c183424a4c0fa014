// Codes of rows as scans and walks read them.

package import CKernels

/// A view of the codes of the rows of a segment; it owns nothing.
///
/// A row's code is the direction from the centre of its list to the row, rotated: four bits for
/// each sub-space, and two factors that make estimates of squared distances without bias. Rows lie
/// in groups of 16: their factors (8 bytes each), then their codes.
@safe public struct RowCodes: @unchecked Sendable {
    // Invariant for Sendable: the view never writes.

    package let view: vk_row_codes
    /// The shape of the codes.
    public let shape: CodeShape

    /// Rows of a group.
    public static let groupRowCount = 16
    /// Bytes before the code of a row: factor A, factor B (float16), list (u32).
    public static let factorByteCount = 8

    /// Bytes of a group of 16 rows.
    public static func groupByteCount(shape: CodeShape) -> Int {
        groupRowCount * (factorByteCount + shape.rowCodeByteCount)
    }

    /// Groups `rowCount` rows fill.
    public static func groupCount(rowCount: Int) -> Int {
        (rowCount + groupRowCount - 1) / groupRowCount
    }

    /// A view of the groups at `base` (aligned to 8; 64 is fastest), which outlive it.
    public init(base: UnsafeRawPointer, rowCount: Int, shape: CodeShape, unit: Float) {
        // Safety: the caller promises all groups of rowCount rows, and lists that exist.
        unsafe view = vk_row_codes(
            groups: base.assumingMemoryBound(to: UInt8.self),
            row_bytes: UInt32(shape.rowCodeByteCount), row_count: UInt32(rowCount),
            subspace_dims: UInt32(shape.subspaceDimension), unit: unit)
        self.shape = shape
    }

    /// Rows there are codes of.
    public var rowCount: Int { Int(unsafe view.row_count) }

    /// The list of a row.
    public func list(of row: Int) -> UInt32 {
        precondition(row >= 0 && row < rowCount)
        return unsafe withUnsafePointer(to: view) { codes in
            unsafe vk_row_factors_of(codes, UInt32(row)).pointee.list
        }
    }

    /// The rows of one list whose estimated squared distances are below `limit`, where the centre
    /// of the list is `base` away from the query.
    package func scan(
        _ rows: Range<Int>, _ query: RowCodeQuery, base: Float, limit: Float = .infinity,
        tier: KernelTier = .best
    ) -> [(row: UInt32, distance: Float)] {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount)
        var found = [UInt32](repeating: 0, count: rows.count)
        var distances = [Float](repeating: 0, count: rows.count)
        let count = unsafe scan(
            rows, query, base: base, limit: limit, tier: tier, rows: &found,
            distances: &distances)
        return zip(found, distances).prefix(count).map { ($0, $1) }
    }

    /// Writes the rows of one list that are nearer than `limit` and their estimated squared
    /// distances, and gives how many; both have room for all of `rows`.
    package func scan(
        _ rows: Range<Int>, _ query: RowCodeQuery, base: Float, limit: Float = .infinity,
        tier: KernelTier = .best, rows found: UnsafeMutablePointer<UInt32>,
        distances: UnsafeMutablePointer<Float>
    ) -> Int {
        precondition(rows.lowerBound >= 0 && rows.upperBound <= rowCount)
        let kernels = unsafe vk_row_kernels_for(vk_tier(tier.rawValue))
        var (codes, rotated) = unsafe (view, query.view)
        return unsafe kernels?.pointee.scan(
            &codes, &rotated, UInt32(rows.lowerBound), UInt32(rows.count), base, limit,
            distances, found) ?? 0
    }

    /// The estimated squared distances of rows, where `bases` has the distance of each list's
    /// centre.
    package func estimates(
        _ rows: [UInt32], _ query: RowCodeQuery, bases: [Float], tier: KernelTier = .best
    ) -> [Float] {
        precondition(rows.allSatisfy { $0 < UInt32(rowCount) })
        var distances = [Float](repeating: 0, count: rows.count)
        let kernels = unsafe vk_row_kernels_for(vk_tier(tier.rawValue))
        var (codes, rotated) = unsafe (view, query.view)
        unsafe kernels?.pointee.gather(
            &codes, &rotated, rows, rows.count, bases, &distances)
        return distances
    }
}
