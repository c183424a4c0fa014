// The graph of a segment about to be written.

/// Neighbour lists of fixed room, by ordinal.
package struct NeighborLists: Sendable {
    /// The most neighbours a row has.
    package let maximumDegree: Int
    /// How many neighbours each row has.
    package let degrees: [UInt16]
    /// `maximumDegree` places a row, the first `degrees[row]` of them used.
    package let ids: [UInt32]

    /// Lists of these parts.
    package init(maximumDegree: Int, degrees: [UInt16], ids: [UInt32]) {
        precondition(ids.count == degrees.count * maximumDegree)
        self.maximumDegree = maximumDegree
        self.degrees = degrees
        self.ids = ids
    }

    /// Rows there are.
    package var rowCount: Int { degrees.count }

    /// The neighbours of `row`.
    package func neighbors(of row: Int) -> ArraySlice<UInt32> {
        ids[row * maximumDegree..<row * maximumDegree + Int(degrees[row])]
    }
}
