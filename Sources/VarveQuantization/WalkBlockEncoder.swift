// Makes walk blocks out of byte vectors and a finished graph.

public import VarveKernels
public import VarveStorage

/// Encodes the walk blocks of one graph.
///
/// The bytes depend on the rows, the graph and the seed alone, whatever the number of threads, the
/// tier or the order in which ranges are encoded. Making one rotates every row once (about
/// 0.6 microseconds a row and thread at 384 components) and keeps one byte a component; a
/// block then costs about half a microsecond a neighbour.
@safe public final class WalkBlockEncoder: @unchecked Sendable {
    // Invariant for Sendable: nothing changes after init; the pointers outlive the encoder by
    // contract.

    /// What the codes mean; goes into the file with the blocks.
    public let codebook: NeighbourCodebook
    /// Where the blocks stand.
    public let order: WalkOrder
    private let table: ByteVectorTable
    private let rowCount: Int
    private let neighbours: UnsafePointer<UInt32>
    private let neighbourStride: Int
    private let degrees: UnsafePointer<UInt16>
    private let rotated: RotatedRows
    private let memory: WorkingMemory

    /// Prepares the blocks of `rowCount` rows of `table`, where row *r* has the `degrees[r]`
    /// neighbours at `neighbours + r * neighbourStride`.
    ///
    /// Degrees are at most `layout.maxDegree` and neighbours below `rowCount`. All three outlive
    /// the encoder.
    public init(
        table: ByteVectorTable, rowCount: Int, neighbours: UnsafePointer<UInt32>,
        neighbourStride: Int, degrees: UnsafePointer<UInt16>, layout: WalkBlockLayout,
        seed: UInt64, memory: WorkingMemory = .process, runtime: any Runtime, threadCount: Int
    ) {
        precondition(table.dimension == layout.dimension)
        precondition(rowCount <= Int(UInt32.max) && neighbourStride >= layout.maxDegree)
        self.table = table
        self.rowCount = rowCount
        self.memory = memory
        unsafe self.neighbours = unsafe neighbours
        self.neighbourStride = neighbourStride
        unsafe self.degrees = unsafe degrees
        order = unsafe WalkOrder(degrees: degrees, rowCount: rowCount, layout: layout)
        let shape = layout.shape
        let mean = Rotation.mean(of: table, rowCount: rowCount, shape: shape)
        memory.relieve()
        let rotation = Rotation(shape: shape, seed: seed, mean: mean)
        rotated = RotatedRows(
            table, rowCount: rowCount, rotation: rotation, memory: memory, runtime: runtime,
            threadCount: threadCount)
        let unit = unsafe Self.meanDistance(
            table, rowCount, neighbours, neighbourStride, degrees, layout.maxDegree, memory)
        codebook = NeighbourCodebook(layout: layout, rotation: rotation, unit: unit)
    }

    /// Writes the blocks `numbers`, as many bytes as `order.places` says, from `destination` on
    /// (aligned to 64).
    ///
    /// Where the tables may leave the process's memory, the rows that these blocks need are copied,
    /// ten of them for a block or so: the more blocks at once, the less is copied twice.
    public func encode(
        _ numbers: Range<Int>, into destination: UnsafeMutableRawPointer, runtime: any Runtime,
        threadCount: Int
    ) {
        precondition(numbers.lowerBound >= 0 && numbers.upperBound <= rowCount)
        let blocks = unsafe BlockDestination(base: destination)
        let chunkRowCount = 128
        let places = order.places
        let start = places.offset(of: numbers.lowerBound)
        let rows = rows(for: numbers, runtime: runtime, threadCount: threadCount)
        runtime.parallel(
            count: (numbers.count + chunkRowCount - 1) / chunkRowCount, threadCount: threadCount
        ) { [self] chunk in
            let coder = NodeCoder(shape: codebook.layout.shape, unit: codebook.unit)
            let first = numbers.lowerBound + chunk * chunkRowCount
            for number in first..<min(numbers.upperBound, first + chunkRowCount) {
                let offset = places.offset(of: number) - start
                unsafe encodeBlock(
                    BlockNumber(UInt32(number)), into: blocks.base + offset, rows, coder)
            }
        }
    }

    /// The rows of blocks `numbers` and those their edges lead to.
    private func rows(
        for numbers: Range<Int>, runtime: any Runtime, threadCount: Int
    ) -> EdgeRows {
        guard memory.isSpilled else { return EdgeRows(table, rotated) }
        var marks = RowMarks(rowCount: rowCount)
        for number in numbers {
            let row = Int(order.rows[number])
            marks.insert(row)
            let list = unsafe neighbours + row * neighbourStride
            for slot in 0..<Int(unsafe degrees[row]) {
                let neighbour = Int(unsafe list[slot])
                precondition(neighbour < rowCount)
                marks.insert(neighbour)
            }
        }
        marks.count()
        return EdgeRows(
            copying: marks, of: table, rotated, memory: memory, runtime: runtime,
            threadCount: threadCount)
    }

    private func encodeBlock(
        _ number: BlockNumber, into block: UnsafeMutableRawPointer, _ rows: EdgeRows,
        _ coder: NodeCoder
    ) {
        let layout = codebook.layout
        let row = Int(order.rows[number.index])
        let degree = Int(unsafe degrees[row])
        let groupCount = layout.groupCount(degree: degree)
        let list = unsafe neighbours + row * neighbourStride
        unsafe block.initializeMemory(
            as: UInt8.self, repeating: 0, count: layout.byteCount(groupCount: groupCount))
        let place = rows.place(of: row)
        let (table, rotated) = (rows.table, rows.rotated)
        unsafe block.storeBytes(of: table.row(UInt32(place)), as: ByteRow.self)
        unsafe block.storeBytes(
            of: UInt32(degree).littleEndian, toByteOffset: WalkBlockLayout.degreeOffset,
            as: UInt32.self)
        unsafe block.storeBytes(
            of: UInt32(row).littleEndian, toByteOffset: WalkBlockLayout.rowOffset,
            as: UInt32.self)
        unsafe (block + WalkBlockLayout.vectorOffset).copyMemory(
            from: table.codes(UInt32(place)), byteCount: layout.paddedCount)
        coder.begin(at: place, of: rotated)
        unsafe withUnsafeTemporaryAllocation(
            byteCount: max(1, degree) * 8, alignment: 8
        ) { buffer in
            guard let base = buffer.baseAddress else { return }
            // Safety: room for as many distances and places as there are neighbours.
            let distances = unsafe base.bindMemory(to: Float.self, capacity: degree)
            let ends = unsafe (base + degree * 4).bindMemory(to: UInt32.self, capacity: degree)
            for slot in 0..<degree {
                unsafe (ends + slot).initialize(
                    to: UInt32(rows.place(of: Int(unsafe list[slot]))))
            }
            unsafe rotated.prefetch(ends, count: degree)
            unsafe table.distances(
                fromRow: UInt32(place), to: ends, count: degree, into: distances)
            let slotCount = groupCount * WalkBlockLayout.groupLaneCount
            for slot in 0..<slotCount {
                let (index, lane) = slot.quotientAndRemainder(
                    dividingBy: WalkBlockLayout.groupLaneCount)
                let base = unsafe block + layout.groupsOffset + index * layout.groupByteCount
                // A slot without a neighbour names the block itself, which a walk has always seen.
                let id = slot < degree ? Int(unsafe list[slot]) : row
                precondition(id < rowCount)
                unsafe base.storeBytes(
                    of: order.numbers[id].littleEndian, toByteOffset: lane * 4, as: UInt32.self)
                guard slot < degree else { continue }
                let offsets = WalkBlockLayout.groupOffsets
                let group = unsafe NodeCoder.Group(
                    base, a: offsets.a, b: offsets.b, codes: offsets.codes)
                unsafe coder.encode(
                    Int(ends[slot]), of: rotated, norm2: distances[slot], lane: lane, group: group)
            }
        }
    }

    /// Rows whose edges stand for all.
    private static let unitSampleCount = 4_096

    /// The mean distance of neighbours of rows spread over the graph, or 1 where there is none.
    private static func meanDistance(
        _ table: ByteVectorTable, _ rowCount: Int, _ neighbours: UnsafePointer<UInt32>,
        _ stride: Int, _ degrees: UnsafePointer<UInt16>, _ maxDegree: Int, _ memory: WorkingMemory
    ) -> Float {
        var sum = 0.0
        var count = 0
        let sampleCount = min(rowCount, unitSampleCount)
        var distances = [Float](repeating: 0, count: maxDegree)
        memory.inStretches(of: 0..<sampleCount) { stretch in
            for sample in stretch {
                let row = sample * rowCount / sampleCount
                let degree = Int(unsafe degrees[row])
                unsafe table.distances(
                    fromRow: UInt32(row), to: neighbours + row * stride, count: degree,
                    into: &distances)
                for distance in distances[..<degree] { sum += Double(distance).squareRoot() }
                count += degree
            }
        }
        let mean = Float(sum / Double(max(1, count)))
        return mean > 0 && mean.isFinite ? mean : 1
    }
}

/// Where the threads of a pass write, each to blocks of its own.
@safe private struct BlockDestination: @unchecked Sendable {
    // Invariant for Sendable: no two threads are given the same block.
    let base: UnsafeMutableRawPointer
}
