// The searches by which rows are absorbed.

internal import CKernels
internal import VarveFormat

/// Searches the graph for rows that are not in it yet and chooses their neighbours.
///
/// A row whose neighbours of the same source have searched already begins where they ended.
struct AbsorbSearch: Sendable {
    private let state: MergeState
    private let entries: [UInt32]
    private let ownLimits: [UInt32]
    /// For every row but those of the largest source two of its finds, `.max` where there are none
    /// yet.
    private let seeds: SharedWords
    /// The width of searches and of what they keep.
    private let width: Int
    private static let seedsPerRow = 2
    /// How many neighbours that have searched lend their finds.
    private static let lenderCount = 6
    /// Rows spread over the largest source where a search without seeds begins too.
    private static let spreadCount = 32

    init(_ state: MergeState) {
        self.state = state
        ownLimits = state.ownLimits()
        width = state.parameters.absorbWidth ?? (state.rowCount < 500_000 ? 32 : 48)
        seeds = SharedWords(
            count: state.rowCount * Self.seedsPerRow, value: .max, memory: state.memory)
        entries = Self.entries(state)
    }

    private static func entries(_ state: MergeState) -> [UInt32] {
        guard let largest = state.largest else { return [] }
        let retained = state.ranges[largest]
        let known = state.sources[largest].entryRows.map(\.rawValue)
        let count = min(spreadCount, retained.count)
        let spread = (0..<count).map {
            UInt32(retained.lowerBound + $0 * retained.count / count)
        }
        return known + spread
    }

    /// Searches for the rows `wave` of a batch and writes what they choose to the lists of their
    /// places in it, links that are to be offered back marked.
    func run(
        _ batch: [UInt32], _ wave: Range<Int>, into choices: AdjacencyStorage, threadCount: Int
    ) {
        // Finds of a wave are lent from the next one on, or threads would show.
        let found = SharedWords(count: wave.count * Self.seedsPerRow, value: .max)
        state.over(wave, chunk: 32, threadCount: threadCount) { indices, scratch in
            var rule = state.pruneRule(flags: true)
            var graph = unsafe state.own.graph
            var chosen = unsafe choices.graph
            let memory = unsafe scratch.pointer
            for index in indices {
                let row = batch[index]
                find(row, scratch)
                let count = unsafe memory.pointee.expanded_count
                unsafe keepSeeds(
                    at: found.base + (index - wave.lowerBound) * Self.seedsPerRow, scratch)
                guard let finds = unsafe memory.pointee.expanded else { continue }
                unsafe vg_merge_candidates(
                    state.space.pointer, &graph, row, finds, count,
                    ownLimits[state.source(of: Int(row))], memory)
                unsafe vg_prune(state.space.pointer, &rule, memory)
                unsafe vg_write_marked(&chosen, UInt32(index), memory)
            }
        }
        for index in wave {
            unsafe (seeds.base + Int(batch[index]) * Self.seedsPerRow).update(
                from: found.base + (index - wave.lowerBound) * Self.seedsPerRow,
                count: Self.seedsPerRow)
        }
    }

    /// Searches for `row`; finds are left in `expanded`.
    private func find(_ row: UInt32, _ scratch: SearchScratch) {
        var graph = unsafe state.own.graph
        var starts = borrowedSeeds(of: row)
        if starts.isEmpty { starts = entries }
        var rule = vg_search_rule(
            width: UInt32(width), stop_rank: 1, stop_factor: .infinity, skip_row: row)
        unsafe vg_search(
            state.space.pointer, &graph, state.space.point(row), starts, UInt32(starts.count),
            &rule,
            scratch.pointer)
        unsafe vg_gather_finds(scratch.pointer)
    }

    /// Finds of own neighbours that have searched.
    private func borrowedSeeds(of row: UInt32) -> [UInt32] {
        var result: [UInt32] = []
        var lenderCount = 0
        let list = unsafe state.own.list(Int(row))
        for index in 0..<state.own.degree(Int(row)) where lenderCount < Self.lenderCount {
            let place = unsafe seeds.base + Int(list[index]) * Self.seedsPerRow
            var lends = false
            for index in 0..<Self.seedsPerRow {
                let seed = unsafe place[index]
                guard seed != .max else { continue }
                result.append(seed)
                lends = true
            }
            if lends { lenderCount += 1 }
        }
        return result
    }

    private func keepSeeds(at place: UnsafeMutablePointer<UInt32>, _ scratch: SearchScratch) {
        for index in 0..<min(Self.seedsPerRow, scratch.resultCount) {
            unsafe place[index] = scratch.result(at: index).row.rawValue
        }
    }
}
