// How graphs are built.

/// The settings of graph construction; the same settings and rows give the same graph on every
/// machine.
public struct GraphParameters: Hashable, Sendable {
    /// The most neighbours a row keeps in a finished graph, 2 to 1,024.
    public var maxDegree = 32
    /// The width of the search that finds a new row's candidates, at least 1.
    public var buildWidth = 75
    /// RobustPrune drops a candidate when a chosen neighbour is `alpha` times nearer to it; on true
    /// distance, at least 1.
    public var alpha: Float = 1.1
    /// While a graph grows, lists may reach `slack` times the maximum degree before they are
    /// pruned.
    public var slack: Float = 1.3
    /// Lists shorter than this take back the nearest of the dropped candidates.
    public var minDegree = 8
    /// How many of the nearest rows of its own batch a row is offered as candidates; 0 for none.
    public var batchMateCount = 16
    /// Whether lists of a finished graph are filled to the maximum with the nearest rows two steps
    /// away.
    public var fillsLists = false
    /// Chooses among equally good graphs.
    public var seed: UInt64 = 0

    /// The defaults.
    public init() {}

    /// The most neighbours a list holds while the graph grows.
    var slackDegree: Int { max(maxDegree, Int(Float(maxDegree) * slack)) }

    func check() {
        precondition((2...1024).contains(maxDegree), "maxDegree is 2 to 1,024")
        precondition(buildWidth >= 1 && buildWidth <= 1 << 20, "buildWidth is positive")
        precondition(alpha >= 1 && slack >= 1 && slack <= 8, "alpha and slack are at least 1")
        precondition(minDegree >= 0 && batchMateCount >= 0, "counts are not negative")
    }
}
