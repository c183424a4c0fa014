// What loading a store has come across.

public import VarveFormat

/// What was found beside the live version when a store was loaded.
public struct LoadReport: Hashable, Sendable {
    /// Whether the version was chosen as the only end of the chain because CURRENT is missing or
    /// unreadable.
    ///
    /// Only in a store loaded read-only.
    public var choseWithoutCurrent = false
    /// What is wrong with CURRENT; nil if nothing is, or if it is missing.
    public var currentError: FormatError?
    /// Versions newer than the live one, left by interrupted publications and ignored.
    public var newerVersions: [VersionNumber] = []
    /// Whether an older version that should have been kept is missing or damaged.
    public var historyIsBroken = false

    /// A report of nothing unusual.
    public init() {}
}
