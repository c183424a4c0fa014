// What a store tells its owner unasked.

public import VarveFormat

/// What a store tells its owner, as closures; each is optional.
///
/// They are called on the store's own threads, or on the thread of the call that met the event.
/// They must be quick, must not call the store, and must not hold the last reference to it.
public struct EventListener: Sendable {
    /// A memtable has become a segment.
    public var flushed: (@Sendable (FlushEvent) -> Void)?
    /// A merge of segments has begun.
    public var compactionBegan: (@Sendable (CompactionStatus) -> Void)?
    /// A step of a merge has been made.
    public var compactionProgressed: (@Sendable (CompactionStatus) -> Void)?
    /// A merged graph has lost recall: it was thrown away, and a new one built in its place.
    public var compactionRefused: (@Sendable (CompactionRefusal) -> Void)?
    /// Segments have been replaced by one, or dropped because no row of them was alive.
    public var compacted: (@Sendable (CompactionEvent) -> Void)?
    /// Writes are being slowed or stopped because flushing is behind.
    public var stallBegan: (@Sendable (StallEvent) -> Void)?
    /// Writes run freely again.
    public var stallEnded: (@Sendable (StallEvent) -> Void)?
    /// A sync of the log took longer than a second.
    public var diskSlow: (@Sendable (_ call: String, _ nanoseconds: UInt64) -> Void)?
    /// The disk has less free space than ``Options/lowSpaceByteCount``.
    public var lowSpace: (@Sendable (_ freeByteCount: UInt64) -> Void)?
    /// Damaged bytes were met.
    public var corruption: (@Sendable (StoreError) -> Void)?
    /// Background work failed.
    ///
    /// A merge is tried again later, without segments that turned out to be damaged; so is a flush
    /// if the disk was full, else the store is failed.
    public var backgroundFailure: (@Sendable (StoreError) -> Void)?

    /// A listener that hears nothing.
    public init() {}
}

/// A memtable became a segment.
public struct FlushEvent: Hashable, Sendable {
    /// The new segment; nil if no row of the memtable was alive.
    public var segment: SegmentID?
    /// Rows in it.
    public var rowCount: Int
    /// Bytes of its file.
    public var byteCount: UInt64
    /// The recall@10 that searches for the segment's own queries reached; nil if it is too small.
    ///
    /// Low where vectors have no structure, as noise has none: then ask for more effort.
    public var recall: Double?
    /// Nanoseconds from the start of the flush to its publication.
    public var nanoseconds: UInt64
}

/// Segments left the store.
public struct CompactionEvent: Hashable, Sendable {
    /// The segments that left.
    public var inputs: [SegmentID]
    /// The segment that holds their live rows now; nil if there were none.
    public var output: SegmentID?
    /// Deleted rows that went with them.
    public var droppedRowCount: Int
    /// Bytes of their files, which are in the trash until its grace has passed.
    public var freedByteCount: UInt64
    /// Why they were merged; `dead` if no row of them was alive.
    public var reason = "dead"
    /// How the graph of the output was made: absorb, asymmetric, symmetric, rebuild; `none` without
    /// an output.
    public var regime = "none"
    /// Rows of the output, and bytes of its file.
    public var rowCount = 0, byteCount: UInt64 = 0
    /// The recall@10 of searches of the inputs and of the output, for the output's own queries at
    /// the same width in all; nil if it has none.
    public var sourceRecall: Double?, outputRecall: Double?
    /// Nanoseconds from the beginning of the merge to its publication.
    public var nanoseconds: UInt64 = 0

    init(
        inputs: [SegmentID], output: SegmentID?, droppedRowCount: Int, freedByteCount: UInt64
    ) {
        self.inputs = inputs
        self.output = output
        self.droppedRowCount = droppedRowCount
        self.freedByteCount = freedByteCount
    }
}

/// A merged graph found less than the graphs it was made of.
public struct CompactionRefusal: Hashable, Sendable {
    /// The segments that were merged.
    public var inputs: [SegmentID]
    /// What searches of the inputs find, and what a search of the refused output found.
    public var sourceRecall: Double, outputRecall: Double
}

/// Writing waits for flushing.
public struct StallEvent: Hashable, Sendable {
    /// How hard writes are held back.
    public enum Kind: String, Hashable, Sendable {
        /// Each commit is delayed a little.
        case slowed
        /// Commits wait until a flush has ended.
        case stopped
    }

    /// How hard writes are held back.
    public var kind: Kind
    /// Sealed memtables that wait for their flush.
    public var waitingMemtableCount: Int
    /// Nanoseconds since the stall began; zero in `stallBegan`.
    public var nanoseconds: UInt64
}
