// From a user's batch to the bytes of a log record: everything about a row is checked here, before
// anything of the batch can be written.

import VarveGraph
import VarveFormat
import VarveKernels

/// Turns the rows of one batch into the store's own form: checked, normalised, in its element type.
struct BatchEncoding {
    private let schema: Schema
    private var encoder: BatchEncoder
    /// The vector at hand, as the store keeps it.
    private var stored: [UInt8]
    /// The vector at hand, normalised.
    private var unit: [Float]
    private var retention = RetentionOptions()
    private var now: Int64 = 0

    /// The payload of `batch`, but for its sequence number.
    ///
    /// - Parameters:
    ///   - firstRow: The number that errors give the first row.
    ///   - retention: What rows are stamped with, at `now`.
    /// - Throws: ``StoreError`` `invalidArgument` or `tooLarge`, with the row and the field in its
    ///   message.
    static func encode(
        _ batch: WriteBatch, schema: Schema, firstRow: Int = 0,
        retention: RetentionOptions = RetentionOptions(), now: Int64 = 0
    ) throws(StoreError) -> EncodedBatch {
        guard batch.count <= WriteBatch.maximumOperationCount else {
            throw StoreError(
                .tooLarge,
                "a batch of \(batch.count) writes; at most \(WriteBatch.maximumOperationCount)")
        }
        var encoding = BatchEncoding(schema: schema, rowCount: batch.count)
        (encoding.retention, encoding.now) = (retention, now)
        for (row, operation) in batch.operations.enumerated() {
            try encoding.append(operation, of: batch, row: firstRow + row)
        }
        return encoding.encoder.finish()
    }

    private init(schema: Schema, rowCount: Int) {
        self.schema = schema
        encoder = BatchEncoder(
            vectorByteCount: schema.vectorByteCount,
            capacity: rowCount * (schema.vectorByteCount + 256))
        stored = [UInt8](repeating: 0, count: schema.vectorByteCount)
        unit = [Float](repeating: 0, count: schema.metric == .cosine ? schema.dimension : 0)
    }

    private mutating func append(
        _ operation: WriteBatch.Operation, of batch: WriteBatch, row: Int
    ) throws(StoreError) {
        switch operation {
        case .delete(let id):
            do throws(BatchEncodingError) {
                try encoder.appendDelete(id)
            } catch {
                throw error.storeError(row: row)
            }
        case .upsert(let id, let range, let attributes):
            try checkDimension(range.count, row: row, id: id)
            if let problem = store(batch.floats, range) {
                throw StoreError(.invalidArgument, "row \(row) (id \(id)): \(problem)")
            }
            try appendStored(id, attributes, row: row)
        case .upsertBytes(let id, let range, let attributes):
            guard schema.elementType == .uint8 else {
                throw StoreError(
                    .invalidArgument,
                    "row \(row) (id \(id)): bytes are vectors of a uint8 store only")
            }
            try checkDimension(range.count, row: row, id: id)
            stored.replaceSubrange(0..., with: batch.wholeNumbers[range])
            try appendStored(id, attributes, row: row)
        }
    }

    private func checkDimension(_ count: Int, row: Int, id: RecordID) throws(StoreError) {
        guard count == schema.dimension else {
            throw StoreError(
                .invalidArgument,
                "row \(row) (id \(id)): vector has \(count) components, "
                    + "the store's dimension is \(schema.dimension)")
        }
    }

    /// Squared distances of two vectors up to this are finite in 32 bits.
    static var squaredNormLimit: Double { 8e37 }

    /// Vectors of any dimension whose components are all below this are shorter than that.
    static var certainComponentLimit: Float { 1e15 }

    /// Puts a vector into `stored`; what is wrong with it, if anything is.
    private mutating func store(_ floats: [Float], _ range: Range<Int>) -> String? {
        unsafe floats.withUnsafeBufferPointer { buffer -> String? in
            guard let base = buffer.baseAddress else { return "vector is empty" }
            let vector = unsafe base + range.lowerBound
            if let index = unsafe VectorConversion.firstNotFinite(vector, count: range.count) {
                return "component \(index) of the vector is \(unsafe vector[index])"
            }
            let norm2 = unsafe VectorConversion.squaredNorm(vector, count: range.count)
            guard norm2 <= Self.squaredNormLimit || schema.metric == .cosine else {
                return "the vector is longer than 8.9e18, so that distances would not be finite"
            }
            guard schema.metric == .cosine else {
                return unsafe Self.convert(vector, schema, into: &stored)
            }
            return unsafe Self.normalise(vector, schema, &unit, into: &stored)
        }
    }

    private static func normalise(
        _ vector: UnsafePointer<Float>, _ schema: Schema, _ unit: inout [Float],
        into stored: inout [UInt8]
    ) -> String? {
        unsafe unit.withUnsafeMutableBufferPointer { unit -> String? in
            guard let start = unit.baseAddress else { return "vector is empty" }
            unsafe start.update(from: vector, count: schema.dimension)
            guard unsafe VectorConversion.normalise(start, count: schema.dimension) else {
                return "a vector of zeros has no direction, and the metric is cosine"
            }
            return unsafe convert(start, schema, into: &stored)
        }
    }

    private static func convert(
        _ vector: UnsafePointer<Float>, _ schema: Schema, into stored: inout [UInt8]
    ) -> String? {
        let refused = unsafe stored.withUnsafeMutableBytes { bytes -> Int? in
            guard let base = bytes.baseAddress else { return 0 }
            return unsafe VectorConversion.convert(
                vector, count: schema.dimension, to: schema.elementType.vectorElement, into: base)
        }
        guard let refused else { return nil }
        return "component \(refused) of the vector is \(unsafe vector[refused]), "
            + "which \(schema.elementType) cannot hold"
    }

    private mutating func appendStored(
        _ id: RecordID, _ attributes: [String: AttributeValue], row: Int
    ) throws(StoreError) {
        // Two equal dictionaries may differ in their order, and names get their numbers in order.
        var entries = retention.stamped(attributes, now: now).map {
            (name: $0.key, value: $0.value)
        }
        if entries.count > 1 { entries.sort { $0.name < $1.name } }
        // Safety: `stored` is not touched while the encoder copies it.
        let source = stored
        var failure: BatchEncodingError?
        unsafe source.withUnsafeBytes { bytes in
            do throws(BatchEncodingError) {
                unsafe try encoder.appendUpsert(id, vector: bytes, attributes: entries)
            } catch {
                failure = error
            }
        }
        if let failure { throw failure.storeError(row: row) }
    }
}

extension BatchEncodingError {
    /// The error as the public face gives it, with the row and the field.
    func storeError(row: Int) -> StoreError {
        switch self {
        case .invalidID(let id):
            StoreError(
                .invalidArgument,
                "row \(row): the id has \(id.description.utf8.count) bytes; a text has 1 to "
                    + "\(RecordID.maximumTextByteCount)")
        case .wrongVectorByteCount(let id, let expected, let found):
            StoreError(
                .invalidArgument,
                "row \(row) (id \(id)): vector of \(found) bytes, expected \(expected)")
        case .invalidName(let id, let name):
            StoreError(
                .invalidArgument,
                "row \(row) (id \(id)): attribute name \"\(name)\" must have 1 to "
                    + "\(AttributeRecord.maximumNameByteCount) bytes")
        case .duplicateName(let id, let name):
            StoreError(
                .invalidArgument, "row \(row) (id \(id)): attribute \"\(name)\" is given twice")
        case .typeMismatch(let id, let name, let expected, let found):
            StoreError(
                .invalidArgument,
                "row \(row) (id \(id)): attribute \"\(name)\" is of type \(expected), "
                    + "not \(found)")
        case .notANumber(let id, let name):
            StoreError(
                .invalidArgument, "row \(row) (id \(id)): attribute \"\(name)\" is not a number")
        case .textTooLong(let id, let name, let byteCount):
            StoreError(
                .tooLarge,
                "row \(row) (id \(id)): a text of attribute \"\(name)\" has \(byteCount) bytes; "
                    + "at most \(AttributeRecord.maximumTextByteCount)")
        case .rowTooLarge(let id, let byteCount):
            StoreError(
                .tooLarge,
                "row \(row) (id \(id)): attributes of \(byteCount) bytes; at most "
                    + "\(AttributeRecord.maximumByteCount)")
        case .tooManyNames(let id):
            StoreError(
                .tooLarge,
                "row \(row) (id \(id)): more than \(AttributeRecord.maximumNameCount) "
                    + "attribute names")
        case .batchTooLarge(let byteCount):
            StoreError(
                .tooLarge,
                "row \(row): the batch has \(byteCount) bytes; at most "
                    + "\(BatchRecord.maximumByteCount)")
        }
    }
}
