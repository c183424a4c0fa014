// How a rotated vector is cut into sub-spaces, each coded by the nearest of 16 centroids.

package import CKernels

/// The shape of 4-bit codes: how many dimensions a sub-space spans decides the rate.
///
/// Sub-space *m* of a rotated vector holds components *m*, *m* + ``subspaceCount``, *m* + 2 ×
/// ``subspaceCount``…; after a random rotation any grouping serves as well as any other.
public struct CodeShape: Hashable, Sendable {
    /// Components of a vector before the rotation, 1 to 65,537.
    public let dimension: Int
    /// Dimensions a sub-space spans: 2, 4 or 8; in codes of rows also 1.
    public let subspaceDimension: Int
    /// Components of a rotated vector: the dimension up to a multiple of 64 (of 128 where
    /// sub-spaces span 8).
    public let rotatedCount: Int

    /// Sub-spaces of a rotated vector, a multiple of 16.
    public var subspaceCount: Int { rotatedCount / subspaceDimension }

    /// Bytes of the codes of 16 rows.
    public var groupCodeByteCount: Int { subspaceCount * 8 }

    /// The shape for vectors of `dimension` components with sub-spaces that span
    /// `subspaceDimension`.
    public init(dimension: Int, subspaceDimension: Int) {
        precondition((1...65_537).contains(dimension))
        precondition([1, 2, 4, 8].contains(subspaceDimension))
        self.dimension = dimension
        self.subspaceDimension = subspaceDimension
        let multiple = subspaceDimension == 8 ? 128 : 64
        rotatedCount = (dimension + multiple - 1) / multiple * multiple
    }

    /// The shape whose estimates are good enough to steer a walk.
    ///
    /// 2 dimensions a sub-space up to 192, 4 up to 1,024, 8 above: the relative error of an
    /// estimate falls with the root of the dimension.
    public init(dimension: Int) {
        self.init(
            dimension: dimension,
            subspaceDimension: dimension <= 192 ? 2 : dimension <= 1_024 ? 4 : 8)
    }

    /// The shape of the codes of `rowCount` rows of a segment.
    ///
    /// A dimension a sub-space up to 512 dimensions, 2 up to 1,024, 4 up to 2,048, 8 above; coarser
    /// where the codes would take more than 64 MiB, down to a quarter of a byte a dimension, but
    /// not below 32 bytes a row nor, beyond them, below 104.
    public static func rows(dimension: Int, rowCount: Int) -> CodeShape {
        var span = dimension <= 512 ? 1 : dimension <= 1_024 ? 2 : dimension <= 2_048 ? 4 : 8
        while span < 8 {
            let shape = CodeShape(dimension: dimension, subspaceDimension: span)
            let floor = min(104, max(32, shape.rotatedCount / 4))
            guard shape.rowCodeByteCount > floor,
                rowCount > 64 << 20 / shape.rowCodeByteCount
            else { return shape }
            span *= 2
        }
        return CodeShape(dimension: dimension, subspaceDimension: span)
    }

    /// Bytes of the code of a row.
    public var rowCodeByteCount: Int { subspaceCount / 2 }

    package var cShape: vk_code_shape {
        vk_code_shape(
            padded: UInt32(rotatedCount), subspace_dims: UInt32(subspaceDimension),
            subspace_count: UInt32(subspaceCount))
    }
}
