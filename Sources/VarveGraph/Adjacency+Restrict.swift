// A finished graph without some of its rows.

internal import CKernels
public import VarveFormat
public import VarveKernels
public import VarveStorage

extension Adjacency {
    /// The graph of the rows in `kept` alone: new row *i* is old row `kept[i]`, named once.
    ///
    /// Where a neighbour is gone, its own neighbours are candidates in its place; rows that lost
    /// the way are linked again, so every kept row is reachable. Good as long as most rows stay:
    /// below about three quarters a new build is better and hardly dearer.
    ///
    /// - Parameters:
    ///   - table: The vectors by old row.
    ///   - parameters: Those the graph was built with; the maximum degree stays that of the graph.
    public func restricted(
        to kept: [RowOrdinal], table: ByteVectorTable, parameters: GraphParameters,
        runtime: any Runtime, threadCount: Int
    ) -> Adjacency {
        guard kept.count < rowCount else { return reordered(by: kept) }
        var parameters = parameters
        parameters.maxDegree = maxDegree
        parameters.check()
        let repair = Repair(
            source: self, kept: kept, space: GraphSpace(table), parameters: parameters)
        let chunk = 256
        runtime.parallel(count: (rowCount + chunk - 1) / chunk, threadCount: threadCount) { index in
            repair.scratches.use {
                for row in index * chunk..<min(rowCount, (index + 1) * chunk) {
                    repair.repair(row: row, scratch: $0)
                }
            }
        }
        let finished = finishLists(
            repair.lists, entry: repair.entry, space: repair.space, parameters: parameters,
            scratches: repair.scratches, isLive: repair.isLive, runtime: runtime,
            threadCount: threadCount)
        return finished.reordered(by: kept)
    }
}

/// Lists being freed of rows that are gone, still by old row.
@safe private final class Repair: @unchecked Sendable {
    // Invariant for Sendable: parallel steps write disjoint rows of `lists`, nothing else changes.

    let lists: AdjacencyStorage
    let space: GraphSpace
    let scratches = ScratchPool()
    private let source: Adjacency
    private let parameters: GraphParameters
    private let live: [UInt8]
    private let entries: [UInt32]
    /// How many neighbours of a neighbour that is gone are considered.
    private static let heirCount: UInt32 = 8

    init(
        source: Adjacency, kept: [RowOrdinal], space: GraphSpace, parameters: GraphParameters
    ) {
        self.source = source
        self.space = space
        self.parameters = parameters
        var live = [UInt8](repeating: 0, count: source.rowCount)
        for row in kept { live[row.index] = 1 }
        self.live = live
        entries = source.entryPoints.map(\.rawValue)
        lists = AdjacencyStorage(rowCount: source.rowCount, maxDegree: source.maxDegree)
    }

    func isLive(_ row: Int) -> Bool { live[row] != 0 }

    /// The old entry, if it stays.
    var entry: UInt32? { entries.first { live[Int($0)] != 0 } }

    func repair(row: Int, scratch: SearchScratch) {
        guard isLive(row) else { return }
        var old = unsafe source.storage.graph
        let state = unsafe scratch.pointer
        guard
            unsafe vg_repair_candidates(
                space.pointer, &old, UInt32(row), live, Self.heirCount, state)
        else {
            let degree = source.storage.degree(row)
            unsafe lists.list(row).update(from: source.storage.list(row), count: degree)
            unsafe lists.degrees[row] = UInt16(degree)
            return
        }
        if Int(unsafe state.pointee.candidate_count) < parameters.minDegree {
            unsafe search(row: row, in: &old, state)
        }
        var rule = parameters.pruneRule
        var new = unsafe lists.graph
        unsafe vg_sort_candidates(state, UInt32(row))
        unsafe vg_prune(space.pointer, &rule, state)
        unsafe vg_write_list(&new, UInt32(row), state)
    }

    /// Nearly all around the row is gone: looks for what is left by searching the old graph.
    private func search(
        row: Int, in graph: inout vg_graph, _ state: UnsafeMutablePointer<vg_scratch>
    ) {
        var rule = vg_search_rule(
            width: UInt32(parameters.buildWidth), stop_rank: 1, stop_factor: .infinity,
            skip_row: UInt32(row))
        unsafe vg_search(
            space.pointer, &graph, space.point(UInt32(row)), entries, UInt32(entries.count),
            &rule, state)
        unsafe vg_take_expanded(state)
        unsafe vg_keep_live(live, state)
    }
}
