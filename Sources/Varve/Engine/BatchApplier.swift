// From the bytes of a log record to rows in a memtable; the same code for new writes and for
// replayed ones.

import VarveFormat
import VarveGraph
import VarveMemtable
import VarveQuery
import VarveSegment
import VarveStorage
import VarveMutants

/// The sources a write must look through for the row it replaces, newest first.
struct OlderSources {
    var sealed: [Memtable]
    var segments: [SegmentHandle]

    /// The row that held `id` before the active memtable: what a write to the id has to mark.
    func find(_ id: RecordID) throws(SegmentError) -> (source: SegmentID, row: RowOrdinal)? {
        for memtable in sealed {
            switch memtable.view.lookup(id) {
            case .row(let row): return (memtable.sourceID, row)
            case .deleted: return nil
            case .absent: continue
            }
        }
        for segment in segments {
            guard let row = try segment.reader.find(id) else { continue }
            // The newest segment that knows the id decides: older rows of it were deleted before.
            return segment.deleted.contains(row) ? nil : (segment.id, row)
        }
        return nil
    }
}

/// How much room a batch takes in a memtable.
struct BatchRoom {
    var upsertLimit: Int
    var deleteLimit: Int
    var recordByteLimit: Int
    /// Bytes of a memtable that certainly has room for the batch.
    var byteCount: Int

    /// The room of a batch known by its counts.
    init(_ batch: EncodedBatch, schema: Schema, graph: GraphParameters) {
        self.init(
            payloadByteCount: batch.bytes.count, upsertCount: batch.upsertCount,
            deleteCount: batch.operationCount - batch.upsertCount, schema: schema, graph: graph)
    }

    /// The most room a replayed payload can take: each of its operations may be an upsert or a
    /// delete.
    init(payload: RawSpan, schema: Schema, graph: GraphParameters) {
        let operationCount =
            payload.byteCount >= BatchRecord.prefixByteCount
            // Safety: the bytes are there; any bits are a number, bounded by what the payload can
            // hold.
            ? Int(
                UInt32(
                    littleEndian: unsafe payload.unsafeLoadUnaligned(
                        fromByteOffset: BatchRecord.operationCountOffset, as: UInt32.self))) : 0
        let bounded = min(operationCount, payload.byteCount)
        self.init(
            payloadByteCount: payload.byteCount,
            upsertCount: min(bounded, payload.byteCount / max(1, schema.vectorByteCount)),
            deleteCount: bounded, schema: schema, graph: graph)
    }

    /// Bytes of the tables of ids and of marks for one operation, at most: both tables may just
    /// have grown, and keep their outgrown blocks.
    private static let tableByteCount = 96

    private init(
        payloadByteCount: Int, upsertCount: Int, deleteCount: Int, schema: Schema,
        graph: GraphParameters
    ) {
        upsertLimit = upsertCount
        deleteLimit = deleteCount
        let operationCount = upsertCount + deleteCount
        // A record keeps id and attributes as the payload has them, behind a head of at most 24
        // bytes.
        recordByteLimit =
            max(0, payloadByteCount - upsertCount * schema.vectorByteCount)
            + 24 * operationCount
        let capacity = MemtableCapacity(schema: schema, byteLimit: 1 << 20, graph: graph)
        byteCount =
            upsertCount * capacity.rowByteCount + recordByteLimit
            + operationCount * (MemtableCapacity.operationByteCount + Self.tableByteCount)
            + (1 << 16)
    }

    /// No room at all.
    static let none = BatchRoom(upsertLimit: 0, deleteLimit: 0, recordByteLimit: 0, byteCount: 0)

    private init(upsertLimit: Int, deleteLimit: Int, recordByteLimit: Int, byteCount: Int) {
        self.upsertLimit = upsertLimit
        self.deleteLimit = deleteLimit
        self.recordByteLimit = recordByteLimit
        self.byteCount = byteCount
    }

    /// Adds the room of another batch that is to go into the same memtable.
    mutating func add(_ other: BatchRoom) {
        upsertLimit += other.upsertLimit
        deleteLimit += other.deleteLimit
        recordByteLimit += other.recordByteLimit
        byteCount += other.byteCount
    }

    /// Whether `memtable` has room for the batch; then applying it cannot fail.
    func fits(_ memtable: Memtable) -> Bool {
        memtable.canHold(
            rowCount: upsertLimit, deleteCount: deleteLimit, byteCount: recordByteLimit)
    }
}

/// Applies batches to memtables.
struct BatchApplier {
    private let schema: Schema
    private var attributes: [UInt8] = []
    /// Why nothing more can be applied.
    var problem: StoreError?

    init(schema: Schema) { self.schema = schema }

    /// The rows of older sources that the batch's operations replace or delete, one place an
    /// operation.
    ///
    /// Looked up before anything is logged, because a damaged segment must refuse a write, not
    /// break it.
    func findReplaced(
        _ payload: RawSpan, in active: Memtable, older: OlderSources
    ) throws(StoreError) -> [(source: SegmentID, row: RowOrdinal)?] {
        let view = active.view
        do {
            var decoder = try BatchDecoder(
                payload, vectorByteCount: schema.vectorByteCount, validates: false)
            var replaced: [(source: SegmentID, row: RowOrdinal)?] = []
            replaced.reserveCapacity(decoder.operationCount)
            while let operation = try decoder.next() {
                let isKnown = view.lookup(operation.id) != .absent
                replaced.append(isKnown ? nil : try older.find(operation.id))
            }
            return replaced
        } catch let error as SegmentError {
            throw StoreError(error)
        } catch let error as FormatError {
            throw StoreError(error)
        } catch {
            throw StoreError(.corruption, "\(error)", cause: error)
        }
    }

    /// Applies a batch of new writes, whose replaced rows have been found.
    mutating func apply(
        _ payload: RawSpan, to active: Memtable,
        replaced: [(source: SegmentID, row: RowOrdinal)?], _ catalogue: inout AttributeCatalogue
    ) throws(StoreError) {
        var index = 0
        do throws(FormatError) {
            try forEach(payload, validates: false, offset: 0, to: active, &catalogue) {
                receipt, _ in
                defer { index += 1 }
                guard receipt.prior == .unseen, let target = replaced[index] else { return }
                active.mark(
                    source: target.source, ordinal: target.row, operation: receipt.operation)
            }
        } catch {
            throw StoreError(error)
        }
    }

    /// Applies a batch read from a log; ``problem`` is set if a segment cannot be searched for
    /// replaced rows.
    mutating func apply(
        _ payload: RawSpan, offset: UInt64, validates: Bool, to active: Memtable,
        older: OlderSources, _ catalogue: inout AttributeCatalogue
    ) throws(FormatError) {
        var failure: SegmentError?
        try forEach(payload, validates: validates, offset: offset, to: active, &catalogue) {
            receipt, id in
            guard receipt.prior == .unseen, failure == nil else { return }
            do throws(SegmentError) {
                guard let target = try older.find(id) else { return }
                active.mark(
                    source: target.source, ordinal: target.row, operation: receipt.operation)
            } catch {
                failure = error
            }
        }
        if let failure { problem = StoreError(failure) }
    }

    private mutating func forEach(
        _ payload: RawSpan, validates: Bool, offset: UInt64, to active: Memtable,
        _ catalogue: inout AttributeCatalogue, _ body: (WriteReceipt, RecordID) -> Void
    ) throws(FormatError) {
        var decoder = try BatchDecoder(
            payload, vectorByteCount: schema.vectorByteCount, validates: validates,
            baseOffset: offset)
        let table: [AttributeID]
        do throws(AttributeCatalogue.Refusal) {
            table = try catalogue.resolve(decoder.names)
        } catch {
            throw FormatError(
                .invalidValue, section: "batch", offset: offset, detail: "attribute names: \(error)"
            )
        }
        var rest = decoder.operationCount
        while let operation = try decoder.next() {
            rest -= 1
            if validates, rest == 0, Mutant.isPlanted(.replayDropsLastOperation) { break }
            switch operation {
            case .delete(let id): body(active.delete(id), id)
            case .upsert(let id, let vector, let record):
                let receipt = try upsert(id, payload, vector, record, table, to: active)
                body(receipt, id)
            }
        }
    }
}

extension BatchApplier {
    /// Writes one row, its attributes renamed from the batch's ids to the store's.
    private mutating func upsert(
        _ id: RecordID, _ payload: RawSpan, _ vector: Range<Int>, _ record: Range<Int>,
        _ table: [AttributeID], to active: Memtable
    ) throws(FormatError) -> WriteReceipt {
        attributes.removeAll(keepingCapacity: true)
        var failure: FormatError?
        // Safety: the decoder has checked that both ranges lie inside the payload.
        let receipt = unsafe payload.withUnsafeBytes { bytes -> WriteReceipt? in
            unsafe attributes.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[record]))
            return unsafe attributes.withUnsafeMutableBytes { renamed -> WriteReceipt? in
                do throws(FormatError) {
                    if !Mutant.isPlanted(.skipAttributeRenaming) {
                        unsafe try AttributeRecord.remapIdentifiers(in: renamed, through: table)
                    }
                } catch {
                    failure = error
                    return nil
                }
                return unsafe active.upsert(
                    id, vector: UnsafeRawBufferPointer(rebasing: bytes[vector]),
                    attributes: UnsafeRawBufferPointer(renamed))
            }
        }
        if let failure { throw failure }
        guard let receipt else { preconditionFailure("no receipt and no failure") }
        return receipt
    }
}

/// Making memtables of the size the budget asks for.
enum MemtableMaking {
    static func make(
        _ id: SegmentID, _ schema: Schema, _ options: Options, atLeast byteCount: Int
    ) throws(StoreError) -> Memtable {
        try withStorageErrors { () throws(StorageError) in
            try Memtable(
                schema: schema, sourceID: id,
                capacity: MemtableCapacity(
                    schema: schema, byteLimit: max(options.memtableByteCount, byteCount),
                    graph: options.graphParameters))
        }
    }
}
