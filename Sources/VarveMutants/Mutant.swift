// Bugs that are planted on purpose, to measure whoever looks for bugs.

public import Synchronization

/// A bug that a build with the flag `VARVE_MUTANTS` can be given at run time, one at a time.
///
/// In every other build ``isPlanted(_:)`` is the constant false and compiles to nothing.
public enum Mutant: Int, CaseIterable, Sendable {
    // The log.
    /// Commits are acknowledged without a sync.
    case acknowledgeEarly
    /// No sync of the log reaches the disk, asked for or not.
    case dropLogSync
    /// Syncs on an interval never happen.
    case dropIntervalSync
    /// A sync of the log that fails counts as done.
    case ignoreFailedLogSync
    /// A new log is not synced before it gets its name.
    case dropLogCreationSync
    /// A new log's name is not synced.
    case dropLogNameSync
    /// A log is sealed without its syncs.
    case dropSealSync
    /// The last log is not renewed by whoever opens a store.
    case dropLogRenewal
    /// Headers of log records are believed.
    case skipLogHeaderChecksum
    /// Payloads of log records are believed.
    case skipLogPayloadChecksum
    /// Damage in the middle of a log is taken for a torn tail.
    case ignoreSyncedThrough
    /// A log may be shorter than it was promised to be.
    case ignoreLogRoom
    /// A log is read without asking the next one where it ends.
    case ignoreLogSuccessor
    // Recovery.
    /// Replay leaves out the first batch of what it has to apply.
    case recoverOffByOne
    /// Replay leaves out the last operation of a batch.
    case replayDropsLastOperation
    /// The names of a batch's attributes are taken for the store's.
    case skipAttributeRenaming
    /// Numbers of files that a crash has left are given out again.
    case reuseFileNumber
    /// Opening does not make durable what a version's writer had no time to.
    case dropPointerRenewal
    /// Opening for reading takes the lock.
    case lockToRead
    // Versions.
    /// A manifest is not synced.
    case dropManifestSync
    /// A manifest's name is not synced.
    case dropManifestNameSync
    /// The pointer's bytes are not synced.
    case dropPointerSync
    /// The pointer's name is not synced.
    case dropPointerNameSync
    /// The old pointer is removed before the new one gets its name.
    case unlinkBeforeRename
    /// Old logs are removed before the version that does without them is durable.
    case retireBeforePublish
    /// What no version needs is never retired.
    case dropRetirement
    /// A manifest is believed, digest and checksum.
    case skipManifestChecksum
    /// A flush counts one log too many as no longer needed.
    case raiseLogFloor
    // Segments.
    /// A segment is not synced.
    case dropSegmentSync
    /// A segment's name is not synced.
    case dropSegmentNameSync
    /// A segment is published without being read back.
    case publishBeforeVerify
    /// Blocks of segments are believed.
    case skipBlockChecksum
    /// The directory of a segment is believed.
    case skipSegmentDirectoryChecksum
    /// The first page of a segment is believed.
    case skipFirstPageChecksum
    // Deletes.
    /// A tombstone file is not synced.
    case dropTombstoneSync
    /// A tombstone file's name is not synced.
    case dropTombstoneNameSync
    /// A tombstone file is believed, digest and checksum.
    case skipTombstoneChecksum
    /// Tombstones of a segment replace those it had.
    case dropTombstonesEarly
    /// Marks on a memtable are not translated when it becomes a segment.
    case forgetMarksAtFlush
    /// Deletes that arrive while segments are merged do not reach the output.
    case forgetMergeDeletes
    /// Marks on merged segments are not translated.
    case forgetMarksAtMerge
    /// The output of a merge stands behind all other segments.
    case misplaceMergeOutput
    /// A purge does not look at what a merge under way writes.
    case purgePublishedOnly
    /// A bulk load does not delete the rows that it replaces.
    case forgetReplacedByLoad
    /// A load takes no place among the writes.
    case dropLoadPlace

    /// The planted bug; none if negative.
    @usableFromInline static let planted = Atomic<Int>(-1)
    @usableFromInline static let reached = Atomic<Int>(0)

    /// Whether this build has mutants.
    public static var isBuiltIn: Bool {
        #if VARVE_MUTANTS
            true
        #else
            false
        #endif
    }

    /// Whether `mutant` is the planted bug.
    @inlinable @inline(__always)
    public static func isPlanted(_ mutant: Mutant) -> Bool {
        #if VARVE_MUTANTS
            guard planted.load(ordering: .relaxed) == mutant.rawValue else { return false }
            reached.add(1, ordering: .relaxed)
            return true
        #else
            return false
        #endif
    }

    /// Plants a bug, or takes it away.
    public static func plant(_ mutant: Mutant?) {
        planted.store(mutant?.rawValue ?? -1, ordering: .relaxed)
        reached.store(0, ordering: .relaxed)
    }

    /// How often the planted bug has been come upon.
    public static var reachedCount: Int { reached.load(ordering: .relaxed) }
}
