// Kernels over codes: every tier gives the bits of plain C, and codes are as good as theory says.

import CKernels
import Testing
import VarveKernels
import VarveQuantization

@Suite struct CodeKernelTests {
    static let shapes = [
        (20, 2), (128, 2), (192, 2), (100, 4), (384, 4), (1_000, 4), (100, 8), (1_536, 8),
        (12_000, 8),
    ].map { CodeShape(dimension: $0.0, subspaceDimension: $0.1) }

    struct Direction: Equatable {
        var codes: [UInt8]
        var along: UInt32
        var atOrigin: UInt32
    }

    func encode(
        _ shape: CodeShape, _ origin: [Float]?, _ target: [Float], _ tier: KernelTier
    ) -> (Direction, [Float]) {
        var cShape = shape.cShape
        var scratch = [Float](repeating: 0, count: shape.rotatedCount)
        var codes = [UInt8](repeating: 99, count: shape.subspaceCount)
        var products: [Float] = [0, 0]
        unsafe CodeKernels(tier).table.pointee.encode_direction(
            &cShape, origin, target, &scratch, &codes, &products)
        return (
            Direction(
                codes: codes, along: products[0].bitPattern, atOrigin: products[1].bitPattern),
            products
        )
    }

    @Test(arguments: KernelTier.available, shapes)
    func `directions are coded to the same bits on every tier`(tier: KernelTier, shape: CodeShape) {
        var random = SampleGenerator(seed: 31)
        for hasOrigin in [false, true] {
            let origin = hasOrigin ? random.normals(shape.rotatedCount) : nil
            let target = random.normals(shape.rotatedCount)
            let (direction, _) = encode(shape, origin, target, tier)
            #expect(direction == encode(shape, origin, target, .scalar).0)
            #expect(direction.codes.allSatisfy { $0 < 16 })
        }
    }

    @Test(arguments: [(2, 0.94), (4, 0.80), (8, 0.62)])
    func `a code points where its vector points`(subspaceDimension: Int, least: Double) {
        let shape = CodeShape(dimension: 1_024, subspaceDimension: subspaceDimension)
        var random = SampleGenerator(seed: 32)
        let target = random.normals(1_024)
        let (direction, products) = encode(shape, nil, target, .best)
        guard let centroids = unsafe vk_centroids(UInt32(subspaceDimension)) else {
            Issue.record("no centroids")
            return
        }
        var decoded = [Float](repeating: 0, count: 1_024)
        for m in 0..<shape.subspaceCount {
            for j in 0..<subspaceDimension {
                decoded[j * shape.subspaceCount + m] =
                    unsafe centroids[j * 16 + Int(direction.codes[m])]
            }
        }
        let product = zip(decoded, target).reduce(0.0) { $0 + Double($1.0) * Double($1.1) }
        let zero = [Float](repeating: 0, count: 1_024)
        let cosine = product / (squaredL2(decoded, zero) * squaredL2(target, zero)).squareRoot()
        #expect(cosine > least && cosine < 1)
        #expect(abs(Double(products[0]) - product) < product * 1e-5)
    }

    @Test(arguments: KernelTier.available, shapes)
    func `scans add up the entries of every lane`(tier: KernelTier, shape: CodeShape) {
        var random = SampleGenerator(seed: 33)
        var groupCodes = [UInt8](repeating: 0, count: shape.groupCodeByteCount)
        var expected = [Int32](repeating: 0, count: 16)
        // The largest entries in a row would break sums that are too narrow.
        let table = (0..<shape.subspaceCount * 16).map { i in
            i % 5 == 0 ? Int8(truncatingIfNeeded: random.next()) : Int8(127)
        }
        for lane in 0..<16 {
            let codes = (0..<shape.subspaceCount).map { _ in UInt8(random.next() % 16) }
            unsafe vk_pack_lane(codes, UInt32(shape.subspaceCount), UInt32(lane), &groupCodes)
            for (m, code) in codes.enumerated() {
                expected[lane] += Int32(table[m * 16 + Int(code)])
            }
        }
        var sums = [Int32](repeating: -1, count: 16)
        unsafe CodeKernels(tier).table.pointee.scan_group(
            groupCodes, table, UInt32(shape.subspaceCount), &sums)
        #expect(sums == expected)
        for lane in 0..<16 {
            let sum = unsafe vk_scan_lane(
                groupCodes, table, UInt32(shape.subspaceCount), UInt32(lane))
            #expect(sum == expected[lane])
        }
    }

    @Test(arguments: KernelTier.available)
    func `tables and estimates have the same bits on every tier`(tier: KernelTier) {
        var random = SampleGenerator(seed: 34)
        for shape in Self.shapes {
            let rotated = random.normals(shape.rotatedCount)
            let halves = random.normals(32).map { Float16($0).bitPattern }
            let sums = (0..<16).map { _ in Int32(truncatingIfNeeded: random.next() % 20_000) }
            let results = [KernelTier.scalar, tier].map { tier in
                let kernels = CodeKernels(tier)
                var cShape = shape.cShape
                var scratch = [Float](repeating: 0, count: shape.subspaceCount * 16)
                var table = [Int8](repeating: 0, count: shape.subspaceCount * 16)
                let step = unsafe kernels.table.pointee.make_table(
                    &cShape, rotated, &scratch, &table)
                var estimates = [Float](repeating: 0, count: 16)
                unsafe kernels.table.pointee.estimate(
                    3.7, 1.3, step, halves, Array(halves[16...]), sums, &estimates)
                return (table, step, estimates)
            }
            #expect(results[0].0 == results[1].0)
            #expect(results[0].1 == results[1].1)
            #expect(results[0].2.map(\.bitPattern) == results[1].2.map(\.bitPattern))
            #expect(results[0].0.contains { abs(Int($0)) == 127 })
        }
    }

    @Test func `there are centroids for 1, 2, 4 and 8 dimensions alone, each around zero`() {
        for dimension in UInt32(0)...9 {
            let centroids = unsafe vk_centroids(dimension)
            let exists = unsafe centroids != nil
            #expect(exists == [1, 2, 4, 8].contains(dimension))
            guard let centroids = unsafe centroids else { continue }
            for j in 0..<Int(dimension) {
                let sum = (0..<16).reduce(Float(0)) { unsafe $0 + centroids[j * 16 + $1] }
                #expect(abs(sum) < 2)
            }
        }
    }
}
