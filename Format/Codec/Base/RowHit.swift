// A row that a search found.

/// A row of one source (a memtable, a segment) and its exact distance from a query.
public struct RowHit: Hashable, Sendable {
    /// The row.
    public var row: RowOrdinal
    /// The distance in the schema's metric (squared Euclidean distance, one minus cosine, or the
    /// negated inner product): smaller is nearer.
    public var distance: Float

    /// A hit of these parts.
    public init(row: RowOrdinal, distance: Float) {
        self.row = row
        self.distance = distance
    }
}
