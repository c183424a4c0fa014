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
        threadCount: Int = 1
    ) -> (NeighbourCodebook, [UInt8]) {
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
                runtime: runtime, threadCount: threadCount)
            var blocks = [UInt8](repeating: 0xAA, count: rowCount * layout.byteCount)
            let bounds = [0] + cuts + [rowCount]
            for (begin, end) in zip(bounds, bounds.dropFirst()) {
                unsafe blocks.withUnsafeMutableBytes {
                    unsafe encoder.encode(
                        begin..<end,
                        into: $0.baseAddress.unsafelyUnwrapped + begin * layout.byteCount,
                        runtime: runtime, threadCount: threadCount)
                }
            }
            return (encoder.codebook, blocks)
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
        let (_, blocks) = Self.encode(sample, lists, layout)
        #expect(layout.byteCount % 64 == 0)
        for row in 0..<rowCount {
            let block = blocks[row * layout.byteCount..<(row + 1) * layout.byteCount]
            func word(_ offset: Int) -> UInt32 {
                (0..<4).reduce(0) { $0 | UInt32(block[block.startIndex + offset + $1]) << ($1 * 8) }
            }
            let degree = Int(lists.degrees[row])
            #expect(word(0) == sample.rows[row].lo.bitPattern)
            #expect(word(16) == sample.rows[row].sum)
            #expect(word(WalkBlockLayout.degreeOffset) == UInt32(degree))
            let vector = block.dropFirst(WalkBlockLayout.vectorOffset).prefix(layout.paddedCount)
            let stride = layout.paddedCount
            #expect(vector == sample.codes[row * stride..<(row + 1) * stride])
            for slot in 0..<layout.groupCount * 16 {
                let group = layout.groupsOffset + slot / 16 * layout.groupByteCount
                let expected =
                    slot < degree ? lists.neighbours[row * maxDegree + slot] : UInt32(row)
                #expect(word(group + slot % 16 * 4) == expected, "row \(row), slot \(slot)")
            }
        }
    }

    @Test func `blocks are the same bytes whatever the threads and the ranges`() {
        let sample = Self.sample(700, 48, lifted: false, seed: 42)
        let lists = SampleLists(rowCount: 700, maxDegree: 18)
        let layout = WalkBlockLayout(dimension: 48, isLifted: false, maxDegree: 18)
        let (codebook, blocks) = Self.encode(sample, lists, layout)
        let (sameCodebook, sameBlocks) = Self.encode(
            sample, lists, layout, cuts: [1, 130, 131, 500], threadCount: 3)
        #expect(blocks == sameBlocks)
        #expect(codebook.unit == sameCodebook.unit)
        #expect(codebook.rotation.mean == sameCodebook.rotation.mean)
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
        let (codebook, blocks) = Self.encode(sample, lists, layout)
        let table = QueryTable(rotation: codebook.rotation)
        var random = SampleGenerator(seed: 44)
        var errors: [Double] = []
        for _ in 0..<10 {
            let query = random.normals(shape.dimension).map { $0 + 2 }
            unsafe table.prepare(query + (lifted ? [0] : []))
            for row in 0..<rowCount {
                let estimates = Self.estimates(blocks, row, query, sample, layout, codebook, table)
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
        _ blocks: [UInt8], _ row: Int, _ query: [Float], _ sample: SampleTable,
        _ layout: WalkBlockLayout, _ codebook: NeighbourCodebook, _ table: QueryTable
    ) -> [Float] {
        let lift = Double(sample.rows[row].lift)
        let base = Float(squaredL2(query, sample.vectors[row]) + lift * lift)
        let kernels = CodeKernels.best
        var sums = [Int32](repeating: 0, count: 16)
        var estimates = [Float](repeating: 0, count: 16)
        unsafe blocks.withUnsafeBytes { bytes in
            let group =
                unsafe bytes.baseAddress.unsafelyUnwrapped
                + row * layout.byteCount + layout.groupsOffset
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
        let (codebook, blocks) = Self.encode(sample, lists, layout)
        #expect(codebook.unit == 1)
        let table = QueryTable(rotation: codebook.rotation)
        let query = [Float](repeating: 9, count: 70)
        unsafe table.prepare(query)
        let estimates = Self.estimates(blocks, 5, query, sample, layout, codebook, table)
        #expect(estimates.prefix(5).allSatisfy { $0 == Float(squaredL2(query, vectors[0])) })
    }
}
