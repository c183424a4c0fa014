// The rule by which neighbours are chosen.

internal import CKernels
internal import VarveFormat

/// Chooses diverse near neighbours: candidates are taken nearest first, and one is dropped when a
/// chosen neighbour is `alpha` times nearer to it than the row itself is.
package struct RobustPrune {
    private let space: GraphSpace
    private let parameters: GraphParameters

    package init(space: GraphSpace, parameters: GraphParameters) {
        parameters.check()
        self.space = space
        self.parameters = parameters
    }

    /// The neighbours of `row` among `candidates`, nearest first; equals by row.
    package func neighbours(of row: UInt32, among candidates: [UInt32]) -> [UInt32] {
        let scratch = SearchScratch()
        let state = unsafe scratch.pointer
        unsafe vg_take_candidates(state, candidates.map { UInt64($0) }, UInt32(candidates.count))
        unsafe vg_measure_candidates(space.pointer, row, state)
        unsafe vg_sort_candidates(state, row)
        var rule = parameters.pruneRule
        unsafe vg_prune(space.pointer, &rule, state)
        guard let selected = unsafe state.pointee.selected else { return [] }
        return (0..<Int(unsafe state.pointee.selected_count)).map {
            RowDistance(key: unsafe selected[$0]).row.rawValue
        }
    }
}

extension GraphParameters {
    /// The rule as C takes it.
    var pruneRule: vg_prune_rule {
        vg_prune_rule(
            max_degree: UInt32(maxDegree), min_degree: UInt32(minDegree), alpha2: alpha * alpha,
            skip_flagged_pairs: false)
    }
}
