// Rows of 8-bit codes: what they mean, how far off they are, distances between them.

import Testing
import VarveKernels

/// A table of encoded rows that owns its memory.
final class SampleTable {
    let dimension: Int
    var codes: [UInt8] = []
    var rows: [ByteRow] = []

    init(dimension: Int) { self.dimension = dimension }

    func append(_ vector: [Float]) {
        let encoder = ByteEncoder(dimension: dimension)
        var codes = [UInt8](repeating: 9, count: encoder.paddedCount)
        rows.append(unsafe encoder.encode(vector, into: &codes))
        self.codes += codes
    }

    func withTable<R>(tier: KernelTier = .best, _ body: (ByteVectorTable) -> R) -> R {
        unsafe codes.withUnsafeBytes { codes in
            unsafe rows.withUnsafeBytes { rows in
                body(
                    unsafe ByteVectorTable(
                        codes: codes.baseAddress.unsafelyUnwrapped,
                        codeStride: ByteRow.paddedCount(dimension: dimension),
                        rows: rows.baseAddress.unsafelyUnwrapped, rowStride: ByteRow.byteCount,
                        dimension: dimension, tier: tier))
            }
        }
    }

    func decoded(_ row: Int) -> [Float] {
        let encoder = ByteEncoder(dimension: dimension)
        let padded = encoder.paddedCount
        var vector = [Float](repeating: 0, count: dimension)
        unsafe encoder.decode(
            rows[row], Array(codes[row * padded..<(row + 1) * padded]), into: &vector)
        return vector
    }
}

func squaredL2(_ a: [Float], _ b: [Float]) -> Double {
    zip(a, b).reduce(0) { $0 + (Double($1.0) - Double($1.1)) * (Double($1.0) - Double($1.1)) }
}

@Suite struct ByteVectorTests {
    @Test(arguments: [1, 2, 63, 64, 65, 128, 300, 784], [Float(0), 5, -1_000, 1e6])
    func `a component is off by at most half a step, wherever the row lies`(
        dimension: Int, centre: Float
    ) {
        var random = SampleGenerator(seed: UInt64(dimension))
        let sample = SampleTable(dimension: dimension)
        let vector = random.floats(dimension).map { $0 + centre }
        sample.append(vector)
        let step = sample.rows[0].delta
        // Beside half a step: the rounding of numbers as large as the row's.
        let slack = step * 0.501 + abs(centre) * 1.2e-7
        for (a, b) in zip(vector, sample.decoded(0)) { #expect(abs(a - b) <= slack) }
        let padded = ByteRow.paddedCount(dimension: dimension)
        #expect(sample.codes[dimension..<padded].allSatisfy { $0 == 0 })
        let norm = vector.reduce(0.0) { $0 + Double($1) * Double($1) }
        #expect(abs(Double(sample.rows[0].norm2) - norm) <= norm * 0.02 + 1e-6)
    }

    @Test(arguments: [3, 64, 128, 200, 784], [Float(0), 100, 1e5])
    func `distances are those of the decoded vectors, also far from the origin`(
        dimension: Int, centre: Float
    ) {
        var random = SampleGenerator(seed: 11)
        let sample = SampleTable(dimension: dimension)
        for _ in 0..<40 { sample.append(random.floats(dimension).map { $0 + centre }) }
        sample.withTable { table in
            for a in 0..<UInt32(40) {
                for b in 0..<UInt32(40) {
                    // Decoding in double: the table's own meaning, without float rounding.
                    let (ra, rb) = (table.row(a), table.row(b))
                    var expected = 0.0
                    for i in 0..<dimension {
                        let x = Double(ra.lo) + Double(ra.delta) * Double(unsafe table.codes(a)[i])
                        let y = Double(rb.lo) + Double(rb.delta) * Double(unsafe table.codes(b)[i])
                        expected += (x - y) * (x - y)
                    }
                    let distance = Double(table.distance(a, b))
                    #expect(abs(distance - expected) <= expected * 1e-6 + 1e-9)
                }
            }
        }
    }

    @Test(arguments: KernelTier.available)
    func `batches, single distances and all tiers give the same bits`(tier: KernelTier) {
        for dimension in [5, 64, 128, 192, 384, 500] {
            var random = SampleGenerator(seed: 12)
            let sample = SampleTable(dimension: dimension)
            for _ in 0..<150 { sample.append(random.floats(dimension, in: 2...3)) }
            for i in sample.rows.indices { sample.rows[i].lift = Float(i) * 0.01 }
            let ids = (0..<150).map { _ in UInt32(random.next() % 150) }
            let results = [KernelTier.scalar, tier].map { tier in
                sample.withTable(tier: tier) { table in
                    var batch = [Float](repeating: 0, count: 150)
                    unsafe table.distances(fromRow: 7, to: ids, count: 150, into: &batch)
                    #expect(batch == ids.map { table.distance(7, $0) })
                    var scan = [Float](repeating: 0, count: 100)
                    unsafe table.distances(
                        from: table.row(7), codes: table.codes(7), toRowsFrom: 3, count: 100,
                        into: &scan)
                    #expect(scan == (3..<103).map { table.distance(7, $0) })
                    return batch
                }
            }
            #expect(results[0] == results[1])
        }
    }

    @Test func `whole numbers of eight bits are kept exactly`() {
        var random = SampleGenerator(seed: 13)
        let dimension = 100
        let encoder = ByteEncoder(dimension: dimension)
        let bytes = (0..<2).map { _ in random.bytes(dimension) }
        let expected = zip(bytes[0], bytes[1]).reduce(0) {
            $0 + (Int($1.0) - Int($1.1)) * (Int($1.0) - Int($1.1))
        }
        let signed = bytes.map { $0.map { Int8(truncatingIfNeeded: Int($0) - 128) } }
        var codes = [UInt8](repeating: 1, count: encoder.paddedCount * 2)
        for isSigned in [false, true] {
            var rows: [ByteRow] = []
            for i in 0..<2 {
                var row = [UInt8](repeating: 1, count: encoder.paddedCount)
                rows.append(
                    isSigned
                        ? unsafe encoder.encode(signed[i], into: &row)
                        : unsafe encoder.encode(bytes[i], into: &row))
                codes.replaceSubrange(i * row.count..<(i + 1) * row.count, with: row)
            }
            let sample = SampleTable(dimension: dimension)
            (sample.codes, sample.rows) = (codes, rows)
            #expect(sample.withTable { $0.distance(0, 1) } == Float(expected))
            #expect(sample.withTable { $0.distance(1, 1) } == 0)
            #expect(sample.decoded(1) == bytes[1].map { Float($0) - (isSigned ? 128 : 0) })
        }
    }

    @Test func `a query owns its codes and finds its own row at no distance`() {
        var random = SampleGenerator(seed: 14)
        let sample = SampleTable(dimension: 70)
        let vectors = (0..<9).map { _ in random.floats(70) }
        for vector in vectors { sample.append(vector) }
        var query = ByteVector(dimension: 70)
        for (i, vector) in vectors.enumerated() {
            unsafe query.encode(vector)
            var distances = [Float](repeating: -1, count: 9)
            let ids = (0..<9).map { UInt32($0) }
            sample.withTable { table in
                unsafe table.distances(from: query, to: ids, count: 9, into: &distances)
            }
            #expect(distances[i] == 0)
            #expect(distances.filter { $0 == 0 }.count == 1)
        }
    }

    @Test func `the lift adds its squared difference`() {
        let sample = SampleTable(dimension: 4)
        sample.append([1, 2, 3, 4])
        sample.append([1, 2, 3, 4])
        sample.rows[0].lift = 3
        sample.rows[1].lift = -1
        #expect(sample.withTable { $0.distance(0, 1) } == 16)
    }

    @Test func `rows without a range and with signed zeros are encoded alike`() {
        let sample = SampleTable(dimension: 3)
        sample.append([0, -0.0, 0])
        sample.append([-0.0, 0, -0.0])
        sample.append([5, 5, 5])
        #expect(sample.rows[0] == sample.rows[1])
        #expect(sample.rows[0].lo.sign == .plus)
        #expect(sample.rows[2].delta == 0 && sample.rows[2].sum == 0)
        #expect(sample.withTable { $0.distance(0, 2) } == 75)
        #expect(sample.decoded(2) == [5, 5, 5])
    }
}
