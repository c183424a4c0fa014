// What a check has found.

public import VarveFormat

/// The findings of a check and the figures of its reading.
public struct CheckReport: Sendable {
    /// Everything that was found, in the order it was met.
    public internal(set) var findings: [Finding] = []
    /// Findings beyond ``findingLimit``, which are counted and not kept.
    public internal(set) var droppedFindingCount = 0
    /// Files looked at.
    public internal(set) var fileCount = 0
    /// Bytes read.
    public internal(set) var readByteCount: UInt64 = 0
    /// Checksums compared.
    public internal(set) var checksumCount = 0
    /// Recall@10 over the stored queries, by segment, where they were searched for.
    public internal(set) var recalls: [(segment: SegmentID, recall: Double)] = []
    /// Rows whose codes were made anew and compared.
    public internal(set) var encodedCount = 0
    /// Whether the observer ended the check early.
    public internal(set) var isPartial = false

    /// The most findings that are kept.
    public static let findingLimit = 10_000

    /// The worst of all findings; nil for a store that is as it should be.
    public var worst: Finding.Severity? { findings.map(\.severity).max() }

    /// Findings that keep the live version from answering rightly.
    public var liveDamage: [Finding] {
        findings.filter { $0.role == .live && $0.severity > .oddity }
    }
}
