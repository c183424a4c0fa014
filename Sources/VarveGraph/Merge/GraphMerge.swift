// Merging graphs, a step at a time.

public import VarveKernels
public import VarveStorage

/// A merge on its way: made of steps, so that who runs it can pause between them, report how far it
/// is, or drop it.
///
/// One thread at a time; each step uses as many threads as it is given. The graph depends on
/// vectors, lists, sources, regime and parameters alone, not on threads or pauses. All its rows are
/// reachable from its entry points.
public final class GraphMerge {
    private let table: ByteVectorTable
    private let lists: MergeLists
    private let parameters: MergeParameters
    private let runtime: any Runtime
    private var result: (graph: Adjacency, statistics: GraphStatistics)?

    /// Prepares to merge `sources`, whose rows follow each other in `table` and `lists`.
    ///
    /// The vectors stay where they are and as they are until the merge is finished or dropped; the
    /// lists are the merge's from now on, which turns them into the graph.
    public init(
        table: ByteVectorTable, lists: MergeLists, sources: [MergeSource], regime: MergeRegime,
        parameters: MergeParameters = MergeParameters(), runtime: any Runtime
    ) {
        parameters.graph.check()
        precondition(
            sources.reduce(0) { $0 + $1.rowCount } == lists.rowCount, "every row has a source")
        precondition(lists.maxDegree == parameters.graph.maxDegree, "lists have the degree")
        self.table = table
        self.lists = lists
        self.parameters = parameters
        self.runtime = runtime
    }

    /// How far the merge is.
    public var progress: MergeProgress {
        MergeProgress(share: result == nil ? 0 : 1, isFinished: result != nil)
    }

    /// Works for a while, some hundred milliseconds for most steps, and says how far the merge is.
    @discardableResult
    public func step(threadCount: Int) -> MergeProgress {
        guard result == nil else { return progress }
        var join = LeafJoinParameters()
        join.graph = parameters.graph
        join.leafRowCount = parameters.leafRowCount
        join.candidateCount = max(join.candidateCount, parameters.graph.maxDegree)
        result = buildByLeafJoin(
            table: table, rowCount: lists.rowCount, parameters: join, runtime: runtime,
            threadCount: threadCount)
        return progress
    }

    /// Makes the steps that are left and gives the graph, with what making it has cost.
    public func finish(threadCount: Int) -> (graph: Adjacency, statistics: GraphStatistics) {
        while true {
            if let result { return result }
            step(threadCount: threadCount)
        }
    }
}

/// Merges graphs in one go: ``GraphMerge`` from its first step to its last.
///
/// - Parameter shouldContinue: Called between steps; the merge is given up when it says no.
/// - Returns: The graph and what making it has cost; nil if the merge was given up.
public func mergeGraphs(
    table: ByteVectorTable, lists: MergeLists, sources: [MergeSource], regime: MergeRegime,
    parameters: MergeParameters = MergeParameters(), runtime: any Runtime, threadCount: Int,
    shouldContinue: (MergeProgress) -> Bool = { _ in true }
) -> (graph: Adjacency, statistics: GraphStatistics)? {
    let merge = GraphMerge(
        table: table, lists: lists, sources: sources, regime: regime, parameters: parameters,
        runtime: runtime)
    while !merge.progress.isFinished {
        guard shouldContinue(merge.progress) else { return nil }
        merge.step(threadCount: threadCount)
    }
    return merge.finish(threadCount: threadCount)
}
