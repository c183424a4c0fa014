// How graphs are merged.

/// The settings of a merge.
public struct MergeParameters: Hashable, Sendable {
    /// Degrees, alpha, filling and seed of the merged graph.
    public var graph = GraphParameters()
    /// The most rows in a leaf; `nil` for 1,024, from half a million rows on 2,048.
    public var leafRowCount: Int?
    /// Bytes a merge may take besides vectors and lists, which are the caller's; it is slower with
    /// less, and takes what it cannot do without: about 50 bytes a row.
    public var memoryByteLimit = 256 << 20

    /// The defaults.
    public init() {}
}
