// The place of a walk block among the blocks of its graph.

/// The number of a walk block, counted from zero in the order the blocks stand in: that of their
/// groups, and among equals that of their rows.
public struct BlockNumber: Hashable, Sendable {
    /// The number.
    public let rawValue: UInt32

    /// The block of this number.
    public init(_ rawValue: UInt32) { self.rawValue = rawValue }

    /// The number as an index.
    public var index: Int { Int(rawValue) }
}
