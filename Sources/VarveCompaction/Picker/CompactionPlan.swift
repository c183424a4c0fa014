// What is to be merged next, and why.

public import VarveFormat

/// Segments to be merged into one.
public struct CompactionPlan: Hashable, Sendable {
    /// Why they are.
    public enum Reason: String, Hashable, Sendable {
        /// Several segments of about the same size.
        case tier
        /// There are more segments than a search should have to look through.
        case count
        /// Too large a share of the rows is deleted or expired.
        case tombstones
        /// No row is alive.
        case dead
        /// The store is larger than it may be.
        case size
        /// Somebody asked for it.
        case demand
    }

    /// The segments, in the order in which the version names them.
    public var inputs: [SegmentID]
    /// Why they are to be merged.
    public var reason: Reason
    /// Bytes the output will take, about.
    public var outputByteCount: UInt64

    /// A plan of these parts.
    public init(inputs: [SegmentID], reason: Reason, outputByteCount: UInt64) {
        self.inputs = inputs
        self.reason = reason
        self.outputByteCount = outputByteCount
    }

    /// The plan to merge `segments`.
    public init(merging segments: [SegmentFacts], reason: Reason) {
        self.init(
            inputs: segments.map(\.id), reason: reason,
            outputByteCount: segments.reduce(0) { $0 + $1.liveByteCount })
    }
}
