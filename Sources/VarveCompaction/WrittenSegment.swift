// What has become of rows that were written as a segment.

public import VarveFormat

/// A segment that has been written, made durable and verified.
public struct WrittenSegment: Hashable, Sendable {
    /// What a manifest says about it.
    public var record: SegmentRecord
    /// The recall@10 that searches for its canary queries reached; nil if it is too small to have
    /// any width measured.
    public var recall: Double?
}
