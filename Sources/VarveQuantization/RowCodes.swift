// 4-bit codes of rows, relative to the mean of all: what a scan reads instead of vectors.

internal import CKernels
public import VarveKernels

/// A view of the 4-bit codes of rows, in groups of 16; it owns nothing.
///
/// Group *g* holds rows 16 *g* to 16 *g* + 15: factors A (32 bytes, float16), factors B (32) and
/// the interleaved codes. Estimated squared distances carry no bias; their relative error falls
/// with the root of the dimension.
@safe public struct RowCodes: @unchecked Sendable {
    // Invariant for Sendable: the view never writes.

    private let base: UnsafeRawPointer
    /// Rows there are codes of.
    public let rowCount: Int
    /// The shape of the codes.
    public let shape: CodeShape
    /// What the factors are relative to.
    public let unit: Float

    /// Rows of one group.
    public static let groupRowCount = 16
    static let factorBytes = 64

    /// Bytes of a group of 16 rows, a multiple of 64.
    public static func groupByteCount(shape: CodeShape) -> Int {
        factorBytes + shape.groupCodeByteCount
    }

    /// Groups `rowCount` rows fill.
    public static func groupCount(rowCount: Int) -> Int {
        (rowCount + groupRowCount - 1) / groupRowCount
    }

    /// A view of the groups at `base` (aligned to 2; 64 is fastest), which outlive it.
    public init(base: UnsafeRawPointer, rowCount: Int, shape: CodeShape, unit: Float) {
        // Safety: the caller promises all groups of rowCount rows; accesses are checked against
        // them.
        unsafe self.base = base
        self.rowCount = rowCount
        self.shape = shape
        self.unit = unit
    }

    /// Writes the estimated squared distances of the rows of `groups` to the query `table` was
    /// prepared with: 16 a group; those of rows behind the last mean nothing.
    public func scan(
        _ groups: Range<Int>, _ query: QueryTable, into distances: UnsafeMutablePointer<Float>
    ) {
        precondition(groups.lowerBound >= 0)
        precondition(groups.upperBound <= Self.groupCount(rowCount: rowCount))
        precondition(query.rotation.shape == shape)
        let kernels = CodeKernels.best
        let table = query.view
        let groupByteCount = Self.groupByteCount(shape: shape)
        unsafe withUnsafeTemporaryAllocation(of: Int32.self, capacity: 16) { sums in
            guard let sums = sums.baseAddress else { return }
            var target = unsafe distances
            for group in groups {
                let start = unsafe base + group * groupByteCount
                unsafe kernels.table.pointee.scan_group(
                    (start + Self.factorBytes).assumingMemoryBound(to: UInt8.self),
                    table.entries, UInt32(shape.subspaceCount), sums)
                unsafe kernels.table.pointee.estimate(
                    query.centredNorm, unit * unit, table.step * unit,
                    start.assumingMemoryBound(to: UInt16.self),
                    (start + 32).assumingMemoryBound(to: UInt16.self), sums, target)
                unsafe target += Self.groupRowCount
            }
        }
    }

    /// The estimated squared distance of one row: the same bits as a scan gives, for the price of a
    /// few rows.
    public func estimate(_ row: Int, _ query: QueryTable) -> Float {
        precondition(row >= 0 && row < rowCount && query.rotation.shape == shape)
        let (group, lane) = row.quotientAndRemainder(dividingBy: Self.groupRowCount)
        let start = unsafe base + group * Self.groupByteCount(shape: shape)
        let sum = unsafe vk_scan_lane(
            (start + Self.factorBytes).assumingMemoryBound(to: UInt8.self), query.view.entries,
            UInt32(shape.subspaceCount), UInt32(lane))
        let a = unsafe Float(start.loadUnaligned(fromByteOffset: lane * 2, as: Float16.self))
        let b = unsafe Float(start.loadUnaligned(fromByteOffset: 32 + lane * 2, as: Float16.self))
        let fixed = query.centredNorm + (unit * unit) * a
        return fixed + b * ((query.view.step * unit) * Float(sum))
    }
}
