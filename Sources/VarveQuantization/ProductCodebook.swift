// Centroids fitted to a sample of the vectors they code.

internal import CKernels
package import VarveKernels
public import VarveStorage

/// A trained codebook: 16 or 256 centroids for each sub-space, found by k-means.
///
/// The centroids depend on the rows, the shape and the seed alone, not on the number of threads nor
/// on the machine.
public struct ProductCodebook: Sendable {
    /// How vectors are cut.
    public let shape: ProductShape
    /// Sub-space by sub-space, component by component.
    package let centroids: [Float]

    /// Rows that are trained on at most; further ones are left out evenly.
    public static let sampleLimit = 10_000
    /// Rounds of k-means.
    static let roundCount: UInt32 = 16

    /// Trains on `rowCount` (at least 1) rows of `shape.dimension` finite components, one behind
    /// the other.
    ///
    /// At most ``sampleLimit`` rows are read, one drawn from each of as many equal stretches. Takes
    /// `sampleLimit` × dimensions × centroids × 16 multiplications.
    public init(
        shape: ProductShape, rows: UnsafePointer<Float>, rowCount: Int, seed: UInt64,
        runtime: any Runtime, threadCount: Int
    ) {
        precondition(rowCount > 0)
        self.shape = shape
        let count = min(rowCount, Self.sampleLimit)
        let source = unsafe ProductSample(
            rows: rows, numbers: Self.sample(count, of: rowCount, seed: seed))
        let floatCount = shape.subspaceFloatCount
        centroids = unsafe [Float](
            unsafeUninitializedCapacity: shape.subspaceCount * floatCount
        ) { centroids, initializedCount in
            unsafe centroids.initialize(repeating: 0)
            let target = unsafe CentroidDestination(centroids: centroids)
            runtime.parallel(count: shape.subspaceCount, threadCount: threadCount) { subspace in
                // Safety: every sub-space has centroids of its own.
                let own = unsafe UnsafeMutableBufferPointer(
                    rebasing: target.centroids[
                        subspace * floatCount..<(subspace + 1) * floatCount])
                unsafe source.train(subspace, shape: shape, seed: seed, into: own)
            }
            initializedCount = centroids.count
        }
    }

    /// The numbers of rows to train on: one from each of `count` equal stretches.
    private static func sample(_ count: Int, of rowCount: Int, seed: UInt64) -> [Int] {
        var random = ProductDraws(state: seed)
        return (0..<count).map { place in
            let start = place * rowCount / count
            let length = (place + 1) * rowCount / count - start
            return start + Int(random.next() % UInt64(length))
        }
    }

    /// Writes the `shape.byteCount` bytes that code `vector`: `shape.dimension` finite components.
    public func encode(_ vector: UnsafePointer<Float>, into codes: UnsafeMutablePointer<UInt8>) {
        unsafe encode(vector, into: codes, tier: .best)
    }

    package func encode(
        _ vector: UnsafePointer<Float>, into codes: UnsafeMutablePointer<UInt8>, tier: KernelTier
    ) {
        guard let kernels = unsafe vk_product_kernels_for(vk_tier(tier.rawValue)) else {
            preconditionFailure("this machine has no \(tier)")
        }
        var cShape = shape.cShape
        let (count, padded) = (shape.dimension, shape.paddedCount)
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: padded) { copy in
            unsafe copy.initialize(repeating: 0)
            for i in 0..<count { unsafe copy[i] = unsafe vector[i] }
            unsafe withUnsafeTemporaryAllocation(
                of: UInt8.self, capacity: shape.subspaceCount
            ) { scratch in
                guard let copy = copy.baseAddress, let scratch = scratch.baseAddress else { return }
                unsafe vk_product_encode(kernels, &cShape, centroids, copy, scratch, codes)
            }
        }
    }
}

/// The rows a codebook is trained on.
@safe private struct ProductSample: @unchecked Sendable {
    // Invariant for Sendable: the rows are only read.
    let rows: UnsafePointer<Float>
    let numbers: [Int]

    /// Fits the centroids of one sub-space.
    func train(
        _ subspace: Int, shape: ProductShape, seed: UInt64,
        into centroids: UnsafeMutableBufferPointer<Float>
    ) {
        let dims = shape.subspaceDimension
        let first = subspace * dims
        var points = [Float](repeating: 0, count: numbers.count * dims)
        let end = min(dims, shape.dimension - first)
        if end > 0 {
            for (place, number) in numbers.enumerated() {
                let row = unsafe rows + number * shape.dimension + first
                for i in 0..<end { points[place * dims + i] = unsafe row[i] }
            }
        }
        var codes = [UInt8](repeating: 0, count: numbers.count)
        var sums = [Double](repeating: 0, count: shape.subspaceFloatCount)
        var sizes = [UInt32](repeating: 0, count: shape.centroidCount)
        guard let kernels = unsafe vk_product_kernels_for(vk_tier(KernelTier.best.rawValue)),
            let target = centroids.baseAddress
        else { return }
        unsafe vk_product_train(
            kernels, points, numbers.count, UInt32(dims), UInt32(shape.centroidCount),
            ProductCodebook.roundCount, seed &+ UInt64(subspace) << 32, target, &codes, &sums,
            &sizes)
    }
}

/// Where the threads of a training write, each to sub-spaces of its own.
@safe private struct CentroidDestination: @unchecked Sendable {
    // Invariant for Sendable: no two threads are given the same sub-space.
    let centroids: UnsafeMutableBufferPointer<Float>
}

/// Numbers that depend on a seed alone (SplitMix64).
private struct ProductDraws {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
        return z ^ z >> 31
    }
}
