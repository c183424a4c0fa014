// Reads the payload of one batch in place.

/// A walk over the operations of a batch's payload, which may be damaged.
///
/// Vectors and attributes are not copied: operations name their places in ``bytes``.
public struct BatchDecoder: ~Escapable {
    /// The payload.
    public let bytes: RawSpan
    /// The batch's place in the order of all writes.
    public let sequence: SequenceNumber
    /// When it was committed, in microseconds since 1970; never less than for a batch before it.
    public let microseconds: Int64
    /// Operations in the batch.
    public let operationCount: Int
    /// The names that ids in the rows' attributes stand for.
    public let names: AttributeNames
    /// Bytes of every vector.
    public let vectorByteCount: Int

    private let validates: Bool
    private let baseOffset: UInt64
    private var reader: ByteReader
    private var left: Int

    /// Reads prefix and names of `bytes`, which stand at `baseOffset` in their file.
    ///
    /// - Parameters:
    ///   - vectorByteCount: bytes of a vector by the store's schema.
    ///   - validates: whether ``next()`` checks every attribute; to be left out only for bytes this
    ///     process has encoded.
    /// - Throws: ``FormatError`` of kinds `truncated`, `invalidValue`, `tooNew`.
    @_lifetime(copy bytes)
    public init(
        _ bytes: RawSpan, vectorByteCount: Int, validates: Bool = true, baseOffset: UInt64 = 0
    ) throws(FormatError) {
        var prefix = ByteReader(bytes, section: "batch", baseOffset: baseOffset)
        let sequence = SequenceNumber(try prefix.readUInt64())
        guard sequence > .zero else { throw prefix.error(.invalidValue, "sequence number 0") }
        microseconds = Int64(bitPattern: try prefix.readUInt64())
        let operationCount = Int(try prefix.readUInt32())
        let operationByteCount = Int(try prefix.readUInt32())
        let foundVectorByteCount = Int(try prefix.readUInt32())
        guard foundVectorByteCount == vectorByteCount else {
            throw prefix.error(
                .invalidValue, "\(foundVectorByteCount) bytes a vector, expected \(vectorByteCount)"
            )
        }
        let nameCount = Int(try prefix.readUInt16())
        guard nameCount <= AttributeRecord.maximumNameCount else {
            throw prefix.error(.invalidValue, "\(nameCount) attribute names")
        }
        guard try prefix.readUInt16() == 0 else {
            throw prefix.error(.tooNew, "the batch needs features this reader does not know")
        }
        let operations = try prefix.skip(operationByteCount)
        names = try Self.readNames(&prefix, count: nameCount)
        self.bytes = bytes
        self.sequence = sequence
        self.operationCount = operationCount
        self.vectorByteCount = vectorByteCount
        self.validates = validates
        self.baseOffset = baseOffset
        left = operationCount
        reader = ByteReader(
            bytes.extracting(operations..<operations + operationByteCount), section: "operation",
            baseOffset: baseOffset + UInt64(operations))
    }

    /// The next operation; nil behind the last, where the operations' bytes must end.
    ///
    /// - Throws: ``FormatError``; `tooNew` for a kind of operation this reader does not know.
    @_lifetime(self: copy self)
    public mutating func next() throws(FormatError) -> BatchOperation? {
        guard left > 0 else {
            try reader.expectEnd()
            return nil
        }
        left -= 1
        let kindByte = try reader.readUInt8()
        switch BatchRecord.OperationKind(rawValue: kindByte) {
        case .upsert:
            let id = try reader.readRecordID()
            let vector = try reader.skip(vectorByteCount) + BatchRecord.prefixByteCount
            let attributeByteCount = Int(try reader.readUInt32())
            let attributes = try reader.skip(attributeByteCount) + BatchRecord.prefixByteCount
            let range = attributes..<attributes + attributeByteCount
            if validates { try self.attributes(at: range).validate(names) }
            return .upsert(
                id: id, vector: vector..<vector + vectorByteCount, attributes: range)
        case .delete:
            return .delete(id: try reader.readRecordID())
        case nil:
            throw reader.error(.tooNew, "operation kind \(kindByte) is unknown")
        }
    }

    /// The attributes at `range`, as an operation named it.
    @_lifetime(copy self)
    public func attributes(at range: Range<Int>) -> AttributeRecord {
        AttributeRecord(
            bytes.extracting(range), baseOffset: baseOffset + UInt64(range.lowerBound))
    }

    /// The sequence number at the beginning of a payload; nil if it is too short to have one.
    public static func sequence(of payload: RawSpan) -> SequenceNumber? {
        word(payload, 0).map { SequenceNumber($0) }
    }

    /// The time in a payload, in microseconds since 1970; nil if it is too short to have one.
    public static func microseconds(of payload: RawSpan) -> Int64? {
        word(payload, BatchRecord.timeOffset).map { Int64(bitPattern: $0) }
    }

    private static func word(_ payload: RawSpan, _ offset: Int) -> UInt64? {
        guard payload.byteCount >= offset + 8 else { return nil }
        // Safety: the eight bytes are there; any bits are a number.
        return UInt64(
            littleEndian: unsafe payload.unsafeLoadUnaligned(
                fromByteOffset: offset, as: UInt64.self))
    }

    private static func readNames(
        _ reader: inout ByteReader, count: Int
    ) throws(FormatError) -> AttributeNames {
        var definitions: [AttributeDefinition] = []
        definitions.reserveCapacity(count)
        for _ in 0..<count {
            let typeByte = try reader.readUInt8()
            guard let type = AttributeType(rawValue: typeByte) else {
                throw reader.error(.tooNew, "attribute type \(typeByte) is unknown")
            }
            let name = try reader.readText(
                limit: AttributeRecord.maximumNameByteCount, "the name of an attribute")
            guard !name.isEmpty else {
                throw reader.error(.invalidValue, "the name of an attribute is empty")
            }
            definitions.append(AttributeDefinition(name: name, type: type))
        }
        try reader.expectEnd()
        guard let names = AttributeNames(definitions) else {
            throw reader.error(.invalidValue, "the same attribute name twice")
        }
        return names
    }
}
