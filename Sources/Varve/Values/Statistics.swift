// What a store can say about itself at any moment.

public import VarveFormat

/// A store in figures, all of one moment; counters count from its opening.
public struct Statistics: Hashable, Sendable {
    /// Rows visible to a search.
    public var rowCount = 0
    /// The last write that is visible.
    public var sequence = SequenceNumber.zero
    /// The published version.
    public var version = VersionNumber(0)
    /// Segments of it.
    public var segmentCount = 0
    /// Rows in segments, deleted ones included.
    public var segmentRowCount = 0
    /// Rows of segments that are deleted, marked or superseded.
    public var deadRowCount = 0
    /// Bytes of segment files.
    public var segmentByteCount: UInt64 = 0
    /// Memtables that wait for their flush.
    public var sealedMemtableCount = 0
    /// Bytes of memory all memtables take.
    public var memtableByteCount = 0
    /// Rows of memtables that are in their graphs already.
    public var indexedMemtableRowCount = 0
    /// Bytes of codes, lists, checksums and ids that searches by pages keep in memory.
    public var pageCodeByteCount = 0
    /// Bytes of memory the page cache takes.
    public var pageCacheByteCount = 0
    /// Pages found in the cache, and pages that had to be read.
    public var pageCacheHitCount: UInt64 = 0, pageCacheMissCount: UInt64 = 0
    /// Bytes of memory the whole process has resident.
    public var residentByteCount = 0
    /// Batches, rows and deletes written.
    public var batchCount: UInt64 = 0, writtenRowCount: UInt64 = 0, deleteCount: UInt64 = 0
    /// Bytes of batches in the log, record headers not counted.
    public var loggedByteCount: UInt64 = 0
    /// Syncs of the log.
    public var logSyncCount: UInt64 = 0
    /// Memtables flushed, and bytes of the segments they became.
    public var flushCount: UInt64 = 0, flushedByteCount: UInt64 = 0
    /// Rows a second at which writing can be sustained, about: as the last flushes have gone, and
    /// no more than the one under way still may; a cautious guess before the first has ended.
    public var sustainableRowsPerSecond = 0
    /// Merges of segments published, and graphs of merges that were refused for their recall.
    public var mergeCount: UInt64 = 0, refusedMergeCount: UInt64 = 0
    /// Bytes of the segments that merges have written.
    public var compactedByteCount: UInt64 = 0
    /// The merge under way.
    public var compaction: CompactionStatus?
    /// Times writes were slowed or stopped, and for how long they were stopped in all.
    public var stallCount: UInt64 = 0, stallNanoseconds: UInt64 = 0
    /// The longest time for which writes were stopped.
    public var longestStallNanoseconds: UInt64 = 0
    /// Searches answered.
    public var searchCount: UInt64 = 0
    /// Times damaged bytes were met.
    public var corruptionCount: UInt64 = 0

    /// Bytes written to disk for each byte logged: log and segments over log; zero before the first
    /// write.
    public var writeAmplification: Double {
        loggedByteCount == 0
            ? 0
            : Double(loggedByteCount + flushedByteCount + compactedByteCount)
                / Double(loggedByteCount)
    }

    /// Bytes of segments written for each byte flushed: how often merging rewrites what flushing
    /// has written, the first time included; zero before the first flush.
    public var segmentAmplification: Double {
        flushedByteCount == 0
            ? 0 : Double(flushedByteCount + compactedByteCount) / Double(flushedByteCount)
    }
}

extension Store {
    /// The store in figures.
    ///
    /// Costs a walk over the marks of the memtables; meant to be called now and then, not for every
    /// query.
    ///
    /// - Throws: ``StoreError`` `closed`.
    public func statistics() throws(StoreError) -> Statistics {
        try engine.requireOpen()
        return engine.statistics()
    }
}
