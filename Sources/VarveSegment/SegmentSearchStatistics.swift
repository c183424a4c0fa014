// What searches of segments cost.

/// What searches of segments cost, counted.
public struct SegmentSearchStatistics: Hashable, Sendable {
    /// Nodes whose neighbours were looked at.
    public var expandedNodeCount = 0
    /// Distances estimated from codes.
    public var codeDistanceCount = 0
    /// Distances computed from stored vectors.
    public var exactDistanceCount = 0
    /// Node pages asked for by searches that read pages.
    public var pageCount = 0
    /// Times that searches by pages waited for pages, one or several at a time.
    public var roundCount = 0
    /// Segments scanned from end to end, or row by row over a set.
    public var scanCount = 0

    /// Nothing counted yet.
    public init() {}
}
