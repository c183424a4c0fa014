// Row codes: scans, rows here and there, and how well they rank.

import Testing
import VarveKernels
import VarveQuantization
import VarveStorage

@Suite struct RowCodeTests {
    /// Codes of a sample in lists that begin at `starts`, around `centres`.
    static func encode(
        _ sample: SampleTable, _ centres: SampleTable, _ shape: CodeShape, starts: [UInt32],
        cuts: [Int] = [], threadCount: Int = 1
    ) -> (RowCodeEncoder, [UInt8]) {
        let rowCount = sample.rows.count
        let groupCount = RowCodes.groupCount(rowCount: rowCount)
        let byteCount = RowCodes.groupByteCount(shape: shape)
        return sample.withTable { table in
            centres.withTable { centreTable in
                let rotation = RowCodeEncoder.rotation(
                    for: table, rowCount: rowCount, shape: shape, seed: 3)
                let encoder = RowCodeEncoder(
                    table: table, centres: centreTable, listStarts: starts, rotation: rotation)
                var bytes = [UInt8](repeating: 0xAA, count: groupCount * byteCount)
                let bounds = [0] + cuts + [groupCount]
                for (begin, end) in zip(bounds, bounds.dropFirst()) {
                    unsafe bytes.withUnsafeMutableBytes {
                        unsafe encoder.encode(
                            begin..<end,
                            into: $0.baseAddress.unsafelyUnwrapped + begin * byteCount,
                            runtime: SystemRuntime(), threadCount: threadCount)
                    }
                }
                return (encoder, bytes)
            }
        }
    }

    @Test(
        arguments: [(1, 1), (30, 1), (128, 1), (384, 2), (785, 2), (900, 4), (1_030, 8)],
        [1, 16, 333])
    func `scans and single estimates agree to the bit on every tier and rank rows well`(
        size: (dimension: Int, span: Int), rowCount: Int
    ) {
        let sample = WalkBlockTests.sample(rowCount, size.dimension, lifted: false, seed: 51)
        let starts: [UInt32] =
            rowCount > 100
            ? [0, 7, 100, UInt32(rowCount)] : [0, UInt32(rowCount)]
        let listCount = starts.count - 1
        let centres = WalkBlockTests.sample(listCount, size.dimension, lifted: false, seed: 52)
        let shape = CodeShape(dimension: size.dimension, subspaceDimension: size.span)
        let (encoder, bytes) = Self.encode(sample, centres, shape, starts: starts)
        var random = SampleGenerator(seed: 53)
        let query = random.normals(size.dimension).map { $0 + 2 }
        let codeQuery = RowCodeQuery(shape: shape)
        var rotated = [Float](repeating: 0, count: shape.rotatedCount)
        unsafe encoder.rotation.apply(query, into: &rotated)
        unsafe codeQuery.prepare(rotated: rotated)
        let bases = centres.vectors.map { Float(squaredL2(query, $0)) }
        unsafe bytes.withUnsafeBytes {
            let codes = unsafe RowCodes(
                base: $0.baseAddress.unsafelyUnwrapped, rowCount: rowCount, shape: shape,
                unit: encoder.unit)
            let rows = (0..<UInt32(rowCount)).map { $0 }
            let single = codes.estimates(rows, codeQuery, bases: bases, tier: .scalar)
            for tier in KernelTier.available {
                #expect(
                    codes.estimates(rows, codeQuery, bases: bases, tier: tier)
                        .map(\.bitPattern) == single.map(\.bitPattern))
                for list in 0..<listCount {
                    let range = Int(starts[list])..<Int(starts[list + 1])
                    let scanned = codes.scan(range, codeQuery, base: bases[list], tier: tier)
                    #expect(scanned.map(\.row) == rows[range].map { $0 })
                    #expect(scanned.map(\.distance) == single[range].map { $0 })
                    let limit = single[range].sorted()[range.count / 2]
                    let near = codes.scan(
                        range, codeQuery, base: bases[list], limit: limit, tier: tier)
                    #expect(near.map(\.row) == rows[range].filter { single[Int($0)] < limit })
                    #expect(range.allSatisfy { codes.list(of: $0) == UInt32(list) })
                }
            }
            let exact = sample.vectors.map { squaredL2(query, $0) }
            guard size.dimension > 1 else { return }
            let scale = exact.reduce(0, +) / Double(rowCount)
            let errors = zip(single, exact).map { (Double($0.0) - $0.1) / scale }
            #expect(errors.allSatisfy { abs($0) < (size.span == 1 ? 0.15 : 0.35) })
            let mean = errors.reduce(0, +) / Double(rowCount)
            #expect(abs(mean) < (rowCount > 100 ? 0.015 : 0.3))
        }
    }

    @Test func `codes are the same bytes whatever the threads and the ranges`() {
        let sample = WalkBlockTests.sample(1_500, 40, lifted: true, seed: 53)
        let centres = WalkBlockTests.sample(4, 40, lifted: true, seed: 54)
        let shape = CodeShape.rows(dimension: 41, rowCount: 1_500)
        let starts: [UInt32] = [0, 3, 512, 1_030, 1_500]
        let (_, bytes) = Self.encode(sample, centres, shape, starts: starts)
        let (_, sameBytes) = Self.encode(
            sample, centres, shape, starts: starts, cuts: [1, 40, 41], threadCount: 3)
        #expect(bytes == sameBytes)
    }

    @Test(arguments: [
        (128, 1_000_000, 64), (128, 10_000_000, 32), (384, 60_000, 192), (384, 1_000_000, 96),
        (784, 60_000, 208), (784, 1_000_000, 104), (4_096, 1_000, 256), (1, 10, 32),
    ])
    func `codes get coarser where they would fill the memory`(
        dimension: Int, rowCount: Int, byteCount: Int
    ) {
        let shape = CodeShape.rows(dimension: dimension, rowCount: rowCount)
        #expect(shape.rowCodeByteCount == byteCount)
    }
}
