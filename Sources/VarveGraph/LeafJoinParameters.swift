// How a graph is built by comparing the rows of leaves.

/// The settings of ``buildByLeafJoin(table:rowCount:parameters:runtime:threadCount:)``.
public struct LeafJoinParameters: Hashable, Sendable {
    /// Degrees, alpha, filling and seed.
    public var graph = GraphParameters()
    /// How many of its nearest leaders' leaves a row goes into.
    public var fan = 6
    /// The most rows in a leaf; `nil` for 1,024, from half a million rows on 2,048.
    public var leafRowCount: Int?
    /// How many nearest rows every row takes from each of its leaves.
    public var neighboursPerLeaf = 10
    /// How many of all these a row keeps as candidates.
    public var candidateCount = 48
    /// The most links back a row considers, nearest first.
    public var offerLimit = Int(UInt32.max)

    /// The defaults.
    public init() {}

    func leafRowCount(rowCount: Int) -> Int {
        leafRowCount ?? (rowCount < 500_000 ? 1_024 : 2_048)
    }

    func check() {
        graph.check()
        precondition(fan >= 1 && neighboursPerLeaf >= 1, "fan and neighbours are positive")
        precondition((leafRowCount ?? 64) >= 16, "a leaf has room for 16 rows")
        precondition((graph.maxDegree...65_535).contains(candidateCount), "candidates fill a list")
    }
}
