// Makes 4-bit codes of rows.

internal import CKernels
public import VarveKernels
public import VarveStorage

/// Encodes the rows of a table as directions from the centres of their lists.
///
/// The bytes depend on the rows, the centres and the rotation alone. Takes about half a microsecond
/// a row and thread.
public struct RowCodeEncoder: Sendable {
    /// The rotation of the vectors, around their mean.
    public let rotation: Rotation
    /// What the factors are relative to: the root mean square distance of sampled rows to their
    /// centres.
    public let unit: Float
    private let table: ByteVectorTable
    private let centres: ByteVectorTable
    private let listStarts: [UInt32]

    private var rowCount: Int { Int(listStarts.last ?? 0) }

    /// An encoder of the rows of `table`: list *i* holds rows `listStarts[i]` up to the next.
    ///
    /// The rotation has a shape of the rows' dimension, or of one more under a lift.
    public init(
        table: ByteVectorTable, centres: ByteVectorTable, listStarts: [UInt32],
        rotation: Rotation
    ) {
        self.table = table
        self.centres = centres
        self.listStarts = listStarts
        self.rotation = rotation
        let rowCount = Int(listStarts.last ?? 0)
        let sampleCount = min(rowCount, 4_096)
        let source = RowSource(table, shape: rotation.shape)
        let centre = RowSource(centres, shape: rotation.shape)
        var sum = 0.0
        var list = 0
        for sample in 0..<sampleCount {
            let row = UInt32(sample * rowCount / sampleCount)
            while listStarts[list + 1] <= row { list += 1 }
            let vector = unsafe source.decode(row)
            let origin = unsafe centre.decode(UInt32(list))
            for i in 0..<rotation.shape.dimension {
                let difference = Double(unsafe vector[i]) - Double(unsafe origin[i])
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

    /// Writes the groups `groups` of 16 rows each from `destination` on (aligned to 8).
    public func encode(
        _ groups: Range<Int>, into destination: UnsafeMutableRawPointer, runtime: any Runtime,
        threadCount: Int
    ) {
        precondition(groups.lowerBound >= 0)
        precondition(groups.upperBound <= RowCodes.groupCount(rowCount: rowCount))
        let target = unsafe GroupDestination(base: destination)
        let byteCount = RowCodes.groupByteCount(shape: rotation.shape)
        let chunkGroupCount = 32
        runtime.parallel(
            count: (groups.count + chunkGroupCount - 1) / chunkGroupCount,
            threadCount: threadCount
        ) { chunk in
            let worker = RowCoding(rotation: rotation, unit: unit, table, centres)
            let first = chunk * chunkGroupCount
            let firstRow = (groups.lowerBound + first) * RowCodes.groupRowCount
            var list = listStarts.partitioningIndex { $0 > UInt32(firstRow) } - 1
            for index in first..<min(groups.count, first + chunkGroupCount) {
                let base = unsafe target.base + index * byteCount
                unsafe base.initializeMemory(as: UInt8.self, repeating: 0, count: byteCount)
                let start = (groups.lowerBound + index) * RowCodes.groupRowCount
                for row in start..<min(rowCount, start + RowCodes.groupRowCount) {
                    while listStarts[list + 1] <= UInt32(row) { list += 1 }
                    unsafe worker.encode(row, list: UInt32(list), lane: row - start, group: base)
                }
            }
        }
    }
}

extension [UInt32] {
    /// The first index whose element satisfies `predicate`, which holds for all behind it.
    fileprivate func partitioningIndex(_ predicate: (UInt32) -> Bool) -> Int {
        var low = 0
        var high = count
        while low < high {
            let middle = (low + high) / 2
            if predicate(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}

/// The memory one thread needs to code rows.
@safe private final class RowCoding {
    private let rotation: Rotation
    private let unit: Float
    private let source: RowSource
    private let centres: RowSource
    private let origin: UnsafeMutablePointer<Float>
    private let target: UnsafeMutablePointer<Float>
    private let scratch: UnsafeMutablePointer<Float>
    private let codes: UnsafeMutablePointer<UInt8>
    private let kernels = CodeKernels.best
    private var list = UInt32.max

    init(
        rotation: Rotation, unit: Float, _ table: ByteVectorTable, _ centres: ByteVectorTable
    ) {
        let shape = rotation.shape
        self.rotation = rotation
        self.unit = unit
        source = RowSource(table, shape: shape)
        self.centres = RowSource(centres, shape: shape)
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

    /// Codes a row of a list into a lane of a group whose bytes are zeros.
    func encode(_ row: Int, list: UInt32, lane: Int, group: UnsafeMutableRawPointer) {
        if self.list != list {
            unsafe rotation.apply(centres.decode(list), into: origin)
            self.list = list
        }
        unsafe rotation.apply(source.decode(UInt32(row)), into: target)
        var norm2: Float = 0
        for i in 0..<rotation.shape.rotatedCount {
            let difference = unsafe target[i] - origin[i]
            unsafe scratch[i] = difference
        }
        norm2 = Float(unsafe vk_norm2(scratch, rotation.shape.rotatedCount))
        var shape = rotation.shape.cShape
        let factors = unsafe (group + lane * RowCodes.factorByteCount)
            .assumingMemoryBound(to: vk_row_factors.self)
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: 2) { products in
            guard let products = products.baseAddress else { return }
            unsafe kernels.table.pointee.encode_direction(
                &shape, origin, target, scratch, codes, products)
            unsafe vk_code_factors(
                &shape, norm2, products, unit, &factors.pointee.a, &factors.pointee.b)
        }
        unsafe factors.pointee.list = list
        let byteCount = rotation.shape.rowCodeByteCount
        let place =
            unsafe group + RowCodes.groupRowCount * RowCodes.factorByteCount
            + lane * byteCount
        unsafe vk_row_pack(
            codes, UInt32(byteCount), place.assumingMemoryBound(to: UInt8.self))
    }
}

/// Where the threads of a pass write, each to groups of its own.
@safe private struct GroupDestination: @unchecked Sendable {
    // Invariant for Sendable: no two threads are given the same group.
    let base: UnsafeMutableRawPointer
}
