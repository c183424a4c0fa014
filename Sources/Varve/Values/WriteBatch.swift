// Writes that happen together.

public import VarveFormat

/// Writes that become durable and visible together, in their order: all of them, or none.
///
/// Of two writes to one id the last wins. A batch may be written to any store of the right
/// dimension; it is checked when it is written, and then refused as a whole if anything in it is
/// wrong.
public struct WriteBatch: Sendable {
    /// One write.
    enum Operation: Sendable {
        /// A row whose vector is the `floats` at these positions.
        case upsert(RecordID, floats: Range<Int>, attributes: [String: AttributeValue])
        /// A row whose vector is the `wholeNumbers` at these positions.
        case upsertBytes(RecordID, bytes: Range<Int>, attributes: [String: AttributeValue])
        case delete(RecordID)
    }

    private(set) var operations: [Operation] = []
    /// The components of vectors given as numbers, one vector after the other.
    private(set) var floats: [Float] = []
    /// The components of vectors given as bytes, one vector after the other.
    private(set) var wholeNumbers: [UInt8] = []

    /// The most writes one batch may have.
    public static let maximumOperationCount = 65_536

    /// An empty batch.
    public init() {}

    /// Writes in the batch.
    public var count: Int { operations.count }

    /// Whether the batch has no writes.
    public var isEmpty: Bool { operations.isEmpty }

    /// Makes room for `rowCount` rows of `dimension` components.
    public mutating func reserve(rowCount: Int, dimension: Int) {
        operations.reserveCapacity(operations.count + rowCount)
        floats.reserveCapacity(floats.count + rowCount * dimension)
    }

    /// Writes a row, replacing the row of that id if there is one, attributes and all.
    ///
    /// - Parameters:
    ///   - id: Any number, or a text of 1 to 1,024 bytes.
    ///   - vector: As many components as the store has dimensions, all finite; whole numbers in
    ///     range for a store of `uint8` or `int8`; not all zero under cosine.
    ///   - attributes: Values by dotted name. A name keeps the type of its first value for ever.
    public mutating func upsert(
        id: RecordID, vector: [Float], attributes: [String: AttributeValue] = [:]
    ) {
        let start = floats.count
        floats.append(contentsOf: vector)
        operations.append(
            .upsert(id, floats: start..<floats.count, attributes: attributes))
    }

    /// Writes a row whose vector is a part of a larger buffer; else as the other `upsert`.
    public mutating func upsert(
        id: RecordID, vector: Span<Float>, attributes: [String: AttributeValue] = [:]
    ) {
        let start = floats.count
        unsafe vector.withUnsafeBufferPointer { unsafe floats.append(contentsOf: $0) }
        operations.append(
            .upsert(id, floats: start..<floats.count, attributes: attributes))
    }

    /// Writes a row of a store of `uint8`, given as its bytes.
    public mutating func upsert(
        id: RecordID, bytes: [UInt8], attributes: [String: AttributeValue] = [:]
    ) {
        let start = wholeNumbers.count
        wholeNumbers.append(contentsOf: bytes)
        operations.append(
            .upsertBytes(id, bytes: start..<wholeNumbers.count, attributes: attributes))
    }

    /// Removes the row of that id, if there is one.
    public mutating func delete(id: RecordID) { operations.append(.delete(id)) }

    /// Takes all writes out and keeps the room.
    public mutating func removeAll() {
        operations.removeAll(keepingCapacity: true)
        floats.removeAll(keepingCapacity: true)
        wholeNumbers.removeAll(keepingCapacity: true)
    }
}
