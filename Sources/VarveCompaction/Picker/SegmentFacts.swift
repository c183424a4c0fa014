// What the picker knows of a segment.

public import VarveFormat

/// A segment as the picker sees it: sizes and counts, nothing of its content.
public struct SegmentFacts: Hashable, Sendable {
    /// The segment's number.
    public var id: SegmentID
    /// Rows in it, deleted ones included.
    public var rowCount: Int
    /// Rows that are deleted.
    public var deletedRowCount: Int
    /// Rows that are not deleted and whose time has come.
    public var expiredRowCount: Int
    /// Bytes of its file.
    public var byteCount: UInt64
    /// Bytes its tombstones take.
    public var tombstoneByteCount: UInt64

    /// Facts of these parts.
    public init(
        id: SegmentID, rowCount: Int, deletedRowCount: Int = 0, expiredRowCount: Int = 0,
        byteCount: UInt64, tombstoneByteCount: UInt64 = 0
    ) {
        self.id = id
        self.rowCount = rowCount
        self.deletedRowCount = deletedRowCount
        self.expiredRowCount = expiredRowCount
        self.byteCount = byteCount
        self.tombstoneByteCount = tombstoneByteCount
    }

    /// Rows that a merge would keep.
    public var liveRowCount: Int { max(0, rowCount - deletedRowCount - expiredRowCount) }

    /// The share of its rows that a merge would leave behind.
    public var deadShare: Double {
        rowCount == 0 ? 1 : Double(rowCount - liveRowCount) / Double(rowCount)
    }

    /// Bytes the live rows will take in another segment, about.
    public var liveByteCount: UInt64 {
        rowCount == 0 ? 0 : UInt64(Double(byteCount) * (1 - deadShare))
    }
}
