// What a file is to the live version.

/// The part a file plays in a store.
public enum FileRole: String, Hashable, Sendable, CaseIterable {
    /// The live version, or what it needs.
    case live
    /// What a kept older version needs, or that version itself.
    case history
    /// Newer than the live version: being made, or left by a making that was cut off.
    case ahead
    /// Nothing needs it; the next retirement moves it to the trash.
    case obsolete
    /// Retired, and kept for a grace period.
    case trash
    /// A half-made file that the next opening removes.
    case temporary
    /// The lock.
    case lock
    /// No store makes a file of that name here.
    case stranger
}
