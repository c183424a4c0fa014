// A memtable and the segment it becomes have one number and are two sources of marks.

import VarveFormat
import VarveMemtable

extension SegmentID {
    /// The highest bit tells a memtable's rows from the segment's of the same number: their
    /// ordinals differ where rows were superseded before the flush.
    private static let memtableBit: UInt64 = 1 << 63

    /// The source under which rows of the memtable with this number are marked.
    var asMemtableSource: SegmentID { SegmentID(rawValue | Self.memtableBit) }

    /// The segment of a memtable's source.
    fileprivate var asSegment: SegmentID { SegmentID(rawValue & ~Self.memtableBit) }
}

extension Memtable {
    /// The number of the segment that a flush makes of this memtable.
    var segmentID: SegmentID { sourceID.asSegment }
}
