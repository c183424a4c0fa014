// A graph that takes in rows while it is searched.

internal import CKernels
internal import Synchronization
public import VarveKernels
public import VarveStorage

/// A Vamana graph over a table of 8-bit vectors to which rows are still being added.
///
/// Someone else appends rows to the table; ``insertBatch(upTo:runtime:threadCount:)`` takes them
/// into the graph batch by batch. One thread at a time inserts or finishes; any number of threads
/// search meanwhile and see every row below the ``indexedRowCount`` of the moment they start. The
/// graph depends on the rows and the parameters alone, not on threads or time.
///
/// Memory: `4 * floor(slack * maxDegree) + 6` bytes a row, committed as rows arrive.
@safe public final class GrowingGraph: @unchecked Sendable {
    // Invariant for Sendable: only the one inserting thread and its parallel steps write; lists are
    // written and read atomically word by word, rows become visible through `indexed`.

    /// How the graph is built.
    public let parameters: GraphParameters
    /// The most rows the graph can take.
    public let capacity: Int

    let space: GraphSpace
    let scratches = ScratchPool()
    let indexed = Atomic<Int>(0)
    let entry = Atomic<UInt32>(0)
    /// The row count at which the entry was last chosen; the inserting thread's own.
    var entryRowCount = 0
    private let neighbourRegion: MemoryRegion
    private let degreeRegion: MemoryRegion
    private let countRegion: MemoryRegion

    /// An empty graph over `table`, whose row addresses stay where they are as it grows.
    ///
    /// - Parameter capacity: The most rows, up to 2^31 − 1; only address space is taken for them.
    /// - Throws: ``StorageError`` if the address space is refused.
    public init(
        table: ByteVectorTable, capacity: Int, parameters: GraphParameters = GraphParameters()
    ) throws(StorageError) {
        parameters.check()
        precondition(capacity >= 1 && capacity < 1 << 31, "capacity is 1 to 2^31 - 1")
        self.parameters = parameters
        self.capacity = capacity
        space = GraphSpace(table)
        neighbourRegion = try MemoryRegion(byteCount: capacity * parameters.slackDegree * 4)
        degreeRegion = try MemoryRegion(byteCount: capacity * 2)
        countRegion = try MemoryRegion(byteCount: capacity * 4)
    }

    /// How many rows are in the graph: rows 0 to this minus one.
    public var indexedRowCount: Int { indexed.load(ordering: .acquiring) }

    /// What building has cost so far.
    public var statistics: GraphStatistics { scratches.statistics }

    /// The lists as C sees them, with rows below `rowLimit` to be followed.
    func graph(rowLimit: Int) -> vg_graph {
        unsafe vg_graph(
            neighbours: neighbourRegion.baseAddress.assumingMemoryBound(to: UInt32.self),
            degrees: degreeRegion.baseAddress.assumingMemoryBound(to: UInt16.self),
            stride: parameters.slackDegree, row_limit: UInt32(rowLimit))
    }

    /// A zero for every row, left so after use.
    var counts: UnsafeMutablePointer<UInt32> {
        unsafe countRegion.baseAddress.assumingMemoryBound(to: UInt32.self)
    }

    /// Searches for the rows nearest to `query`; the results are left in `scratch`, nearest first.
    ///
    /// Safe on any thread, also during insertion. Rows from ``indexedRowCount`` on are not found
    /// here.
    ///
    /// - Parameters:
    ///   - width: How many rows to find; also the beam.
    ///   - stopRank: Together with `stopFactor`: stop once the best row not yet expanded is farther
    ///     than `stopFactor` times the squared distance of the `stopRank`-th best.
    ///   - stopFactor: 1 + γ; infinity, the default, never stops early.
    /// - Returns: How many rows the graph had when the search began.
    @discardableResult
    public func search(
        _ query: borrowing ByteVector, width: Int, stopRank: Int = 10,
        stopFactor: Float = .infinity, scratch: SearchScratch
    ) -> Int {
        precondition(width >= 1 && width <= 1 << 20 && stopRank >= 1)
        precondition(query.dimension == space.table.dimension, "the query has the dimension")
        var header = unsafe unsafeBitCast(query.row, to: vk_byte_row.self)
        let rowLimit = indexedRowCount
        unsafe withUnsafePointer(to: &header) { row in
            let point = unsafe vg_point(code: query.codes, row: row)
            let rule = vg_search_rule(
                width: UInt32(width), stop_rank: UInt32(stopRank), stop_factor: stopFactor,
                skip_row: .max)
            unsafe search(point, rule: rule, rowLimit: rowLimit, scratch: scratch)
        }
        return rowLimit
    }

    func search(_ point: vg_point, rule: vg_search_rule, rowLimit: Int, scratch: SearchScratch) {
        var graph = unsafe graph(rowLimit: rowLimit)
        var rule = rule
        // The entry may be newer than the limit; row 0 is in every graph.
        let start = entry.load(ordering: .relaxed)
        let seedCount = Self.seedCount(rowCount: rowLimit)
        unsafe withUnsafeTemporaryAllocation(of: UInt32.self, capacity: seedCount + 1) { entries in
            unsafe entries[0] = Int(start) < rowLimit ? start : 0
            for index in 0..<seedCount {
                unsafe entries[index + 1] = UInt32(index * rowLimit / seedCount)
            }
            guard let base = entries.baseAddress else { return }
            unsafe vg_search(
                space.pointer, &graph, point, base, UInt32(seedCount + 1), &rule,
                scratch.pointer)
        }
    }

    /// How many evenly spread rows a search begins with besides the entry.
    ///
    /// In data of separate clusters a walk from one entry often ends in the wrong one: of 16,000
    /// rows in 20 or 200 clusters, a beam of 30 missed every near row for up to one query in nine,
    /// of 30,000 for one in three. With a seed for every 64 rows hardly any did, at the cost of
    /// building and searching 5 % more.
    private static func seedCount(rowCount: Int) -> Int { min(256, rowCount / 32) }
}
