// What compacting has done, and how far it is.

public import VarveFormat

/// What a call of ``Store/compact(_:)`` or ``Store/purge()`` has done.
public struct CompactionReport: Hashable, Sendable {
    /// Merges published.
    public var mergeCount = 0
    /// Segments that went into them.
    public var inputCount = 0
    /// Rows copied.
    public var rowCount = 0
    /// Dead rows left behind.
    public var droppedRowCount = 0
    /// Bytes of the new segments.
    public var writtenByteCount: UInt64 = 0
    /// Bytes of the segments that were replaced.
    public var freedByteCount: UInt64 = 0
    /// Scattered distances computed for new graphs.
    public var distanceCount: UInt64 = 0

    /// Nothing done yet.
    public init() {}
}

/// The merge that is under way.
public struct CompactionStatus: Hashable, Sendable {
    /// The segments being merged.
    public var inputs: [SegmentID]
    /// Why they are.
    public var reason: String
    /// What is being done: gathering, linking, writing, judging.
    public var phase: String
    /// The share of the work that is done, 0 to 1: an estimate.
    public var share: Double
}

/// What ``Store/compact(_:)`` is to do.
public enum CompactionScope: String, Hashable, Sendable {
    /// Whatever the rules for automatic compaction find due.
    case due
    /// One segment of everything, without deleted rows.
    case all
}
