// Row codes: scans, single estimates, and how well they rank.

import Testing
import VarveKernels
import VarveQuantization
import VarveStorage

@Suite struct RowCodeTests {
    static func encode(
        _ sample: SampleTable, _ shape: CodeShape, cuts: [Int] = [], threadCount: Int = 1
    ) -> (RowCodeEncoder, [UInt8]) {
        let rowCount = sample.rows.count
        let groupCount = RowCodes.groupCount(rowCount: rowCount)
        let byteCount = RowCodes.groupByteCount(shape: shape)
        return sample.withTable { table in
            let rotation = RowCodeEncoder.rotation(
                for: table, rowCount: rowCount, shape: shape, seed: 3)
            let encoder = RowCodeEncoder(table: table, rowCount: rowCount, rotation: rotation)
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

    @Test(arguments: [(30, 2), (128, 2), (384, 4), (1_030, 8)], [1, 16, 333])
    func `scans and single estimates agree to the bit and rank rows well`(
        size: (dimension: Int, subspaceDimension: Int), rowCount: Int
    ) {
        let sample = WalkBlockTests.sample(rowCount, size.dimension, lifted: false, seed: 51)
        let shape = CodeShape(
            dimension: size.dimension, subspaceDimension: size.subspaceDimension)
        let (encoder, bytes) = Self.encode(sample, shape)
        let table = QueryTable(rotation: encoder.rotation)
        var random = SampleGenerator(seed: 52)
        let query = random.normals(size.dimension).map { $0 + 2 }
        unsafe table.prepare(query)
        unsafe bytes.withUnsafeBytes {
            let codes = unsafe RowCodes(
                base: $0.baseAddress.unsafelyUnwrapped, rowCount: rowCount, shape: shape,
                unit: encoder.unit)
            let groupCount = RowCodes.groupCount(rowCount: rowCount)
            var scanned = [Float](repeating: -1, count: groupCount * 16)
            unsafe codes.scan(0..<groupCount, table, into: &scanned)
            let single = (0..<rowCount).map { codes.estimate($0, table) }
            #expect(single.map(\.bitPattern) == scanned.prefix(rowCount).map(\.bitPattern))
            let exact = sample.vectors.map { squaredL2(query, $0) }
            let errors = zip(single, exact).map { (Double($0.0) - $0.1) / $0.1 }
            #expect(errors.allSatisfy { abs($0) < 0.35 })
            let mean = errors.reduce(0, +) / Double(rowCount)
            #expect(abs(mean) < (rowCount > 100 ? 0.015 : 0.3))
        }
    }

    @Test func `codes are the same bytes whatever the threads and the ranges`() {
        let sample = WalkBlockTests.sample(1_500, 40, lifted: true, seed: 53)
        let shape = CodeShape(dimension: 41)
        let (_, bytes) = Self.encode(sample, shape)
        let (_, sameBytes) = Self.encode(sample, shape, cuts: [1, 40, 41], threadCount: 3)
        #expect(bytes == sameBytes)
    }
}
