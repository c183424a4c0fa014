// When a walk stops.

internal import CKernels
package import VarveKernels

/// When a walk stops and how many results it keeps.
///
/// Two rules, alone or together, whichever stops first. *Slack*: stop when nothing open is nearer
/// than (1 + slack) times the result of rank `stopRank`; it spends little on easy queries and much
/// on hard ones. *Width*: stop when `width` expanded nodes are nearer than everything open, as a
/// beam search of that list size does.
public struct WalkRule: Hashable, Sendable {
    /// Results kept, nearest first; at least 1.
    public var resultCount: Int
    /// The rank of the result the slack refers to, 1 to `resultCount`; usually the results the
    /// caller asked for.
    public var stopRank: Int
    /// The slack on squared distances, zero or more; nil where it is not in force.
    public var slack: Float?
    /// The width; nil where it is not in force.
    public var width: Int?
    /// The slack within which rows met but never expanded are measured at the end; nil: they are
    /// left out.
    ///
    /// They may be results then. A little above `slack` it lets walks stop earlier where data is
    /// easy.
    public var tailSlack: Float?
    /// Nodes expanded at most.
    public var expansionCap: Int
    /// A block that is treated as if it were not there.
    package var excluded: BlockNumber?
    /// Of a walk among several, and of one that keeps the front of another: it goes on in any case
    /// until so many expanded nodes are nearer than everything open, 1 to ``maximumLead``.
    package var lead = 1
    /// Groups of near seeds that a walk looks through, up to ``maximumSeedGroupCount``; zero for
    /// all of them.
    package var seedGroupCount = 0
    package static let maximumSeedGroupCount = Int(vk_walk_seed_range_limit)
    package static let maximumLead = Int(vk_walk_lead_limit)
    /// Whether the width counts what the walk before, over another graph, has expanded.
    package var keepsFront = false

    /// Stops by slack.
    public init(resultCount: Int, stopRank: Int, slack: Float, expansionCap: Int = 100_000) {
        self.resultCount = resultCount
        self.stopRank = stopRank
        self.slack = slack
        self.width = nil
        self.tailSlack = nil
        self.expansionCap = expansionCap
    }

    /// Stops by width.
    public init(resultCount: Int, width: Int, expansionCap: Int = 100_000) {
        self.resultCount = resultCount
        self.stopRank = resultCount
        self.slack = nil
        self.width = width
        self.tailSlack = nil
        self.expansionCap = expansionCap
    }
}
