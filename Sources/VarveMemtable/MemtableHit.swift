// What a search of a memtable finds, and what it costs.

public import VarveFormat

/// A row found by a search.
public struct MemtableHit: Hashable, Sendable {
    /// The row.
    public var row: RowOrdinal
    /// Its exact distance: squared Euclidean distance, one minus cosine, or the negated inner
    /// product.
    public var distance: Float

    /// A hit of these parts.
    public init(row: RowOrdinal, distance: Float) {
        self.row = row
        self.distance = distance
    }
}

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
