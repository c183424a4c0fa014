// Where planted bugs show soonest.

import VarveMutants
import VarveOracle

/// A kind of cases to look for a planted bug in.
enum MutantTrail {
    /// Cuts at all calls of scenarios.
    case points([String])
    /// Calls of scenarios that go wrong in these ways.
    case calls([String], [String])
    /// Bytes of files whose names have this ending.
    case bytes(DamagedState, String)
    /// Lengths to which such files are cut.
    case lengths(DamagedState, String)
    /// Drawn histories, cut.
    case histories(ClosedRange<UInt64>)

    /// Where to look for `mutant` first; afterwards it is looked for everywhere.
    static func first(for mutant: Mutant) -> [MutantTrail] {
        switch mutant {
        case .dropIntervalSync: [.points(["sync on an interval"])]
        case .ignoreFailedLogSync: [.calls(["each-sync-drops"], ["upsert", "batches"])]
        case .dropSealSync: [.points(["delete"])]
        case .dropLogRenewal: [.calls(["each-sync-drops"], ["a segment dies"])]
        case .skipLogHeaderChecksum: [.points(["reopen"]), .bytes(.open, "")]
        case .skipLogPayloadChecksum: [.bytes(.open, "")]
        case .ignoreSyncedThrough: [.bytes(.open, "")]
        case .ignoreLogRoom: [.lengths(.open, "")]
        case .ignoreLogSuccessor: [.bytes(.open, "")]
        case .reuseFileNumber: [.points(["flush", "reopen"])]
        case .dropPointerRenewal: [.points(["create", "upsert", "batches"])]
        case .skipManifestChecksum: [.bytes(.small, "manifest")]
        case .publishBeforeVerify: [.calls(["segment-phantom"], ["delete", "flush"])]
        case .skipBlockChecksum, .skipSegmentDirectoryChecksum, .skipFirstPageChecksum:
            [.bytes(.small, ".seg")]
        case .skipTombstoneChecksum: [.bytes(.small, ".del")]
        case .raiseLogFloor: [.points(["flush"])]
        case .dropTombstoneSync, .dropTombstonesEarly: [.points(["tombstones"])]
        case .dropTombstoneNameSync: [.points(["a segment dies"])]
        case .forgetMarksAtFlush: [.points(["a log is full"])]
        case .forgetMergeDeletes, .misplaceMergeOutput: [.points(["writes while merging"])]
        case .purgePublishedOnly: [.points(["purge while merging"])]
        case .forgetMarksAtMerge: [.histories(24_002...24_002)]
        case .forgetReplacedByLoad: [.points(["import"])]
        case .dropLoadPlace: [.calls(["each-write-lost-behind"], ["import"])]
        case .unlinkBeforeRename: [.points(["delete"])]
        default: []
        }
    }
}
