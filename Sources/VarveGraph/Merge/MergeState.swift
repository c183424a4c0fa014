// What all stages of a merge share.

internal import CKernels
internal import VarveKernels
internal import VarveStorage

/// A part of a merge that is done in steps.
protocol MergeStage: AnyObject {
    /// How much work the stage is, compared with the other stages.
    var weight: Double { get }
    /// The share of it that is done; 1 ends the stage.
    var share: Double { get }
    /// Does some of it.
    func step(threadCount: Int)
}

/// The rows, their lists and their sources.
final class MergeState: Sendable {
    let space: GraphSpace
    let sources: [MergeSource]
    let parameters: MergeParameters
    let settings: LeafMergeSettings
    let regime: MergeRegime
    let memory: WorkingMemory
    let runtime: any Runtime
    let scratches = ScratchPool()
    /// The lists the merge was given; rows write what they choose over them.
    let own: AdjacencyStorage
    /// The rows of each source.
    let ranges: [Range<Int>]
    /// The source with the most rows, the first of equals; nil if there are no rows.
    let largest: Int?

    init(
        space: GraphSpace, own: AdjacencyStorage, sources: [MergeSource], regime: MergeRegime,
        parameters: MergeParameters, memory: WorkingMemory, runtime: any Runtime
    ) {
        self.memory = memory
        self.space = space
        self.own = own
        self.sources = sources
        self.regime = regime
        self.parameters = parameters
        self.runtime = runtime
        settings =
            parameters.leaves
            ?? LeafMergeSettings(
                regime, maxDegree: parameters.graph.maxDegree, dimension: space.table.dimension)
        settings.check()
        var first = 0
        ranges = sources.map { source in
            defer { first += source.rowCount }
            return first..<first + source.rowCount
        }
        var largest: Int?
        for index in sources.indices where sources[index].rowCount > 0 {
            if largest.map({ sources[index].rowCount > sources[$0].rowCount }) ?? true {
                largest = index
            }
        }
        self.largest = largest
    }

    var rowCount: Int { own.rowCount }

    /// The rows whose lists are kept as they are but for links back.
    var retained: Range<Int> {
        guard let largest, regime == .absorb || regime == .asymmetric else { return 0..<0 }
        return ranges[largest]
    }

    /// How many of its own neighbours each row of a source keeps wherever they are.
    func ownLimits() -> [UInt32] {
        sources.map {
            UInt32(
                $0.rowCount * 10 < rowCount ? settings.smallOwnLimit : settings.ownLimit)
        }
    }

    /// The source of a row.
    func source(of row: Int) -> Int {
        var low = 0
        var high = ranges.count - 1
        while low < high {
            let middle = (low + high) / 2
            if row < ranges[middle].upperBound { high = middle } else { low = middle + 1 }
        }
        return low
    }

    /// Runs `body` over chunks of `range`; smaller ones where memory is given back in between, for
    /// every row leads to a hundred others.
    func over(
        _ range: Range<Int>, chunk: Int = 256, threadCount: Int,
        _ body: @Sendable (Range<Int>, SearchScratch) -> Void
    ) {
        let chunk = memory.isSpilled ? min(chunk, 32) : chunk
        memory.inStretches(of: range) { stretch in
            let count = (stretch.count + chunk - 1) / chunk
            runtime.parallel(count: count, threadCount: threadCount) { index in
                let first = stretch.lowerBound + index * chunk
                scratches.use { body(first..<min(stretch.upperBound, first + chunk), $0) }
            }
        }
    }

    /// The rule of pruning; of candidates that come from one list, pairs are not tested again where
    /// `flags`.
    func pruneRule(flags: Bool) -> vg_prune_rule {
        var rule = parameters.graph.pruneRule
        rule.skip_flagged_pairs = flags
        return rule
    }
}
