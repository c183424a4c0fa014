// What a flush writes of a memtable.

public import VarveFormat
public import VarveGraph
public import VarveKernels
internal import VarveStorage

/// The live rows of a sealed memtable, numbered anew so that near ones stand together, and their
/// finished graph.
///
/// A value that keeps its memtable alive. Ordinals here are those of the segment.
@safe public struct SealedMemtable: Sendable {
    /// The last view of the memtable; its rows are the memtable's.
    public let view: MemtableView
    /// The graph of the live rows.
    public let adjacency: Adjacency
    /// The codes of the live rows, readable while this value lives.
    public let byteVectors: ByteVectorTable
    /// Where each list of near rows begins, and behind them the number of rows.
    public let listStarts: [UInt32]
    /// The squared length every lifted vector has under inner product, if there are rows.
    public let liftedNorm2: Double?
    /// The memtable's row of each ordinal.
    private let rows: [UInt32]
    /// The ordinal of each of the memtable's rows, or the largest number.
    private let ordinals: [UInt32]
    /// What holds the codes where they are not the memtable's own.
    private let codes: CompactCodes?

    /// Finishes the graph of a sealed memtable's last view.
    ///
    /// Many rows are linked by comparing leaves, whatever of the memtable's own graph has grown:
    /// that costs a third of inserting them, and how far growing has come depends on the moment,
    /// which a file must not. Of few rows the graph the memtable has grown is kept where at least
    /// three in four are live; else the live ones get a new one, which is hardly dearer then and
    /// better.
    init(
        view: MemtableView, runtime: any Runtime, threadCount: Int
    ) throws(StorageError) {
        self.view = view
        let memtable = view.memtable
        var rows: [UInt32] = []
        rows.reserveCapacity(view.liveRowCount)
        view.forEachRow { rows.append($0.rawValue) }
        liftedNorm2 = memtable.writer.liftedNorm2
        let isJoined = rows.count >= Self.joinedRowCount
        let rebuilds = isJoined || rows.count * 4 < view.rowCount * 3
        let whole = rebuilds ? nil : Self.wholeGraph(view, runtime, threadCount)
        let parameters = memtable.capacity.graph
        let isKept = rows.count == view.rowCount && rows.count <= RowOrder.unorderedRowCount
        if let whole, isKept {
            codes = nil
            byteVectors = memtable.rows.byteVectors(memtable.schema)
            adjacency = whole
            self.rows = rows
            listStarts = RowOrder(unchanged: rows.count).listStarts
            ordinals = Self.inverse(rows, rowCount: view.rowCount)
            return
        }
        let compact = try CompactCodes(memtable, rows: rows)
        let layout = NodeLayout(
            schema: memtable.schema, maximumDegree: parameters.maxDegree, rowCount: rows.count)
        let order = RowOrder(
            clustering: compact.table, rowCount: rows.count, pageRowCount: layout.recordsPerPage,
            seed: parameters.seed, runtime: runtime, threadCount: threadCount)
        compact.apply(order)
        rows = order.applied(to: rows)
        self.rows = rows
        listStarts = order.listStarts
        ordinals = Self.inverse(rows, rowCount: view.rowCount)
        codes = compact
        byteVectors = compact.table
        if let whole {
            adjacency = whole.restricted(
                to: rows.map { RowOrdinal($0) }, table: memtable.rows.byteVectors(memtable.schema),
                parameters: parameters, runtime: runtime, threadCount: threadCount)
            return
        }
        if isJoined {
            var join = LeafJoinParameters()
            join.graph = parameters
            // For an eighth more work, searches of the same width find as much as where rows were
            // inserted.
            join.graph.fillsLists = true
            join.candidateCount = max(32, parameters.maxDegree)
            adjacency =
                buildByLeafJoin(
                    table: compact.table, rowCount: rows.count, parameters: join, runtime: runtime,
                    threadCount: threadCount
                ).graph
            return
        }
        let graph = try GrowingGraph(
            table: compact.table, capacity: max(rows.count, 1), parameters: parameters)
        graph.insert(upTo: rows.count, runtime: runtime, threadCount: threadCount)
        adjacency = graph.finish(
            rowCount: rows.count, runtime: runtime, threadCount: threadCount)
    }

    /// Rows from which on a graph is made by comparing leaves.
    private static var joinedRowCount: Int { 1_024 }

    /// The ordinal of each row of a view, or the largest number.
    private static func inverse(_ rows: [UInt32], rowCount: Int) -> [UInt32] {
        var ordinals = [UInt32](repeating: .max, count: rowCount)
        for (ordinal, row) in rows.enumerated() { ordinals[Int(row)] = UInt32(ordinal) }
        return ordinals
    }

    /// The finished graph of all rows, superseded ones too.
    private static func wholeGraph(
        _ view: MemtableView, _ runtime: any Runtime, _ threadCount: Int
    ) -> Adjacency {
        let graph = view.memtable.graph
        graph.insert(upTo: view.rowCount, runtime: runtime, threadCount: threadCount)
        return graph.finish(
            rowCount: view.rowCount, runtime: runtime, threadCount: threadCount)
    }

    /// Rows to write.
    public var rowCount: Int { rows.count }

    /// The memtable's row at `ordinal`.
    public func row(_ ordinal: RowOrdinal) -> RowOrdinal { RowOrdinal(rows[ordinal.index]) }

    /// The ordinal of a row of the memtable; nil if it was superseded.
    ///
    /// What translates marks that newer memtables hold on this one.
    public func ordinal(_ row: RowOrdinal) -> RowOrdinal? {
        guard row.index < ordinals.count, ordinals[row.index] != .max else { return nil }
        return RowOrdinal(ordinals[row.index])
    }

    /// The id at `ordinal`.
    public func id(_ ordinal: RowOrdinal) -> RecordID { view.id(row(ordinal)) }

    /// The vector at `ordinal` in the schema's element type; valid while this value lives.
    public func vector(_ ordinal: RowOrdinal) -> UnsafeRawBufferPointer {
        unsafe view.vector(row(ordinal))
    }

    /// The attribute record at `ordinal`; valid while this value lives.
    public func attributes(_ ordinal: RowOrdinal) -> UnsafeRawBufferPointer {
        unsafe view.attributes(row(ordinal))
    }
}
