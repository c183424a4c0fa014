// The rotation keeps distances, spreads what it rotates, and has the same bits everywhere.

import Testing
import VarveKernels
import VarveQuantization

@Suite struct RotationTests {
    static let dimensions = [1, 3, 64, 65, 100, 192, 300, 768, 1_025, 1_536]

    func rotate(_ vector: [Float], _ rotation: Rotation, _ tier: KernelTier = .best) -> [Float] {
        var rotated = [Float](repeating: .nan, count: rotation.shape.rotatedCount)
        unsafe rotation.apply(vector, into: &rotated, kernels: CodeKernels(tier))
        return rotated
    }

    @Test(arguments: dimensions)
    func `distances are kept and the mean goes to zero`(dimension: Int) {
        var random = SampleGenerator(seed: UInt64(dimension))
        let mean = random.normals(dimension).map { $0 + 3 }
        let shape = CodeShape(dimension: dimension)
        let rotation = Rotation(shape: shape, seed: 5, mean: mean)
        let (a, b) = (random.normals(dimension), random.normals(dimension))
        let before = squaredL2(a, b)
        let after = squaredL2(rotate(a, rotation), rotate(b, rotation))
        #expect(abs(before - after) <= before * 1e-4)
        #expect(rotate(mean, rotation).allSatisfy { $0 == 0 })
    }

    @Test(arguments: KernelTier.available)
    func `all tiers rotate to the same bits`(tier: KernelTier) {
        for dimension in Self.dimensions {
            var random = SampleGenerator(seed: 2)
            let shape = CodeShape(dimension: dimension)
            let rotation = Rotation(shape: shape, seed: 9, mean: random.normals(dimension))
            let vector = random.normals(dimension)
            #expect(
                rotate(vector, rotation, tier).map(\.bitPattern)
                    == rotate(vector, rotation, .scalar).map(\.bitPattern), "\(dimension)")
        }
    }

    @Test(arguments: [128, 192, 384, 1_000])
    func `a single component is spread over all`(dimension: Int) {
        let shape = CodeShape(dimension: dimension)
        let mean = [Float](repeating: 0, count: dimension)
        for component in [0, dimension / 2, dimension - 1] {
            var vector = mean
            vector[component] = 1
            let rotated = rotate(vector, Rotation(shape: shape, seed: 1, mean: mean))
            let largest = rotated.map(abs).max() ?? 1
            // Evenly spread it would be the root of 1 / count; normally spread, a few times that.
            #expect(largest < 5 / Float(shape.rotatedCount).squareRoot())
        }
    }

    @Test func `another seed is another rotation`() {
        let mean = [Float](repeating: 0, count: 64)
        var vector = mean
        vector[3] = 1
        let shape = CodeShape(dimension: 64)
        let first = rotate(vector, Rotation(shape: shape, seed: 1, mean: mean))
        #expect(first == rotate(vector, Rotation(shape: shape, seed: 1, mean: mean)))
        #expect(first != rotate(vector, Rotation(shape: shape, seed: 2, mean: mean)))
    }
}
