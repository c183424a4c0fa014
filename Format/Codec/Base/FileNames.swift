// The names of a store's files, and which number each carries.

/// The names of files and folders inside a store's directory, relative to it.
public enum FileNames {
    /// The pointer to the live manifest.
    public static let current = "CURRENT"
    /// Where the next CURRENT is written before its rename.
    public static let currentTemporary = "CURRENT.tmp"
    /// What a process that has the store open holds locked.
    public static let lock = "LOCK"
    /// The folder of write-ahead logs.
    public static let logFolder = "log"
    /// The folder of segments and their tombstones.
    public static let segmentFolder = "segments"
    /// The folder of retired files.
    public static let trashFolder = "trash"

    /// The name of version `number`: `manifest-000042`.
    public static func manifest(_ number: VersionNumber) -> String {
        "manifest-" + padded(number.rawValue)
    }

    /// The name of log `number`: `log/000017.wal`.
    public static func log(_ number: LogNumber) -> String {
        "\(logFolder)/\(padded(number.rawValue)).wal"
    }

    /// The name of segment `number`: `segments/000031.seg`.
    public static func segment(_ number: SegmentID) -> String {
        "\(segmentFolder)/\(padded(number.rawValue)).seg"
    }

    /// The name of the tombstones of `segment` as of `version`: `segments/000031-000042.del`.
    public static func tombstones(_ segment: SegmentID, _ version: VersionNumber) -> String {
        "\(segmentFolder)/\(padded(segment.rawValue))-\(padded(version.rawValue)).del"
    }

    /// The name of part `part` of what a merge into `segment` spills: `segments/000031-0.tmp`.
    public static func scratch(_ segment: SegmentID, part: Int) -> String {
        "\(segmentFolder)/\(padded(segment.rawValue))-\(part).tmp"
    }

    /// The name of the file of an archive with what the merge into `segment` has dropped:
    /// `000031.jsonl`.
    public static func archive(_ segment: SegmentID) -> String {
        "\(padded(segment.rawValue)).jsonl"
    }

    /// Whether a name is that of a file of an archive.
    public static func isArchive(_ name: String) -> Bool {
        name.hasSuffix(".jsonl") && number(name.dropLast(6)) != nil
    }

    /// Whether a name inside the segment folder is that of a scratch file.
    public static func isScratch(_ name: String) -> Bool {
        guard name.hasSuffix(".tmp") else { return false }
        let parts = name.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, number(parts[0]) != nil, let part = Int(parts[1]) else {
            return false
        }
        return String(part) == parts[1] && part >= 0
    }

    /// `number` in decimal with at least six digits.
    static func padded(_ number: UInt64) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, 6 - digits.count)) + digits
    }

    /// The number of a manifest, from its name; nil for any other name.
    public static func manifestNumber(_ name: String) -> VersionNumber? {
        guard name.hasPrefix("manifest-") else { return nil }
        return number(name.dropFirst("manifest-".count)).map { VersionNumber($0) }
    }

    /// The number of a log, from its name inside the log folder; nil for any other name.
    public static func logNumber(_ name: String) -> LogNumber? {
        guard name.hasSuffix(".wal") else { return nil }
        return number(name.dropLast(4)).map { LogNumber($0) }
    }

    /// The number of a segment, from its name inside the segment folder; nil for any other name.
    public static func segmentNumber(_ name: String) -> SegmentID? {
        guard name.hasSuffix(".seg") else { return nil }
        return number(name.dropLast(4)).map { SegmentID($0) }
    }

    /// Segment and version of a tombstone file, from its name inside the segment folder.
    public static func tombstoneNumbers(_ name: String) -> (SegmentID, VersionNumber)? {
        guard name.hasSuffix(".del") else { return nil }
        let parts = name.dropLast(4).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2, let segment = number(parts[0]), let version = number(parts[1])
        else {
            return nil
        }
        return (SegmentID(segment), VersionNumber(version))
    }

    /// A number written as ``padded(_:)`` writes it, and in no other way.
    private static func number(_ text: Substring) -> UInt64? {
        guard let value = UInt64(text), padded(value) == text else { return nil }
        return value
    }
}
