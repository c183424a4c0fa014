// When a commit is acknowledged.

/// What an acknowledged commit is worth when the machine loses its power.
public enum DurabilityPolicy: Hashable, Sendable {
    /// Acknowledged once synced: nothing acknowledged is ever lost.
    case everyCommit
    /// Acknowledged once written; synced within `milliseconds`. At most the commits of the last
    /// interval are lost, the latest first, never one from between.
    case interval(milliseconds: UInt32)
    /// Acknowledged once written; synced when asked to. What is lost is what came last.
    case onRequest
}
