// Rows into segments of their own, run by run, before anything of them is published.

import Synchronization
import VarveCompaction
import VarveFormat
import VarveManifest
import VarveSegment
import VarveStorage

/// A bulk load under way: what has been read, and the segments written so far.
struct BulkLoad {
    private let engine: Engine
    private let capacity: BulkCapacity
    private let segmentRowCount: Int?
    private let observer: TransferObserver?
    private var progress: TransferProgress
    /// Rows that have been read and not checked yet.
    private var batch = WriteBatch()
    private var batchByteCount = 0
    /// The store's attribute names as of the beginning, and those the load has brought since.
    private var names: AttributeCatalogue
    private var run: BulkRun?
    /// The attribute record at hand.
    private var record: [UInt8] = []
    /// Where the load stands among all writes, once it is published.
    let sequence: SequenceNumber
    /// The segments written so far, in the order of their rows.
    private(set) var segments: [LoadedSegment] = []

    /// Rows that are checked together.
    private static let batchRowCount = 1_000
    private static let batchByteLimit = 4 << 20

    /// A load whose place among all writes has been reserved.
    init(
        _ engine: Engine, sequence: SequenceNumber, totalRowCount: Int?, segmentRowCount: Int?,
        observer: TransferObserver?
    ) {
        self.engine = engine
        self.sequence = sequence
        self.segmentRowCount = segmentRowCount
        self.observer = observer
        progress = TransferProgress(rowCount: 0, totalRowCount: totalRowCount)
        capacity = BulkCapacity(
            schema: engine.schema, graph: engine.options.graphParameters)
        names = engine.writing.withLock { AttributeCatalogue($0.catalogue.definitions) }
    }

    /// Rows read so far.
    var rowCount: Int { progress.rowCount }

    /// Takes a row in.
    ///
    /// - Throws: ``StoreError``, also for rows that were taken in before this one.
    mutating func append(_ row: Row) throws(StoreError) {
        batch.upsert(id: row.id, vector: row.vector, attributes: row.attributes)
        batchByteCount += row.vector.count * 4
        for (name, value) in row.attributes {
            batchByteCount += name.utf8.count + value.byteCountEstimate
        }
        if batch.count >= Self.batchRowCount || batchByteCount >= Self.batchByteLimit {
            try takeBatch()
        }
    }

    /// Writes what is left as the last segment.
    mutating func finish() throws(StoreError) {
        if !batch.isEmpty { try takeBatch() }
        try writeSegment()
    }

    // MARK: - Gathering

    /// Checks the rows that have been read and puts them into the run.
    private mutating func takeBatch() throws(StoreError) {
        let first = progress.rowCount
        var encoded = try BatchEncoding.encode(
            batch, schema: engine.schema, firstRow: first, retention: engine.options.retention,
            now: engine.runtime.wallClockMicroseconds())
        encoded.assign(sequence, microseconds: 0)
        let table: [AttributeID]
        do throws(AttributeCatalogue.Refusal) {
            table = try names.resolve(encoded.names)
        } catch {
            throw try refusal(error, firstRow: first)
        }
        do {
            // Safety: every pattern of bits is a byte.
            var decoder = unsafe try BatchDecoder(
                encoded.bytes.span.bytes, vectorByteCount: engine.schema.vectorByteCount,
                validates: false)
            while let operation = try decoder.next() {
                guard case .upsert(let id, let vector, let attributes) = operation else {
                    preconditionFailure("a load only writes rows")
                }
                try take(id, vector, attributes, of: encoded.bytes, table)
            }
        } catch let error as FormatError {
            throw StoreError(error)
        } catch let error as StorageError {
            throw StoreError(error)
        } catch let error as StoreError {
            throw error
        } catch {
            throw StoreError(.corruption, "\(error)", cause: error)
        }
        progress.rowCount += batch.count
        batch.removeAll()
        batchByteCount = 0
        try engine.requireWritable()
        guard observer?(progress) ?? true else {
            throw StoreError(
                .cancelled,
                "the load was ended after \(progress.rowCount) rows; none of them is in the store")
        }
    }

    private mutating func take(
        _ id: RecordID, _ vector: Range<Int>, _ attributes: Range<Int>, of payload: [UInt8],
        _ table: [AttributeID]
    ) throws {
        if run?.isFull ?? false { try writeSegment() }
        let run = try self.run ?? makeRun()
        self.run = run
        record.removeAll(keepingCapacity: true)
        record.append(contentsOf: payload[attributes])
        unsafe try record.withUnsafeMutableBytes { record in
            unsafe try AttributeRecord.remapIdentifiers(in: record, through: table)
            unsafe try payload.withUnsafeBytes { payload in
                // Safety: the decoder has checked that the range lies inside the payload.
                unsafe try run.append(
                    id, vector: UnsafeRawBufferPointer(rebasing: payload[vector]),
                    attributes: UnsafeRawBufferPointer(record))
            }
        }
    }

    private func makeRun() throws(StoreError) -> BulkRun {
        let byteLimit = segmentRowCount == nil ? engine.options.bulkLoadByteCount : .max
        let rowLimit = segmentRowCount ?? capacity.rowCount(byteCount: byteLimit)
        return try withStorageErrors { () throws(StorageError) in
            try BulkRun(
                capacity, rowLimit: min(rowLimit, BulkCapacity.maximumRowCount),
                byteLimit: byteLimit)
        }
    }

    /// The error of the first row of the batch whose attributes the store cannot take.
    private func refusal(
        _ refusal: AttributeCatalogue.Refusal, firstRow: Int
    ) throws(StoreError) -> StoreError {
        var catalogue = names
        for (row, operation) in batch.operations.enumerated() {
            guard case .upsert(let id, _, let attributes) = operation else { continue }
            let definitions = attributes.keys.sorted().compactMap { name in
                attributes[name].map { AttributeDefinition(name: name, type: $0.type) }
            }
            guard let own = AttributeNames(definitions) else { continue }
            do throws(AttributeCatalogue.Refusal) {
                _ = try catalogue.resolve(own)
            } catch {
                let cause = error.storeError
                return StoreError(
                    cause.code, "row \(firstRow + row) (id \(id)): \(cause.message)",
                    cause: cause)
            }
        }
        return refusal.storeError
    }

    // MARK: - Writing

    /// Makes a segment of the run, and finds the rows of earlier ones that it replaces.
    private mutating func writeSegment() throws(StoreError) {
        guard let run = run.take(), run.rowCount > 0 else { return }
        run.dropSuperseded()
        let (id, definitions, table) = try engine.beginSegment(with: names)
        do throws(FormatError) {
            try run.renameAttributes(through: table)
        } catch {
            throw StoreError(error)
        }
        let store = engine.manifests.current.store
        let plan = FlushPlan(
            store: store, directory: engine.directory, id: id,
            file: FileIdentity.segment(store, id), sequences: sequence...sequence,
            attributes: definitions, includesWalk: engine.options.walkBlocks)
        let segment = try withSegmentErrors { () throws(SegmentError) in
            let written = try VarveCompaction.writeSegment(
                of: run, plan, capacity, fileSystem: engine.fileSystem, runtime: engine.runtime,
                threadCount: engine.options.threadCount)
            return try LoadedSegment(
                written.record, fileSystem: engine.fileSystem, directory: engine.directory)
        }
        releaseUnusedMemory()
        try withSegmentErrors { () throws(SegmentError) in
            for index in segments.indices {
                let replaced = try segments[index].rows(withIDsOf: [segment])
                segments[index].deleted.formUnion(replaced)
            }
        }
        segments.append(segment)
        try engine.requireWritable()
    }
}

extension AttributeValue {
    /// Bytes the value takes in a batch, roughly.
    fileprivate var byteCountEstimate: Int {
        switch self {
        case .string(let text): 8 + text.utf8.count
        case .strings(let texts): texts.reduce(8) { $0 + 4 + $1.utf8.count }
        case .int, .double, .bool, .date: 16
        }
    }
}

extension Options {
    /// Bytes a bulk load may take for the rows of one segment: a quarter of the budget, which is
    /// what full memtables, mapped segments and the page cache leave.
    var bulkLoadByteCount: Int { memoryBudgetByteCount / 4 }
}
