// What a power cut leaves of what was not synced, as data.

/// A way in which a disk may lose power.
///
/// What was synced always survives, and bytes outside of a write never change by it (power-safe
/// overwrite). Two choices, for bytes and for names, combine freely; the static members are the
/// combinations with a history of finding faults.
public struct CrashPolicy: Hashable, Sendable {
    /// What becomes of bytes that were not synced.
    public var content: Content
    /// What becomes of changes to names whose directory was not synced.
    public var names: Names

    /// A policy of these parts.
    public init(content: Content, names: Names) {
        self.content = content
        self.names = names
    }

    /// What becomes of bytes that were not synced.
    public enum Content: Hashable, Sendable {
        /// They are gone.
        case lost
        /// They are all there.
        case kept
        /// Of every file, the first few changes are there.
        case prefix
        /// Every block of every write is there or not; the length may lag behind or run ahead.
        case blocks(byteCount: Int)
        /// Files last written after some moment are whole, files last written before it lose all.
        case laterFiles
        /// The length is the new one, the bytes are the old ones, with zeros behind.
        case grownButZero
        /// Every sector of every write is old, new, zeros, garbage, or new only in its first part.
        case torn
    }

    /// What becomes of changes to names whose directory was not synced.
    public enum Names: Hashable, Sendable {
        /// They are undone.
        case lost
        /// They are all done.
        case kept
        /// Of every directory, the first few are done.
        case prefix
        /// Each is done or not.
        case subset
        /// New names are gone; renames and removals are done.
        case entriesLost
        /// Renames are undone; new names and removals are done.
        case renamesLost
        /// Removals are done, and nothing else.
        case removalsOnly
    }

    /// Only what was synced survives.
    public static let loseUnsynced = CrashPolicy(content: .lost, names: .lost)
    /// Everything survives, as when the process is killed and then the machine shut down in order.
    public static let keepAll = CrashPolicy(content: .kept, names: .kept)
    /// Of every file and directory, a prefix of the changes survives.
    public static let randomPrefixPerFile = CrashPolicy(content: .prefix, names: .prefix)
    /// Every 512-byte sector and every name survives or not.
    public static let randomSubsetPerSector = CrashPolicy(
        content: .blocks(byteCount: 512), names: .subset)
    /// Every 4,096-byte page and every name survives or not.
    public static let randomSubsetPerPage = CrashPolicy(
        content: .blocks(byteCount: 4_096), names: .subset)
    /// Later files survive, earlier ones do not, under all their names.
    public static let laterFileSurvives = CrashPolicy(content: .laterFiles, names: .kept)
    /// Files have their new length and zeros in it.
    public static let grownButZero = CrashPolicy(content: .grownButZero, names: .kept)
    /// Sectors are torn.
    public static let torn = CrashPolicy(content: .torn, names: .kept)
    /// All bytes survive, but not under new names.
    public static let directoryEntryLost = CrashPolicy(content: .kept, names: .entriesLost)
    /// All survives but renames.
    public static let renameLost = CrashPolicy(content: .kept, names: .renamesLost)
    /// Nothing survives but removals.
    public static let unlinkSurvivesAlone = CrashPolicy(content: .lost, names: .removalsOnly)

    /// All policies above.
    public static let all: [CrashPolicy] = [
        .loseUnsynced, .keepAll, .randomPrefixPerFile, .randomSubsetPerSector,
        .randomSubsetPerPage, .laterFileSurvives, .grownButZero, .torn, .directoryEntryLost,
        .renameLost, .unlinkSurvivesAlone,
    ]
}

extension CrashPolicy: CustomStringConvertible {
    /// The two choices, as a replay needs them.
    public var description: String { "content \(content), names \(names)" }
}
