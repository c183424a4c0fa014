// How a vector is cut into sub-spaces whose centroids are trained.

internal import CKernels

/// The shape of trained product codes: sub-spaces of consecutive dimensions, each coded by the
/// nearest of its own centroids.
public struct ProductShape: Hashable, Sendable {
    /// How many bits stand for a sub-space.
    public enum Width: Int, Hashable, Sendable {
        /// 16 centroids, two sub-spaces a byte.
        case bits4 = 4
        /// 256 centroids.
        case bits8 = 8
    }

    /// Components of a vector, 1 to 65,537.
    public let dimension: Int
    /// Dimensions a sub-space spans, 1 to 16; the last ones may go beyond the vector, where all is
    /// zero.
    public let subspaceDimension: Int
    /// Bits that stand for a sub-space.
    public let width: Width

    /// The shape for vectors of `dimension` components.
    public init(dimension: Int, subspaceDimension: Int, width: Width) {
        precondition((1...65_537).contains(dimension))
        precondition((1...16).contains(subspaceDimension))
        self.dimension = dimension
        self.subspaceDimension = subspaceDimension
        self.width = width
    }

    /// Sub-spaces of a vector; even where two share a byte.
    public var subspaceCount: Int {
        let count = (dimension + subspaceDimension - 1) / subspaceDimension
        return width == .bits4 ? (count + 1) / 2 * 2 : count
    }

    /// Centroids of a sub-space.
    public var centroidCount: Int { 1 << width.rawValue }

    /// Bytes of a row's code.
    public var byteCount: Int { width == .bits4 ? subspaceCount / 2 : subspaceCount }

    /// Components of a vector with the zeros behind it.
    var paddedCount: Int { subspaceCount * subspaceDimension }

    /// Floats of the centroids of one sub-space.
    var subspaceFloatCount: Int { centroidCount * subspaceDimension }

    var cShape: vk_product_shape {
        vk_product_shape(
            subspace_count: UInt32(subspaceCount), subspace_dims: UInt32(subspaceDimension),
            centroid_count: UInt32(centroidCount))
    }
}
