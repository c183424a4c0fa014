// How graphs are merged.

/// The settings of a merge.
public struct MergeParameters: Hashable, Sendable {
    /// Degrees, alpha, filling and seed of the merged graph.
    public var graph = GraphParameters()
    /// The most rows in a leaf; `nil` for 1,024, from half a million rows on 2,048.
    public var leafRowCount: Int?
    /// Numbers for comparing leaf by leaf; `nil` for those of the regime.
    public var leaves: LeafMergeSettings?
    /// The width of the searches of absorbed rows; `nil` for 32, from half a million rows on 48.
    public var absorbWidth: Int?
    /// Bytes a merge may take besides vectors and lists, which are the caller's; it is slower with
    /// less, and takes what it cannot do without: about 50 bytes a row.
    public var memoryByteLimit = 256 << 20

    /// The defaults.
    public init() {}

    func leafRowCount(rowCount: Int) -> Int {
        leafRowCount ?? (rowCount < 500_000 ? 1_024 : 2_048)
    }
}
