// Makes 4-bit codes of rows.

public import VarveKernels
public import VarveStorage

/// Encodes the rows of a table as 4-bit codes relative to their mean.
///
/// The bytes depend on the rows and the rotation alone. Takes about half a microsecond a row and
/// thread.
public struct RowCodeEncoder: Sendable {
    /// The rotation of the vectors, around their mean.
    public let rotation: Rotation
    /// What the factors are relative to: the root mean square distance of sampled rows to the mean.
    public let unit: Float
    private let table: ByteVectorTable
    private let rowCount: Int

    /// An encoder of `rowCount` rows of `table`; the rotation has a shape of their dimension, or of
    /// one more under a lift.
    public init(table: ByteVectorTable, rowCount: Int, rotation: Rotation) {
        self.table = table
        self.rowCount = rowCount
        self.rotation = rotation
        let sampleCount = min(rowCount, 4_096)
        let source = RowSource(table, shape: rotation.shape)
        var sum = 0.0
        for sample in 0..<sampleCount {
            let vector = unsafe source.decode(UInt32(sample * rowCount / sampleCount))
            for (i, mean) in rotation.mean.enumerated() {
                let difference = Double(unsafe vector[i]) - Double(mean)
                sum += difference * difference
            }
        }
        let unit = Float((sum / Double(max(1, sampleCount))).squareRoot())
        self.unit = unit > 0 && unit.isFinite ? unit : 1
    }

    /// A rotation around the mean of `rowCount` rows of `table`.
    public static func rotation(
        for table: ByteVectorTable, rowCount: Int, shape: CodeShape, seed: UInt64
    ) -> Rotation {
        let mean = Rotation.mean(of: table, rowCount: rowCount, shape: shape)
        return Rotation(shape: shape, seed: seed, mean: mean)
    }

    /// Writes the groups `groups` of 16 rows each from `destination` on (aligned to 2).
    public func encode(
        _ groups: Range<Int>, into destination: UnsafeMutableRawPointer, runtime: any Runtime,
        threadCount: Int
    ) {
        precondition(groups.lowerBound >= 0)
        precondition(groups.upperBound <= RowCodes.groupCount(rowCount: rowCount))
        let target = unsafe GroupDestination(base: destination)
        let shape = rotation.shape
        let byteCount = RowCodes.groupByteCount(shape: shape)
        let chunkGroupCount = 32
        runtime.parallel(
            count: (groups.count + chunkGroupCount - 1) / chunkGroupCount,
            threadCount: threadCount
        ) { chunk in
            let coder = NodeCoder(shape: shape, unit: unit)
            let source = RowSource(table, shape: shape)
            unsafe withUnsafeTemporaryAllocation(
                of: Float.self, capacity: shape.rotatedCount
            ) { rotated in
                guard let rotated = rotated.baseAddress else { return }
                let first = chunk * chunkGroupCount
                for index in first..<min(groups.count, first + chunkGroupCount) {
                    let base = unsafe target.base + index * byteCount
                    unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
                    let group = unsafe NodeCoder.Group(
                        base, a: 0, b: 32, codes: RowCodes.factorBytes)
                    let firstRow = (groups.lowerBound + index) * RowCodes.groupRowCount
                    for row in firstRow..<min(rowCount, firstRow + RowCodes.groupRowCount) {
                        unsafe rotation.apply(source.decode(UInt32(row)), into: rotated)
                        unsafe coder.encode(rotated, lane: row - firstRow, group: group)
                    }
                }
            }
        }
    }
}

/// Where the threads of a pass write, each to groups of its own.
@safe private struct GroupDestination: @unchecked Sendable {
    // Invariant for Sendable: no two threads are given the same group.
    let base: UnsafeMutableRawPointer
}
