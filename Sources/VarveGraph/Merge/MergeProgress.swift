// How far a merge is.

/// The work of a merge done so far.
public struct MergeProgress: Hashable, Sendable {
    /// The share of the work that is done, 0 to 1: an estimate that never falls.
    public var share: Double
    /// Whether there is nothing left to do but to take the graph.
    public var isFinished: Bool
}
