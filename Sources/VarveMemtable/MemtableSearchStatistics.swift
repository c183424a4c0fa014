// What searches of memtables cost.

/// What searches of memtables cost; a search adds to it.
public struct MemtableSearchStatistics: Hashable, Sendable {
    /// Graph nodes whose neighbours were looked at.
    public var expandedNodeCount = 0
    /// Distances computed from 8-bit codes.
    public var byteDistanceCount = 0
    /// Distances computed from stored vectors.
    public var exactDistanceCount = 0

    /// Nothing spent yet.
    public init() {}
}
