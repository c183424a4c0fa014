// The plain beam search over a finished graph.

internal import CKernels
internal import VarveFormat
public import VarveKernels

extension Adjacency {
    /// Searches for the rows of `table` nearest to `query`; the results are left in `scratch`.
    ///
    /// The walk that reads one vector and one list at a time, as building needs it. Parameters are
    /// those of ``GrowingGraph/search(_:width:stopRank:stopFactor:scratch:)``.
    public func search(
        _ query: borrowing ByteVector, width: Int, stopRank: Int = 10,
        stopFactor: Float = .infinity, table: ByteVectorTable, scratch: SearchScratch
    ) {
        precondition(width >= 1 && width <= 1 << 20 && stopRank >= 1)
        precondition(query.dimension == table.dimension, "the query has the dimension")
        let space = GraphSpace(table)
        var graph = unsafe storage.graph
        var header = unsafe unsafeBitCast(query.row, to: vk_byte_row.self)
        let entries = entryPoints.map(\.rawValue)
        var rule = vg_search_rule(
            width: UInt32(width), stop_rank: UInt32(stopRank), stop_factor: stopFactor,
            skip_row: .max)
        unsafe withUnsafePointer(to: &header) { row in
            let point = unsafe vg_point(code: query.codes, row: row)
            unsafe vg_search(
                space.pointer, &graph, point, entries, UInt32(entries.count), &rule,
                scratch.pointer)
        }
    }
}
