// How hard a search tries.

/// When a walk over a graph stops; more effort finds more of the true neighbours.
public struct SearchEffort: Hashable, Sendable {
    /// Stop once so many expanded nodes are nearer than everything else known; 0 for no such stop.
    public var width: Int
    /// Stop once nothing known is nearer than (1 + γ) times the k-th squared distance; negative for
    /// no such stop.
    public var gamma: Float

    /// Stops at whichever comes first.
    public init(width: Int, gamma: Float = -1) {
        precondition(width > 0 || gamma >= 0, "a search must stop somewhere")
        self.width = max(0, width)
        self.gamma = gamma
    }

    /// Whether the slack alone says when to stop.
    public var isSlackAlone: Bool { gamma >= 0 && width == 0 }

    /// The effort that finds as many rows where only `share` of those met may be results, up to 64
    /// times as wide.
    func widened(share: Double) -> SearchEffort {
        var effort = self
        effort.width = Int(Double(width) / min(1, max(share, 1.0 / 64)))
        return effort
    }

    /// Nodes such a search is likely to expand, for plans.
    ///
    /// With a width, each of them and a few that fall out again; under a γ, what data of many kinds
    /// has needed: about 40 at γ = 0.1 for ten results, in proportion. Joined with walks over other
    /// segments, what it takes to come near and to be sure that few of the results are here.
    func expectedExpansionCount(k: Int, isJoined: Bool = false) -> Int {
        if isJoined { return Int(10 + 70 * min(gamma, 4)) * max(1, k / 10) }
        let byGamma = gamma < 0 ? Int.max : Int(16 + 250 * min(gamma, 4)) * max(1, k / 10)
        let byWidth = width == 0 ? Int.max : max(width, k) + 16
        return min(byGamma, byWidth)
    }
}
