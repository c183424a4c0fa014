// The last steps of a merge: entries, and ways to every row.

internal import VarveFormat

/// The stage that chooses the entry points of the merged lists, links what cannot be reached, leads
/// the way to what is not found, and fills lists where that is wanted.
final class FinishStage: MergeStage {
    private let state: MergeState
    private let lists: AdjacencyStorage
    private(set) var graph: Adjacency?
    /// The most entry points.
    private static let entryLimit = 8

    init(_ state: MergeState, lists: AdjacencyStorage) {
        self.state = state
        self.lists = lists
    }

    let weight = 5.0

    var share: Double { graph == nil ? 0 : 1 }

    func step(threadCount: Int) {
        graph = finishLists(
            lists, entries: entries(), space: state.space, parameters: state.parameters.graph,
            scratches: state.scratches, isLive: { _ in true }, memory: state.memory,
            spare: lists === state.own ? nil : state.own, runtime: state.runtime,
            threadCount: threadCount)
    }

    /// The row nearest the mean, then the entries of the sources, those of larger ones first.
    private func entries() -> [UInt32] {
        guard
            let first = entryRow(state.space, rowCount: lists.rowCount, isLive: { _ in true })
        else { return [] }
        var entries = [first]
        let order = state.sources.indices.sorted {
            (-state.sources[$0].rowCount, $0) < (-state.sources[$1].rowCount, $1)
        }
        for source in order {
            for row in state.sources[source].entryRows.map(\.rawValue)
            where entries.count < Self.entryLimit && !entries.contains(row) {
                entries.append(row)
            }
        }
        return entries
    }
}
