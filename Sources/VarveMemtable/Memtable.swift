// The rows written since a log file began, in memory, searchable at any moment of their history.

internal import Synchronization
public import VarveFormat
internal import VarveGraph
internal import VarveKernels
public import VarveStorage

/// A memtable: rows, deletes and marks on older sources, as one log file tells them.
///
/// One writer at a time calls the writing methods (from any thread, never two at once); any number
/// of readers look at views without locks; one background indexer may run beside both. Memory is
/// reserved at creation and never moves, so a view stays valid for as long as somebody holds the
/// memtable.
///
/// A row written by operation *a* and superseded by operation *b* is visible in a view of *n*
/// operations if *a* < *n* ≤ *b*. Operations become visible batch by batch, with ``publish()``.
@safe public final class Memtable: @unchecked Sendable {
    // Invariant for Sendable: what readers touch is immutable, atomic, or written before the
    // operation count that lets them see it is published with release order. Writer state belongs
    // to the one writer.

    /// The shape of every vector.
    public let schema: Schema
    /// The name under which newer memtables mark rows of this one.
    public let sourceID: SegmentID
    /// What there is room for.
    public let capacity: MemtableCapacity

    let rows: RowStore
    let records: RecordArena
    let operations: OperationLog
    let ids = SlotTable(slotCount: 1_024)
    let markLists = MarkLists()
    let graph: GrowingGraph
    private let memory: [MemoryRegion]
    let encoding: RowEncoding

    /// Operations whose batches have been published.
    let visibleOperationCount = Atomic<UInt32>(0)
    let isSealedFlag = Atomic<Bool>(false)
    /// Bytes in use when the last batch was published.
    let publishedBytes = Atomic<Int>(0)

    /// The writer's state.
    var writer = WriterState()

    /// What only the one writer reads and writes.
    struct WriterState {
        var rowCount = 0
        var liveRowCount = 0
        var operationCount = 0
        var recordByteCount = 0
        var publishedRowCount = 0
        /// The squared norm every lifted vector has; nil before the first row under inner product.
        var liftedNorm2: Double?
    }

    /// Memtables of so many bytes use huge pages.
    private static let hugePageByteLimit = 256 << 20

    /// An empty memtable that reserves address space for `capacity`.
    ///
    /// - Throws: ``StorageError`` of kind `noResources` if there is not enough.
    public init(
        schema: Schema, sourceID: SegmentID, capacity: MemtableCapacity
    ) throws(StorageError) {
        self.schema = schema
        self.sourceID = sourceID
        self.capacity = capacity
        let rowCount = capacity.rowCount
        // Large pages cost up to 2 MiB a region, which a large memtable earns back in page faults.
        let hugePages = capacity.byteLimit >= Self.hugePageByteLimit
        let vectors = try MemoryRegion(
            byteCount: rowCount * capacity.vectorStride, hugePages: hugePages)
        var codes: MemoryRegion?
        if !capacity.sharesVectors {
            codes = try MemoryRegion(
                byteCount: rowCount * capacity.codeStride, hugePages: hugePages)
        }
        let byteRows = try MemoryRegion(byteCount: rowCount * MemoryLayout<ByteRow>.stride)
        let rowOperations = try MemoryRegion(byteCount: rowCount * 4)
        let supersededBy = try MemoryRegion(byteCount: rowCount * 4)
        let operations = try MemoryRegion(
            byteCount: capacity.operationCount * MemoryLayout<Operation>.stride)
        let records = try MemoryRegion(byteCount: capacity.byteLimit, hugePages: hugePages)
        rows = RowStore(
            capacity: capacity, vectors: vectors, codes: codes, byteRows: byteRows,
            operations: rowOperations, supersededBy: supersededBy)
        graph = try GrowingGraph(
            table: rows.byteVectors(schema), capacity: rowCount, parameters: capacity.graph)
        self.operations = unsafe OperationLog(
            base: operations.baseAddress, capacity: capacity.operationCount)
        self.records = unsafe RecordArena(base: records.baseAddress, capacity: capacity.byteLimit)
        encoding = RowEncoding(schema: schema)
        memory =
            [vectors, byteRows, rowOperations, supersededBy, operations, records]
            + (codes.map { [$0] } ?? [])
    }

    // MARK: - Room

    /// Bytes in use: rows, operations, records, tables and graph; the writer's.
    public var byteCount: Int {
        rowsByteCount(writer.rowCount, writer.operationCount) + writer.recordByteCount
            + ids.byteCount + markLists.byteCount
    }

    /// Whether a batch fits: `rowCount` upserts, `deleteCount` deletes, a mark for each, and
    /// records of `byteCount` bytes in all as ``recordByteCount(id:attributeByteCount:)`` counts
    /// them.
    ///
    /// The writer's. A batch for which this said yes is written without failing.
    public func canHold(rowCount: Int, deleteCount: Int = 0, byteCount: Int) -> Bool {
        let operationCount = writer.operationCount + rowCount + deleteCount
        let rows = writer.rowCount + rowCount
        let recordBytes = writer.recordByteCount + byteCount
        guard rows <= capacity.rowCount, operationCount <= capacity.operationCount else {
            return false
        }
        let tables =
            ids.byteCount(afterAdding: rowCount + deleteCount)
            + markLists.byteCount(afterAdding: rowCount + deleteCount)
        return rowsByteCount(rows, operationCount) + recordBytes + tables <= capacity.byteLimit
    }

    /// Bytes the record of an operation takes; a delete has no attributes.
    public static func recordByteCount(id: RecordID, attributeByteCount: Int) -> Int {
        let idByteCount =
            switch id {
            case .number: 8
            case .text(let text): text.utf8.count
            }
        return RecordArena.byteCount(
            idByteCount: idByteCount, attributeByteCount: attributeByteCount)
    }

    private func rowsByteCount(_ rowCount: Int, _ operationCount: Int) -> Int {
        rowCount * capacity.rowByteCount
            + operationCount * MemtableCapacity.operationByteCount
    }

    // MARK: - Views

    /// The view of everything published so far; any thread's.
    public var view: MemtableView {
        MemtableView(
            memtable: self,
            operationCount: Int(visibleOperationCount.load(ordering: .acquiring)))
    }

    /// Bytes in use when the last batch was published; any thread's.
    public var publishedByteCount: Int { publishedBytes.load(ordering: .relaxed) }

    /// Whether ``seal()`` has been called.
    public var isSealed: Bool { isSealedFlag.load(ordering: .acquiring) }
}
