// What a batch of writes is as the payload of one log record. Specification:
// Format/Specification/log.md.

/// The layout of a batch's payload, shared by ``BatchEncoder`` and ``BatchDecoder``.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 8 | sequence number, at least 1 |
/// | 8 | 4 | number of operations |
/// | 12 | 4 | bytes of all operations, `n` |
/// | 16 | 4 | bytes of a vector |
/// | 20 | 2 | number of attribute names |
/// | 22 | 2 | required features, zero |
/// | 24 | n | operations |
/// | 24 + n | | attribute names: type byte and text each |
///
/// An operation is a kind byte and an id; an upsert goes on with the vector's bytes, a u32 byte
/// count, and that many bytes of ``AttributeRecord``, whose ids are indices into the names behind
/// the operations.
public enum BatchRecord {
    /// Bytes in front of the operations.
    public static let prefixByteCount = 24
    /// Bytes a payload may have; as many as any payload of a log.
    public static let maximumByteCount = LogRecordHeader.maximumPayloadByteCount

    static let operationCountOffset = 8
    static let operationByteCountOffset = 12
    static let vectorByteCountOffset = 16

    /// The kinds of operations; 3 (delete by filter) and 4 (expiry) are set aside.
    enum OperationKind: UInt8 {
        case upsert = 1
        case delete = 2
    }
}

/// One operation of a batch, with the places of its bytes in the payload.
public enum BatchOperation: Hashable, Sendable {
    /// Writes a row over whatever the id named before.
    case upsert(id: RecordID, vector: Range<Int>, attributes: Range<Int>)
    /// Deletes the row the id names, if any.
    case delete(id: RecordID)

    /// The id it is about.
    public var id: RecordID {
        switch self {
        case .upsert(let id, _, _), .delete(let id): id
        }
    }
}

/// The finished payload of one batch.
public struct EncodedBatch: Sendable {
    /// The payload; its sequence number is zero until ``assign(_:)``.
    public private(set) var bytes: [UInt8]
    /// Operations in it.
    public let operationCount: Int
    /// Upserts in it.
    public let upsertCount: Int
    /// The attribute names its rows refer to.
    public let names: AttributeNames

    init(bytes: [UInt8], operationCount: Int, upsertCount: Int, names: AttributeNames) {
        self.bytes = bytes
        self.operationCount = operationCount
        self.upsertCount = upsertCount
        self.names = names
    }

    /// Writes the batch's place in the order of all writes into the payload, in place.
    public mutating func assign(_ sequence: SequenceNumber) {
        unsafe withUnsafeBytes(of: sequence.rawValue.littleEndian) { source in
            for index in source.indices { bytes[index] = unsafe source[index] }
        }
    }
}
