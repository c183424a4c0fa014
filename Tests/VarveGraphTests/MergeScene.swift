// Graphs to be merged, and merging them.

import Testing
import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

/// Rows in sources with graphs of their own, some of them deleted, and the merged table of what
/// lives.
struct MergeScene {
    /// The rows of the merged table.
    let live: ByteVectors
    let sources: [MergeSource]
    /// The own lists of every live row.
    let ownLists: [[UInt32]]

    /// Cuts `vectors` into sources of `sizes` rows, in order; rows for which `isDeleted` are not
    /// merged.
    init(_ vectors: ByteVectors, sizes: [Int], isDeleted: (Int) -> Bool = { _ in false }) throws {
        var sources: [MergeSource] = []
        var lists: [[UInt32]] = []
        var kept: [Int] = []
        var first = 0
        for size in sizes {
            let rows = vectors.kept(Array(first..<first + size))
            let graph = try Self.graph(rows)
            let all = graph.lists
            var places = [UInt32?](repeating: nil, count: size)
            let base = kept.count
            for row in 0..<size where !isDeleted(first + row) {
                places[row] = UInt32(kept.count)
                kept.append(first + row)
            }
            for row in 0..<size where places[row] != nil {
                lists.append(all[row].compactMap { places[Int($0)] })
            }
            sources.append(
                MergeSource(
                    rowCount: kept.count - base, deletedRowCount: size - (kept.count - base),
                    entryRows: graph.entryPoints.compactMap { places[$0.index] }.map {
                        RowOrdinal($0)
                    }))
            first += size
        }
        live = vectors.kept(kept)
        self.sources = sources
        ownLists = lists
    }

    /// The graph of all rows, inserted one after the other.
    static func graph(_ vectors: ByteVectors) throws -> Adjacency {
        let graph = try GrowingGraph(table: vectors.table, capacity: max(1, vectors.rowCount))
        graph.insert(upTo: vectors.rowCount, runtime: SystemRuntime(), threadCount: 2)
        return graph.finish(
            rowCount: vectors.rowCount, runtime: SystemRuntime(), threadCount: 2)
    }

    /// A merge that has not begun.
    func merge(
        _ regime: MergeRegime, parameters: MergeParameters = Self.parameters
    ) -> GraphMerge {
        let lists = MergeLists(
            rowCount: live.rowCount, maxDegree: parameters.graph.maxDegree)
        for (row, list) in ownLists.enumerated() {
            unsafe list.withUnsafeBufferPointer { unsafe lists.set(row, to: $0) }
        }
        return GraphMerge(
            table: live.table, lists: lists, sources: sources, regime: regime,
            parameters: parameters, runtime: SystemRuntime())
    }

    /// The merged graph.
    func merged(
        _ regime: MergeRegime, parameters: MergeParameters = Self.parameters,
        threadCount: Int = 2
    ) -> Adjacency {
        merge(regime, parameters: parameters).finish(threadCount: threadCount).graph
    }

    /// Leaves small enough that there are many.
    static var parameters: MergeParameters {
        var parameters = MergeParameters()
        parameters.leafRowCount = 128
        return parameters
    }
}
