// The graph of a segment about to be written.

package import VarveGraph

/// Neighbour lists by ordinal in two tables: those of a finished graph, or given one by one.
@safe package final class NeighborLists: @unchecked Sendable {
    // Invariant for Sendable: the tables are not written after init.

    /// Rows there are.
    package let rowCount: Int
    /// The most neighbours a row may have, and places each row has in the table.
    package let maximumDegree: Int
    /// `maximumDegree` places a row, the first `degrees[row]` of them used.
    let table: UnsafePointer<UInt32>
    /// How many neighbours each row has.
    let degrees: UnsafePointer<UInt16>
    private let graph: Adjacency?

    /// The lists of a finished graph.
    package init(_ graph: Adjacency) {
        self.graph = graph
        rowCount = graph.rowCount
        maximumDegree = graph.maxDegree
        unsafe table = graph.neighbourTable
        unsafe degrees = graph.degreeTable
    }

    /// These lists, each of at most `maximumDegree` rows.
    package init(_ lists: [[UInt32]], maximumDegree: Int) {
        precondition(lists.allSatisfy { $0.count <= maximumDegree })
        graph = nil
        rowCount = lists.count
        self.maximumDegree = maximumDegree
        let table = UnsafeMutablePointer<UInt32>.allocate(capacity: lists.count * maximumDegree)
        let degrees = UnsafeMutablePointer<UInt16>.allocate(capacity: lists.count)
        unsafe table.initialize(repeating: 0, count: lists.count * maximumDegree)
        for (row, list) in lists.enumerated() {
            unsafe (degrees + row).initialize(to: UInt16(list.count))
            for (place, id) in list.enumerated() {
                unsafe table[row * maximumDegree + place] = id
            }
        }
        unsafe self.table = UnsafePointer(table)
        unsafe self.degrees = UnsafePointer(degrees)
    }

    deinit {
        guard graph == nil else { return }
        unsafe table.deallocate()
        unsafe degrees.deallocate()
    }

    /// How many neighbours `row` has.
    package func degree(of row: Int) -> Int {
        precondition(row < rowCount)
        return unsafe Int(degrees[row])
    }

    /// The neighbours of `row`; valid while this object lives.
    package func neighbors(of row: Int) -> UnsafeBufferPointer<UInt32> {
        // Safety: every row has maximumDegree places in the table.
        unsafe UnsafeBufferPointer(start: table + row * maximumDegree, count: degree(of: row))
    }

    /// Whether every list is within its degree and names other rows only.
    func areInside() -> Bool {
        for row in 0..<rowCount {
            guard degree(of: row) <= maximumDegree else { return false }
            let list = unsafe neighbors(of: row)
            for place in list.indices {
                let id = unsafe list[place]
                guard id < UInt32(rowCount), id != UInt32(row) else { return false }
            }
        }
        return true
    }
}
