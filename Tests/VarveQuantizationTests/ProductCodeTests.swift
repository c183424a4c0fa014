// Product codes: every tier gives the bits of plain C; training depends on rows and seed alone.

import CKernels
import Testing
import VarveKernels
import VarveQuantization
import VarveStorage

@Suite struct ProductCodeTests {
    /// Trains on the rows, which are also what is coded.
    static func codebook(
        _ shape: ProductShape, _ rows: [[Float]], seed: UInt64 = 5, threadCount: Int = 2
    ) -> ProductCodebook {
        unsafe ProductCodebook(
            shape: shape, rows: rows.flatMap { $0 }, rowCount: rows.count, seed: seed,
            runtime: SystemRuntime(), threadCount: threadCount)
    }

    static func codes(
        _ codebook: ProductCodebook, _ rows: [[Float]], tier: KernelTier = .best
    ) -> [UInt8] {
        rows.flatMap { row in
            var code = [UInt8](repeating: 0xAA, count: codebook.shape.byteCount)
            unsafe codebook.encode(row, into: &code, tier: tier)
            return code
        }
    }

    static func normals(_ rowCount: Int, _ dimension: Int) -> [[Float]] {
        var random = SampleGenerator(seed: UInt64(rowCount * 7 + dimension))
        return (0..<rowCount).map { _ in random.normals(dimension) }
    }

    @Test(arguments: (0..<11).map { $0 * 100 + 1..<$0 * 100 + 101 })
    func `scans agree to the bit on every tier and sum the entries, at every length`(
        byteCounts: Range<Int>
    ) {
        var random = SampleGenerator(seed: UInt64(byteCounts.lowerBound))
        let most = byteCounts.upperBound * 256
        let entries = (0..<most).map { _ in Float(random.next() % 9_001) / 1_000 }
        for byteCount in byteCounts {
            let query = ProductQuery(byteCount: byteCount)
            query.prepare(entries: Array(entries.prefix(byteCount * 256)))
            Self.checkScans(query, entries, byteCount: byteCount, &random)
        }
    }

    /// Scans codes drawn at random from several places in memory.
    private static func checkScans(
        _ query: ProductQuery, _ entries: [Float], byteCount: Int, _ random: inout SampleGenerator
    ) {
        let rowCount = 6
        let codes = (0..<byteCount * rowCount + 3).map { _ in
            UInt8(truncatingIfNeeded: random.next())
        }
        for (shift, count) in [(0, rowCount), (1, 5), (3, 1), (2, 4), (1, 0)] {
            let expected = (0..<count).map { row in
                (0..<byteCount).reduce(0.0) { sum, i in
                    sum + Double(entries[i * 256 + Int(codes[shift + row * byteCount + i])])
                }
            }
            var plain: [UInt32] = []
            for tier in KernelTier.available {
                var distances = [Float](repeating: -1, count: count + 1)
                unsafe codes.withUnsafeBufferPointer {
                    unsafe query.distances(
                        codes: $0.baseAddress.unsafelyUnwrapped + shift, count: count,
                        into: &distances, tier: tier)
                }
                #expect(distances[count] == -1)
                for (distance, sum) in zip(distances, expected) {
                    #expect(abs(Double(distance) - sum) <= Double(byteCount) * 1e-4 + sum * 1e-6)
                }
                if tier == .scalar { plain = distances.map(\.bitPattern) }
                #expect(distances.map(\.bitPattern) == plain)
            }
        }
    }

    @Test(
        arguments: [1, 2, 3, 5, 16, 31, 128],
        [(1, 4), (2, 4), (3, 4), (1, 8), (2, 8), (4, 8), (7, 8)])
    func `each sub-space is coded by its nearest centroid, on every tier alike`(
        dimension: Int, cut: (span: Int, bits: Int)
    ) throws {
        let width = try #require(ProductShape.Width(rawValue: cut.bits))
        let shape = ProductShape(
            dimension: dimension, subspaceDimension: cut.span, width: width)
        let rows = Self.normals(40, dimension)
        let codebook = Self.codebook(shape, rows)
        let codes = Self.codes(codebook, rows, tier: .scalar)
        for tier in KernelTier.available {
            #expect(Self.codes(codebook, rows, tier: tier) == codes)
        }
        let query = ProductQuery(shape: shape)
        unsafe query.prepare(rows[0], codebook: codebook)
        var distances = [Float](repeating: 0, count: rows.count)
        unsafe query.distances(codes: codes, count: rows.count, into: &distances)
        for (row, distance) in distances.enumerated() {
            let code = codes[row * shape.byteCount..<(row + 1) * shape.byteCount]
            let expected = Self.nearestDistance(codebook, Array(code), rows[row], rows[0])
            #expect(abs(Double(distance) - expected) <= 1e-3 * (1 + expected))
        }
    }

    /// The distance of `query` to what `code` stands for; checks that the code is that of `row`.
    static func nearestDistance(
        _ codebook: ProductCodebook, _ code: [UInt8], _ row: [Float], _ query: [Float]
    ) -> Double {
        let shape = codebook.shape
        let (span, count) = (shape.subspaceDimension, shape.centroidCount)
        var total = 0.0
        for m in 0..<shape.subspaceCount {
            func distance(_ vector: [Float], _ centroid: Int) -> Double {
                (0..<span).reduce(0) { sum, j in
                    let place = m * span + j
                    let component = place < vector.count ? Double(vector[place]) : 0
                    let other = codebook.centroids[(m * span + j) * count + centroid]
                    return sum + (component - Double(other)) * (component - Double(other))
                }
            }
            let number =
                shape.width == .bits8
                ? Int(code[m]) : Int(code[m / 2] >> (m % 2 == 0 ? 0 : 4) & 15)
            let nearest = (0..<count).map { distance(row, $0) }.min() ?? 0
            #expect(distance(row, number) <= nearest + 1e-5)
            total += distance(query, number)
        }
        return total
    }

    @Test(arguments: [ProductShape.Width.bits4, .bits8])
    func `training depends on rows and seed, not on threads`(width: ProductShape.Width) {
        let shape = ProductShape(dimension: 24, subspaceDimension: 2, width: width)
        let rows = Self.normals(600, 24)
        let one = Self.codebook(shape, rows, threadCount: 1).centroids
        #expect(Self.codebook(shape, rows, threadCount: 4).centroids == one)
        #expect(Self.codebook(shape, rows, seed: 6).centroids != one)
        #expect(one.count { $0.isFinite } == one.count)
    }

    @Test func `no more rows are trained on than the limit, and all stretches of them`() {
        let shape = ProductShape(dimension: 1, subspaceDimension: 1, width: .bits4)
        let rowCount = ProductCodebook.sampleLimit * 2
        // Sixteen values in sixteen stretches: missing one would show as a distance.
        let rows = (0..<rowCount).map { [Float($0 * 16 / rowCount)] }
        let codebook = Self.codebook(shape, rows)
        let found = codebook.centroids.prefix(16)
        #expect((found.min() ?? 9) < 1.5 && (found.max() ?? 0) > 13.5)
    }

    @Test(arguments: [1, 2, 17, 300])
    func `equal rows and rows fewer than centroids are coded exactly`(rowCount: Int) {
        let shape = ProductShape(dimension: 6, subspaceDimension: 2, width: .bits8)
        let rows = [[Float]](repeating: [1, -2, 3, 0, 0, 7], count: rowCount)
        let codebook = Self.codebook(shape, rows)
        let query = ProductQuery(shape: shape)
        unsafe query.prepare(rows[0], codebook: codebook)
        var distances = [Float](repeating: -1, count: rowCount)
        unsafe query.distances(
            codes: Self.codes(codebook, rows), count: rowCount, into: &distances)
        #expect(distances == [Float](repeating: 0, count: rowCount))
    }
}
