// What a batch of writes is as the payload of one log record. Specification:
// Format/Specification/log.md.

/// The layout of a batch's payload, shared by ``BatchEncoder`` and ``BatchDecoder``.
///
/// | offset | bytes | field |
/// | --- | --- | --- |
/// | 0 | 8 | sequence number, at least 1 |
/// | 8 | 8 | time of the commit: microseconds since 1970, signed |
/// | 16 | 4 | number of operations |
/// | 20 | 4 | bytes of all operations, `n` |
/// | 24 | 4 | bytes of a vector |
/// | 28 | 2 | number of attribute names |
/// | 30 | 2 | required features, zero |
/// | 32 | n | operations |
/// | 32 + n | | attribute names: type byte and text each |
///
/// An operation is a kind byte and an id; an upsert goes on with the vector's bytes, a u32 byte
/// count, and that many bytes of ``AttributeRecord``, whose ids are indices into the names behind
/// the operations.
public enum BatchRecord {
    /// Bytes in front of the operations.
    public static let prefixByteCount = 32
    /// Bytes a payload may have; as many as any payload of a log.
    public static let maximumByteCount = LogRecordHeader.maximumPayloadByteCount

    static let timeOffset = 8
    /// Where the number of operations stands in a payload.
    public static let operationCountOffset = 16
    static let operationByteCountOffset = 20
    static let vectorByteCountOffset = 24

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
    /// The payload; its sequence number and its time are zero until ``assign(_:microseconds:)``.
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

    /// Writes the batch's place in the order of all writes, and the time of its commit in
    /// microseconds since 1970, into the payload, in place.
    public mutating func assign(_ sequence: SequenceNumber, microseconds: Int64) {
        put(sequence.rawValue, at: 0)
        put(UInt64(bitPattern: microseconds), at: BatchRecord.timeOffset)
    }

    private mutating func put(_ value: UInt64, at offset: Int) {
        unsafe withUnsafeBytes(of: value.littleEndian) { source in
            for index in source.indices { bytes[offset + index] = unsafe source[index] }
        }
    }
}
