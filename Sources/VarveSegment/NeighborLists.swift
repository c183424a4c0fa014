// The graph of a segment about to be written.

package import VarveGraph

/// Neighbour lists by ordinal: those of a finished graph, or given one by one.
package struct NeighborLists: Sendable {
    private enum Source {
        case graph(Adjacency)
        case lists([[UInt32]])
    }

    private let source: Source
    /// The most neighbours a row may have.
    package let maximumDegree: Int

    /// The lists of a finished graph.
    package init(_ graph: Adjacency) {
        source = .graph(graph)
        maximumDegree = graph.maxDegree
    }

    /// These lists, each of at most `maximumDegree` rows.
    package init(_ lists: [[UInt32]], maximumDegree: Int) {
        precondition(lists.allSatisfy { $0.count <= maximumDegree })
        source = .lists(lists)
        self.maximumDegree = maximumDegree
    }

    /// Rows there are.
    package var rowCount: Int {
        switch source {
        case .graph(let graph): graph.rowCount
        case .lists(let lists): lists.count
        }
    }

    /// How many neighbours `row` has.
    package func degree(of row: Int) -> Int {
        switch source {
        case .graph(let graph): unsafe Int(graph.degreeTable[row])
        case .lists(let lists): lists[row].count
        }
    }

    /// Calls `body` with the neighbours of `row`.
    package func withNeighbors<R>(
        of row: Int, _ body: (UnsafeBufferPointer<UInt32>) -> R
    ) -> R {
        precondition(row < rowCount)
        switch source {
        case .graph(let graph):
            // Safety: the table has maxDegree places a row, and lives as long as the graph.
            return unsafe body(
                UnsafeBufferPointer(
                    start: graph.neighbourTable + row * graph.maxDegree,
                    count: Int(graph.degreeTable[row])))
        case .lists(let lists):
            return unsafe lists[row].withUnsafeBufferPointer { unsafe body($0) }
        }
    }
}
