// A moment in a memtable's history.

public import VarveFormat

/// What a memtable held after a number of operations; stays true whatever is written later.
///
/// A view is a value: copying it is free, and it keeps its memtable alive.
public struct MemtableView: Sendable {
    /// The memtable looked at.
    public let memtable: Memtable
    /// Operations the view shows: the first so many.
    public let operationCount: Int
    /// Rows those operations wrote, superseded ones included.
    public let rowCount: Int
    /// Rows that are visible.
    public let liveRowCount: Int

    /// The view after the first `operationCount` operations, which must have been published; a
    /// number between batches shows a batch in part.
    public init(memtable: Memtable, operationCount: Int) {
        self.memtable = memtable
        self.operationCount = operationCount
        guard operationCount > 0 else {
            (rowCount, liveRowCount) = (0, 0)
            return
        }
        let last = memtable.operations[operationCount - 1]
        rowCount = Int(last.rowCount)
        liveRowCount = Int(last.liveRowCount)
    }

    /// Whether a row is visible.
    @inline(__always)
    public func isVisible(_ row: RowOrdinal) -> Bool {
        row.index < rowCount
            && memtable.rows.isVisible(row.index, operationCount: operationCount)
    }

    /// What the view says about an id.
    ///
    /// Lock-free. Costs a probe of the id table, and a step for each write to the id after the
    /// view.
    public func lookup(_ id: RecordID) -> MemtableLookup {
        guard let newest = memtable.find(id, key: memtable.idKey(id)) else { return .absent }
        var index = newest.operation
        while Int(index) >= operationCount {
            index = memtable.operations[Int(index)].previous
            if index == Operation.none { return .absent }
        }
        let row = memtable.operations[Int(index)].row
        return row == Operation.none ? .deleted : .row(RowOrdinal(row))
    }

    // MARK: - Rows

    /// The id of one of the view's rows.
    public func id(_ row: RowOrdinal) -> RecordID {
        memtable.records.id(at: recordOffset(row))
    }

    /// The vector of one of the view's rows in the schema's element type; valid while the memtable
    /// lives.
    public func vector(_ row: RowOrdinal) -> UnsafeRawBufferPointer {
        precondition(row.index < rowCount, "a row of the view")
        return unsafe UnsafeRawBufferPointer(
            start: memtable.rows.vector(row.index), count: memtable.schema.vectorByteCount)
    }

    /// The attribute record of one of the view's rows, as it was written; valid while the memtable
    /// lives.
    public func attributes(_ row: RowOrdinal) -> UnsafeRawBufferPointer {
        unsafe memtable.records.attributes(at: recordOffset(row))
    }

    /// The operation that wrote one of the view's rows.
    public func operation(_ row: RowOrdinal) -> OperationIndex {
        precondition(row.index < rowCount, "a row of the view")
        return OperationIndex(unsafe memtable.rows.operations[row.index])
    }

    private func recordOffset(_ row: RowOrdinal) -> Int {
        memtable.recordOffset(row.index, rowCount: rowCount)
    }

    // MARK: - Orders

    /// Calls `body` with every visible row, in the order of writing.
    public func forEachRow(_ body: (RowOrdinal) -> Void) {
        for row in 0..<rowCount
        where memtable.rows.isVisible(row, operationCount: operationCount) {
            body(RowOrdinal(UInt32(row)))
        }
    }

    /// Every visible row, in the order of their ids.
    ///
    /// Made on demand: costs a pass over the rows and a sort.
    public func rowsInIDOrder() -> [RowOrdinal] {
        var sorted: [RowOrdinal] = []
        sorted.reserveCapacity(liveRowCount)
        forEachRow { sorted.append($0) }
        sorted.sort { memtable.idPrecedes($0.rawValue, $1.rawValue) }
        return sorted
    }
}

extension MemtableView {
    /// Whether the id of row `a` orders before that of row `b`.
    func idPrecedes(_ a: RowOrdinal, _ b: RowOrdinal) -> Bool {
        memtable.idPrecedes(a.rawValue, b.rawValue)
    }
}

extension Memtable {
    /// Where the record of a row of the first `rowCount` begins.
    @inline(__always)
    func recordOffset(_ row: Int, rowCount: Int) -> Int {
        precondition(row < rowCount && rowCount <= capacity.rowCount, "a row of the view")
        return Int(operations[Int(unsafe rows.operations[row])].recordOffset)
    }

    /// Whether the id of row `a` orders before that of row `b`; both are published rows.
    func idPrecedes(_ a: UInt32, _ b: UInt32) -> Bool {
        let count = capacity.rowCount
        return records.idPrecedes(
            recordOffset(Int(a), rowCount: count), recordOffset(Int(b), rowCount: count))
    }
}
