// Rows of a bulk load, gathered in memory until they become a segment.

public import VarveFormat
internal import VarveGraph
internal import VarveKernels
internal import VarveMemtable
internal import Synchronization
public import VarveStorage

/// Rows in the order of their arrival, with everything that a segment of them needs but the graph.
///
/// Filled by one thread; afterwards read by many. Memory is reserved for as many rows as fit and
/// committed as they come.
@safe public final class BulkRun: @unchecked Sendable {
    // Invariant for Sendable: rows are appended, dropped, renamed and encoded by one thread at a
    // time, all before the run is handed to readers; encoding writes each row from one thread.

    let schema: Schema
    /// The most rows the run takes.
    public let rowLimit: Int
    private let capacity: BulkCapacity
    private let byteLimit: Int
    private let vectors: MemoryRegion
    private let codes: MemoryRegion?
    private let headers: MemoryRegion
    private var ids: [RecordID] = []
    private var records = RecordChunks()
    /// Bytes of texts and attributes, which differ from row to row.
    private var variableByteCount = 0
    /// Whether every id so far was larger than the one before.
    private var isAscending = true

    /// An empty run of at most `rowLimit` rows that together take about `byteLimit` bytes while
    /// their graph is built.
    ///
    /// - Throws: ``StorageError`` of kind `noResources` if there is no address space for the rows.
    public init(
        _ capacity: BulkCapacity, rowLimit: Int, byteLimit: Int
    ) throws(StorageError) {
        precondition((1...BulkCapacity.maximumRowCount).contains(rowLimit), "rows of a segment")
        schema = capacity.schema
        self.capacity = capacity
        self.rowLimit = rowLimit
        self.byteLimit = byteLimit
        vectors = try Self.region(rowLimit, capacity.vectorStride)
        codes = capacity.sharesVectors ? nil : try Self.region(rowLimit, capacity.codeStride)
        headers = try Self.region(rowLimit, ByteRow.byteCount)
    }

    private static func region(
        _ rowCount: Int, _ stride: Int
    ) throws(StorageError) -> MemoryRegion {
        let (byteCount, overflow) = rowCount.multipliedReportingOverflow(by: stride)
        let isLarge = byteCount >= 8 * MemoryRegion.hugePageByteCount
        return try MemoryRegion(byteCount: overflow ? .max : byteCount, hugePages: isLarge)
    }

    /// Rows in the run.
    public var rowCount: Int { ids.count }

    /// Whether the next row belongs into another run.
    public var isFull: Bool {
        rowCount == rowLimit
            || (rowCount > 0
                && capacity.byteCount(rowCount: rowCount) + variableByteCount >= byteLimit)
    }

    /// Appends a row: `vector` as the schema stores it, `attributes` an encoded record.
    ///
    /// Of two rows of one id the later one counts, once ``dropSuperseded()`` has been called.
    ///
    /// - Throws: ``StorageError`` of kind `noResources` if there is no memory for the attributes.
    public func append(
        _ id: RecordID, vector: UnsafeRawBufferPointer, attributes: UnsafeRawBufferPointer
    ) throws(StorageError) {
        precondition(rowCount < rowLimit, "a run is full")
        precondition(vector.count == schema.vectorByteCount, "a vector of the wrong size")
        unsafe try records.append(attributes)
        if let last = ids.last, !(last < id) { isAscending = false }
        if let source = vector.baseAddress {
            unsafe self.vector(rowCount).copyMemory(from: source, byteCount: vector.count)
        }
        ids.append(id)
        variableByteCount += attributes.count
        if case .text(let text) = id { variableByteCount += 32 + text.utf8.count }
    }

    /// Drops every row whose id a later row has too; the others keep their order.
    ///
    /// - Returns: Rows dropped.
    /// - Complexity: nothing where ids came in ascending order, else a sort.
    @discardableResult
    public func dropSuperseded() -> Int {
        guard !isAscending else { return 0 }
        let order = rowsInIDOrder()
        var isSuperseded = [Bool](repeating: false, count: ids.count)
        var count = 0
        for (row, next) in zip(order, order.dropFirst()) where ids[Int(row)] == ids[Int(next)] {
            isSuperseded[Int(row)] = true
            count += 1
        }
        if count > 0 { keepRows { !isSuperseded[$0] } }
        return count
    }

    /// All rows in the order of their ids, those of one id in the order of their arrival.
    private func rowsInIDOrder() -> [UInt32] {
        let ids = ids
        return (0..<UInt32(ids.count)).sorted { a, b in
            let (x, y) = (ids[Int(a)], ids[Int(b)])
            return x == y ? a < b : x < y
        }
    }

    private func keepRows(where isKept: (Int) -> Bool) {
        var kept = 0
        for row in 0..<rowCount where isKept(row) {
            if kept != row {
                // Safety: both rows are of the run, and vectors do not overlap.
                unsafe vector(kept).copyMemory(
                    from: vector(row), byteCount: capacity.vectorStride)
                ids[kept] = ids[row]
                records.move(row, to: kept)
            }
            kept += 1
        }
        ids.removeLast(ids.count - kept)
        records.truncate(to: kept)
    }

    /// Replaces every attribute id `i` by `table[i]`.
    ///
    /// - Throws: ``FormatError`` if an id is not in the table.
    public func renameAttributes(through table: [AttributeID]) throws(FormatError) {
        guard zip(table.indices, table).contains(where: { $0 != Int($1.rawValue) }) else { return }
        try records.rename(through: table)
    }

    // MARK: - Codes

    /// Makes the 8-bit codes of all rows.
    ///
    /// - Returns: Under inner product the squared length that all vectors are lifted to; else zero.
    func encode(runtime: any Runtime, threadCount: Int) -> Double {
        let largest = Mutex<Double>(0)
        overRows(runtime, threadCount) { rows, encoding in
            var longest = 0.0
            for row in rows {
                unsafe header(row).storeBytes(
                    of: encoding.encode(vector(row), into: code(row)), as: ByteRow.self)
                guard schema.metric == .innerProduct else { continue }
                unsafe longest = max(longest, encoding.squaredNorm(vector(row)))
            }
            largest.withLock { $0 = max($0, longest) }
        }
        guard schema.metric == .innerProduct else { return 0 }
        let norm2 = largest.withLock { $0 }
        overRows(runtime, threadCount) { rows, encoding in
            for row in rows {
                let rest = unsafe norm2 - encoding.squaredNorm(vector(row))
                var changed = unsafe header(row).load(as: ByteRow.self)
                changed.lift = Float(max(0, rest).squareRoot())
                unsafe header(row).storeBytes(of: changed, as: ByteRow.self)
            }
        }
        return norm2
    }

    private func overRows(
        _ runtime: any Runtime, _ threadCount: Int,
        _ body: @Sendable (Range<Int>, RowEncoding) -> Void
    ) {
        let chunk = 1_024
        let count = rowCount
        runtime.parallel(count: (count + chunk - 1) / chunk, threadCount: threadCount) { index in
            body(
                index * chunk..<min(count, (index + 1) * chunk), RowEncoding(schema: schema))
        }
    }

    /// Brings the rows into `order`, codes and all.
    func apply(_ order: RowOrder) {
        unsafe order.apply(toRecordsAt: vectors.baseAddress, stride: capacity.vectorStride)
        if let codes {
            unsafe order.apply(toRecordsAt: codes.baseAddress, stride: capacity.codeStride)
        }
        unsafe order.apply(toRecordsAt: headers.baseAddress, stride: ByteRow.byteCount)
        ids = order.applied(to: ids)
        records.apply(order)
    }

    /// The codes of all rows; readable while the run lives.
    var byteVectors: ByteVectorTable {
        // Safety: the regions live as long as the run, and only its rows are asked for.
        unsafe ByteVectorTable(
            codes: (codes ?? vectors).baseAddress, codeStride: capacity.codeStride,
            rows: headers.baseAddress, rowStride: ByteRow.byteCount, dimension: schema.dimension)
    }

    // MARK: - Rows

    func id(_ row: Int) -> RecordID { ids[row] }

    func attributes(_ row: Int) -> UnsafeRawBufferPointer { unsafe records[row] }

    func vector(_ row: Int) -> UnsafeMutableRawPointer {
        precondition(row >= 0 && row < rowLimit, "a row of the run")
        return unsafe vectors.baseAddress + row * capacity.vectorStride
    }

    private func code(_ row: Int) -> UnsafeMutableRawPointer {
        precondition(row >= 0 && row < rowLimit, "a row of the run")
        return unsafe (codes ?? vectors).baseAddress + row * capacity.codeStride
    }

    private func header(_ row: Int) -> UnsafeMutableRawPointer {
        precondition(row >= 0 && row < rowLimit, "a row of the run")
        return unsafe headers.baseAddress + row * ByteRow.byteCount
    }
}
