// Where the parts of a walk block lie.

package import CKernels

/// The layout of the blocks of one graph: a node's 8-bit vector, its neighbours and their codes in
/// one record.
///
/// All parts begin at multiples of 64 bytes: a header of 64 (byte row, degree, row), the codes of
/// the vector, then as many groups of 16 neighbours as the degree needs, each with the numbers of
/// their blocks (64 bytes), factors A and B (32 each, float16) and codes.
public struct WalkBlockLayout: Hashable, Sendable {
    /// Components of a vector, 1 to 65,536, without the lift.
    public let dimension: Int
    /// Whether vectors have a lift, one more component in every distance.
    public let isLifted: Bool
    /// Neighbours a node has at most, 1 to 1,024.
    public let maxDegree: Int
    /// The shape of the neighbours' codes.
    public let shape: CodeShape

    /// The layout for nodes of up to `maxDegree` neighbours.
    public init(dimension: Int, isLifted: Bool, maxDegree: Int, subspaceDimension: Int? = nil) {
        precondition((1...65_536).contains(dimension))
        precondition((1...1_024).contains(maxDegree))
        self.dimension = dimension
        self.isLifted = isLifted
        self.maxDegree = maxDegree
        let dimension = dimension + (isLifted ? 1 : 0)
        shape =
            subspaceDimension.map { CodeShape(dimension: dimension, subspaceDimension: $0) }
            ?? CodeShape(dimension: dimension)
    }

    /// Neighbours of one group.
    public static let groupLaneCount = Int(vk_group_lanes)

    /// Where the degree stands in a block: 4 bytes.
    public static let degreeOffset = Int(vk_walk_degree_offset)

    /// Where the row stands that a block belongs to: 4 bytes.
    public static let rowOffset = Int(vk_walk_row_offset)

    /// Where the codes of the vector stand in a block.
    public static let vectorOffset = Int(vk_walk_header_bytes)

    /// Where factors A, factors B and codes stand in a group, behind the ids.
    public static let groupOffsets = (
        a: Int(vk_walk_a_offset), b: Int(vk_walk_b_offset), codes: Int(vk_walk_codes_offset)
    )

    /// Codes of a vector with the zeros behind them.
    public var paddedCount: Int { ByteRow.paddedCount(dimension: dimension) }

    /// Where the first group stands in a block.
    public var groupsOffset: Int { Self.vectorOffset + paddedCount }

    /// Groups of a block at most.
    public var groupCount: Int { (maxDegree + Self.groupLaneCount - 1) / Self.groupLaneCount }

    /// Groups of the block of a row with so many neighbours; at least one.
    public func groupCount(degree: Int) -> Int {
        max(1, (degree + Self.groupLaneCount - 1) / Self.groupLaneCount)
    }

    /// Bytes of a group.
    public var groupByteCount: Int { Self.groupOffsets.codes + shape.groupCodeByteCount }

    /// Bytes of a block of so many groups, a multiple of 64.
    public func byteCount(groupCount: Int) -> Int { groupsOffset + groupCount * groupByteCount }

    package var cLayout: vk_walk_layout {
        vk_walk_layout(
            dimension: UInt32(dimension), padded_count: UInt32(paddedCount),
            subspace_count: UInt32(shape.subspaceCount), group_count: UInt32(groupCount),
            least_bytes: byteCount(groupCount: 1), group_bytes: groupByteCount)
    }
}
