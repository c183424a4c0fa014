// A row and how far it is.

public import VarveFormat

/// A row with its squared distance; ordered by distance, equals by row.
public struct RowDistance: Hashable, Comparable, Sendable {
    /// The squared L2 distance of the 8-bit vectors.
    public var distance: Float
    /// The row.
    public var row: RowOrdinal

    /// Pairs a row with its distance.
    public init(distance: Float, row: RowOrdinal) {
        self.distance = distance
        self.row = row
    }

    package init(key: UInt64) {
        distance = Float(bitPattern: UInt32(truncatingIfNeeded: key >> 32))
        row = RowOrdinal(UInt32(truncatingIfNeeded: key) >> 1)
    }

    public static func < (a: RowDistance, b: RowDistance) -> Bool {
        (a.distance, a.row) < (b.distance, b.row)
    }
}
