// Merging graphs, a step at a time.

public import VarveKernels
public import VarveStorage

/// A merge on its way: made of steps, so that who runs it can pause between them, report how far it
/// is, or drop it.
///
/// One thread at a time; each step uses as many threads as it is given. The graph depends on
/// vectors, lists, sources, regime and parameters alone, not on threads, pauses or the memory
/// limit. All its rows are reachable from its entry points.
public final class GraphMerge {
    private let state: MergeState
    private let stages: [any MergeStage]
    private let finish: FinishStage
    private var stage = 0
    private var reported = 0.0

    /// Prepares to merge `sources`, whose rows follow each other in `table` and `lists`.
    ///
    /// The vectors stay where they are and as they are until the merge is finished or dropped; the
    /// lists are the merge's from now on, which works in their memory.
    ///
    /// - Parameters:
    ///   - spare: Lists of the same size, whatever is in them: all regimes but absorbing write the
    ///     graph there. Made here if not given.
    ///   - memory: Where tables lie, and what may leave the process's memory between two uses.
    public init(
        table: ByteVectorTable, lists: MergeLists, sources: [MergeSource], regime: MergeRegime,
        parameters: MergeParameters = MergeParameters(), spare: MergeLists? = nil,
        memory: WorkingMemory = .process, runtime: any Runtime
    ) {
        parameters.graph.check()
        precondition(
            sources.reduce(0) { $0 + $1.rowCount } == lists.rowCount, "every row has a source")
        precondition(lists.maxDegree == parameters.graph.maxDegree, "lists have the degree")
        state = MergeState(
            space: GraphSpace(table), own: lists.storage, sources: sources, regime: regime,
            parameters: parameters, memory: memory, runtime: runtime)
        guard regime != .absorb else {
            finish = FinishStage(state, lists: lists.storage)
            stages = [AbsorbStage(state), finish]
            return
        }
        let spare =
            spare
            ?? MergeLists(rowCount: lists.rowCount, maxDegree: lists.maxDegree, memory: memory)
        precondition(
            spare.rowCount == lists.rowCount && spare.maxDegree == lists.maxDegree,
            "the spare lists are as large")
        let leaves = LeafStage(state)
        let link = LinkStage(
            state,
            order: {
                guard let order = leaves.order else { preconditionFailure("leaves come first") }
                return order
            }, into: spare.storage)
        finish = FinishStage(state, lists: spare.storage)
        stages = [leaves, link, finish]
    }

    /// How far the merge is.
    public var progress: MergeProgress {
        MergeProgress(share: stage == stages.count ? 1 : reported, isFinished: finish.graph != nil)
    }

    /// Works for a while, a few hundred milliseconds for most steps, and says how far the merge is.
    @discardableResult
    public func step(threadCount: Int) -> MergeProgress {
        while stage < stages.count && stages[stage].share >= 1 { stage += 1 }
        guard stage < stages.count else { return progress }
        stages[stage].step(threadCount: threadCount)
        while stage < stages.count && stages[stage].share >= 1 { stage += 1 }
        let total = stages.reduce(0) { $0 + $1.weight }
        let done = stages.prefix(stage + 1).reduce(0) { $0 + $1.weight * $1.share }
        reported = max(reported, min(1, done / total))
        return progress
    }

    /// What the merge has cost so far.
    public var statistics: GraphStatistics { state.scratches.statistics }

    /// Makes the steps that are left and gives the graph, with what making it has cost.
    public func finish(threadCount: Int) -> (graph: Adjacency, statistics: GraphStatistics) {
        while true {
            if let graph = finish.graph { return (graph, statistics) }
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
