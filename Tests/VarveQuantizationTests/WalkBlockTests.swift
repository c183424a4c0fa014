// Walk blocks: what stands where, the same bytes however they are made, and estimates without bias.

import CKernels
import Testing
import VarveFormat
import VarveKernels
import VarveQuantization
import VarveStorage

/// A graph for tests: every row and some that follow it.
struct SampleLists {
    let maxDegree: Int
    var neighbours: [UInt32]
    var degrees: [UInt16]

    init(rowCount: Int, maxDegree: Int) {
        self.maxDegree = maxDegree
        neighbours = []
        degrees = []
        for row in 0..<rowCount {
            // Every length there is, none included.
            let degree = min(row % (maxDegree + 1), rowCount - 1)
            degrees.append(UInt16(degree))
            for slot in 0..<maxDegree {
                neighbours.append(UInt32((row + slot * 7 % (rowCount - 1) + 1) % rowCount))
            }
        }
    }
}

@Suite struct WalkBlockTests {
    static func sample(_ rowCount: Int, _ dimension: Int, lifted: Bool, seed: UInt64) -> SampleTable
    {
        var random = SampleGenerator(seed: seed)
        let vectors = (0..<rowCount).map { _ in random.normals(dimension).map { $0 + 2 } }
        return SampleTable(vectors, lifts: lifted ? random.normals(rowCount).map(abs) : [])
    }

    /// The blocks of all rows, made in parts that end at `cuts`.
    static func encode(
        _ sample: SampleTable, _ lists: SampleLists, _ layout: WalkBlockLayout, cuts: [Int] = [],
        threadCount: Int = 1, memory: WorkingMemory = .process
    ) -> (NeighbourCodebook, WalkOrder, [UInt8]) {
        let runtime = SystemRuntime()
        let rowCount = sample.rows.count
        let neighbours = UnsafeMutablePointer<UInt32>.allocate(capacity: lists.neighbours.count)
        let degrees = UnsafeMutablePointer<UInt16>.allocate(capacity: rowCount)
        unsafe neighbours.initialize(from: lists.neighbours, count: lists.neighbours.count)
        unsafe degrees.initialize(from: lists.degrees, count: rowCount)
        defer {
            unsafe neighbours.deallocate()
            unsafe degrees.deallocate()
        }
        return sample.withTable { table in
            let encoder = unsafe WalkBlockEncoder(
                table: table, rowCount: rowCount, neighbours: neighbours,
                neighbourStride: lists.maxDegree, degrees: degrees, layout: layout, seed: 77,
                memory: memory, runtime: runtime, threadCount: threadCount)
            let places = encoder.order.places
            var blocks = [UInt8](repeating: 0xAA, count: places.byteCount)
            let bounds = [0] + cuts + [rowCount]
            for (begin, end) in zip(bounds, bounds.dropFirst()) {
                unsafe blocks.withUnsafeMutableBytes {
                    unsafe encoder.encode(
                        begin..<end,
                        into: $0.baseAddress.unsafelyUnwrapped + places.offset(of: begin),
                        runtime: runtime, threadCount: threadCount)
                }
            }
            return (encoder.codebook, encoder.order, blocks)
        }
    }

    @Test(arguments: [(1, 2), (64, 2), (100, 4), (130, 8)], [false, true])
    func `blocks hold the vector, the degree and the list, and every byte has its place`(
        shape: (dimension: Int, subspaceDimension: Int), lifted: Bool
    ) {
        let (rowCount, maxDegree) = (60, 20)
        let sample = Self.sample(rowCount, shape.dimension, lifted: lifted, seed: 41)
        let lists = SampleLists(rowCount: rowCount, maxDegree: maxDegree)
        let layout = WalkBlockLayout(
            dimension: shape.dimension, isLifted: lifted, maxDegree: maxDegree,
            subspaceDimension: shape.subspaceDimension)
        let (_, order, blocks) = Self.encode(sample, lists, layout)
        #expect(order.places.groupEnds == [UInt32(lists.degrees.count { $0 <= 16 })])
        #expect(Set(order.rows) == Set(0..<UInt32(rowCount)))
        for row in 0..<rowCount {
            let number = order.number(ofRow: row)
            let range = order.places.range(of: number)
            #expect(range.lowerBound % 64 == 0 && range.count % 64 == 0)
            let block = blocks[range]
            func word(_ offset: Int) -> UInt32 {
                (0..<4).reduce(0) { $0 | UInt32(block[block.startIndex + offset + $1]) << ($1 * 8) }
            }
            let degree = Int(lists.degrees[row])
            #expect(word(0) == sample.rows[row].lo.bitPattern)
            #expect(word(16) == sample.rows[row].sum)
            #expect(word(WalkBlockLayout.degreeOffset) == UInt32(degree))
            #expect(word(WalkBlockLayout.rowOffset) == UInt32(row))
            #expect(order.places.groupCount(of: number) == (degree > 16 ? 2 : 1))
            let vector = block.dropFirst(WalkBlockLayout.vectorOffset).prefix(layout.paddedCount)
            let stride = layout.paddedCount
            #expect(vector == sample.codes[row * stride..<(row + 1) * stride])
            for slot in 0..<(degree > 16 ? 32 : 16) {
                let group = layout.groupsOffset + slot / 16 * layout.groupByteCount
                let expected =
                    slot < degree
                    ? order.numbers[Int(lists.neighbours[row * maxDegree + slot])]
                    : number.rawValue
                #expect(word(group + slot % 16 * 4) == expected, "row \(row), slot \(slot)")
            }
        }
    }

    @Test func `blocks are the same bytes whatever the threads and the ranges`() {
        let sample = Self.sample(700, 48, lifted: false, seed: 42)
        let lists = SampleLists(rowCount: 700, maxDegree: 18)
        let layout = WalkBlockLayout(dimension: 48, isLifted: false, maxDegree: 18)
        let (codebook, _, blocks) = Self.encode(sample, lists, layout)
        let (sameCodebook, _, sameBlocks) = Self.encode(
            sample, lists, layout, cuts: [1, 130, 131, 500], threadCount: 3)
        #expect(blocks == sameBlocks)
        #expect(codebook.unit == sameCodebook.unit)
        #expect(codebook.rotation.mean == sameCodebook.rotation.mean)
        // Memory that leaves the process whenever it may: rows are copied for every range.
        let disk = PosixFileSystem()
        let memory = WorkingMemory { part, byteCount in
            try? disk.scratchMemory(FilePath("/tmp/blocks-\(part)"), byteCount: byteCount)
        }
        let (_, _, spilledBlocks) = Self.encode(
            sample, lists, layout, cuts: [1, 130, 131, 500], threadCount: 2, memory: memory)
        #expect(blocks == spilledBlocks)
    }

    // Theory: twice sqrt((1 - c²) / (c² D)), where c is the cosine of a code and its vector.
    @Test(arguments: [(128, 2, 0.062), (384, 4, 0.074), (1_536, 8, 0.062)], [false, true])
    func `estimates of neighbours carry no bias and little noise`(
        shape: (dimension: Int, subspaceDimension: Int, noise: Double), lifted: Bool
    ) {
        let (rowCount, maxDegree) = (40, 16)
        let sample = Self.sample(rowCount, shape.dimension, lifted: lifted, seed: 43)
        let lists = SampleLists(rowCount: rowCount, maxDegree: maxDegree)
        let layout = WalkBlockLayout(
            dimension: shape.dimension, isLifted: lifted, maxDegree: maxDegree,
            subspaceDimension: shape.subspaceDimension)
        let (codebook, order, blocks) = Self.encode(sample, lists, layout)
        let table = QueryTable(rotation: codebook.rotation)
        var random = SampleGenerator(seed: 44)
        var errors: [Double] = []
        for _ in 0..<10 {
            let query = random.normals(shape.dimension).map { $0 + 2 }
            unsafe table.prepare(query + (lifted ? [0] : []))
            for row in 0..<rowCount {
                let estimates = Self.estimates(
                    blocks, order, row, query, sample, codebook, table)
                for (slot, estimate) in estimates.prefix(Int(lists.degrees[row])).enumerated() {
                    let neighbour = Int(lists.neighbours[row * maxDegree + slot])
                    let lift = Double(sample.rows[neighbour].lift)
                    let exact = squaredL2(query, sample.vectors[neighbour]) + lift * lift
                    errors.append((Double(estimate) - exact) / exact)
                }
            }
        }
        let mean = errors.reduce(0, +) / Double(errors.count)
        let deviation = (errors.reduce(0) { $0 + $1 * $1 } / Double(errors.count)).squareRoot()
        #expect(abs(mean) < 0.01)
        #expect(deviation < shape.noise)
        #expect(deviation > shape.noise / 2)
    }

    /// The estimates of the first group of a block.
    static func estimates(
        _ blocks: [UInt8], _ order: WalkOrder, _ row: Int, _ query: [Float],
        _ sample: SampleTable, _ codebook: NeighbourCodebook, _ table: QueryTable
    ) -> [Float] {
        let layout = codebook.layout
        let lift = Double(sample.rows[row].lift)
        let base = Float(squaredL2(query, sample.vectors[row]) + lift * lift)
        let kernels = CodeKernels.best
        var sums = [Int32](repeating: 0, count: 16)
        var estimates = [Float](repeating: 0, count: 16)
        unsafe blocks.withUnsafeBytes { bytes in
            let group =
                unsafe bytes.baseAddress.unsafelyUnwrapped
                + order.places.offset(of: order.number(ofRow: row).index) + layout.groupsOffset
            let offsets = WalkBlockLayout.groupOffsets
            unsafe kernels.table.pointee.scan_group(
                (group + offsets.codes).assumingMemoryBound(to: UInt8.self), table.view.entries,
                UInt32(layout.shape.subspaceCount), &sums)
            unsafe kernels.table.pointee.estimate(
                base, codebook.unit * codebook.unit, table.view.step * codebook.unit,
                (group + offsets.a).assumingMemoryBound(to: UInt16.self),
                (group + offsets.b).assumingMemoryBound(to: UInt16.self), sums, &estimates)
        }
        return estimates
    }

    @Test func `neighbours at the same place are estimated at the same distance`() {
        let vectors = [[Float]](repeating: (0..<70).map { Float($0) }, count: 20)
        let sample = SampleTable(vectors)
        let lists = SampleLists(rowCount: 20, maxDegree: 16)
        let layout = WalkBlockLayout(dimension: 70, isLifted: false, maxDegree: 16)
        let (codebook, order, blocks) = Self.encode(sample, lists, layout)
        #expect(codebook.unit == 1)
        let table = QueryTable(rotation: codebook.rotation)
        let query = [Float](repeating: 9, count: 70)
        unsafe table.prepare(query)
        let estimates = Self.estimates(blocks, order, 5, query, sample, codebook, table)
        #expect(estimates.prefix(5).allSatisfy { $0 == Float(squaredL2(query, vectors[0])) })
    }

    @Test func `ends of groups that do not ascend or are too many have no places`() throws {
        let layout = WalkBlockLayout(dimension: 8, isLifted: false, maxDegree: 48)
        #expect(layout.groupCount == 3)
        let good = try #require(
            WalkBlockPlaces(layout: layout, blockCount: 10, groupEnds: [4, 7]))
        let sizes = (0..<10).map { good.range(of: BlockNumber(UInt32($0))).count }
        let counts = (0..<10).map { good.groupCount(of: BlockNumber(UInt32($0))) }
        #expect(counts == [1, 1, 1, 1, 2, 2, 2, 3, 3, 3])
        #expect(sizes == counts.map { layout.byteCount(groupCount: $0) })
        #expect(good.byteCount == sizes.reduce(0, +))
        for wrong: [UInt32] in [[], [4], [7, 4], [4, 11], [1, 2, 3]] {
            #expect(WalkBlockPlaces(layout: layout, blockCount: 10, groupEnds: wrong) == nil)
        }
    }
}
