// A row's attributes as bytes, the same in the log, in memory and in a segment's builder.
// Specification: Format/Specification/common.md.

/// One attribute of a row: where it stands in the record's bytes, and its value once asked for.
public struct AttributeField: Hashable, Sendable {
    /// Which attribute.
    public var id: AttributeID
    /// Its type, as the record has it.
    public var type: AttributeType
    /// Where the id stands in the record, counted from its beginning.
    public var idOffset: Int
    /// Where the value's bytes stand in the record.
    public var value: Range<Int>
}

/// The attributes of one row, read in place from bytes that may be damaged.
///
/// A record is a varint count, then as many entries, ordered by the UTF-8 bytes of their
/// attributes' names, each name at most once: `u16 attribute id | u8 type | value`. The ids have a
/// fixed width, so that ``remapIdentifiers(in:through:)`` can replace them in place. Reading costs
/// no allocation beyond the values asked for.
public struct AttributeRecord: ~Escapable {
    /// Attribute names a store may have.
    public static let maximumNameCount = 4_096
    /// Bytes the name of an attribute may have.
    public static let maximumNameByteCount = 255
    /// Bytes one text may have.
    public static let maximumTextByteCount = 1 << 20
    /// Bytes the record of one row may have.
    public static let maximumByteCount = 16 << 20
    /// The record of a row without attributes.
    public static let empty: [UInt8] = [0]

    /// The record's bytes.
    public let bytes: RawSpan
    /// Where they stand in their file, for errors.
    public let baseOffset: UInt64

    /// Reads `bytes` as a record; nothing is checked before it is read.
    @_lifetime(copy bytes)
    public init(_ bytes: RawSpan, baseOffset: UInt64 = 0) {
        self.bytes = bytes
        self.baseOffset = baseOffset
    }

    /// A cursor before the first entry.
    @_lifetime(copy self)
    public func fields() throws(FormatError) -> AttributeCursor {
        try AttributeCursor(self)
    }

    /// The value of a field of this record.
    ///
    /// - Throws: ``FormatError`` if the bytes are not a value of the field's type.
    public func value(of field: AttributeField) throws(FormatError) -> AttributeValue {
        var reader = reader(at: field.value.lowerBound)
        return try reader.readAttributeValue(field.type)
    }

    /// The value of attribute `id`; nil if the row has none.
    ///
    /// Reads from the first entry on.
    public func value(of id: AttributeID) throws(FormatError) -> AttributeValue? {
        var cursor = try fields()
        while let field = try cursor.next() {
            if field.id == id { return try value(of: field) }
        }
        return nil
    }

    /// Every attribute in order.
    public func decoded() throws(FormatError) -> [(id: AttributeID, value: AttributeValue)] {
        var all: [(id: AttributeID, value: AttributeValue)] = []
        var cursor = try fields()
        while let field = try cursor.next() {
            all.append((field.id, try value(of: field)))
        }
        return all
    }

    /// Checks everything a reader relies on: ids and types are those of `names`, the order is that
    /// of the names, values are whole, and nothing stands behind the last.
    ///
    /// - Throws: ``FormatError`` at the first wrong byte.
    public func validate(_ names: AttributeNames) throws(FormatError) {
        guard bytes.byteCount <= Self.maximumByteCount else {
            throw reader(at: 0).error(
                .invalidValue,
                "\(bytes.byteCount) bytes of attributes, at most \(Self.maximumByteCount) allowed")
        }
        var cursor = try fields()
        var previous = -1
        while let field = try cursor.next() {
            let index = Int(field.id.rawValue)
            guard index < names.definitions.count else {
                throw reader(at: field.idOffset).error(
                    .invalidValue, "attribute \(index) of \(names.definitions.count)")
            }
            guard names.definitions[index].type == field.type else {
                throw reader(at: field.idOffset).error(
                    .invalidValue,
                    "type \(field.type) of attribute \(names.definitions[index].name), "
                        + "expected \(names.definitions[index].type)")
            }
            let rank = names.rank(of: field.id)
            guard rank > previous else {
                throw reader(at: field.idOffset).error(
                    .invalidValue, "attributes out of the order of their names")
            }
            previous = rank
            var value = reader(at: field.value.lowerBound)
            try value.checkAttributeValue(field.type)
        }
    }

    @_lifetime(copy self)
    func reader(at offset: Int) -> ByteReader {
        ByteReader(
            bytes.extracting(offset..<bytes.byteCount), section: "attributes",
            baseOffset: baseOffset + UInt64(offset))
    }
}

/// A walk over the entries of an ``AttributeRecord``.
public struct AttributeCursor: ~Escapable {
    private var reader: ByteReader
    private var left: Int

    @_lifetime(copy record)
    init(_ record: borrowing AttributeRecord) throws(FormatError) {
        reader = ByteReader(record.bytes, section: "attributes", baseOffset: record.baseOffset)
        left = try reader.readCount(limit: AttributeRecord.maximumNameCount, "attribute count")
    }

    /// The next entry; nil behind the last, where the record must end.
    @_lifetime(self: copy self)
    public mutating func next() throws(FormatError) -> AttributeField? {
        guard left > 0 else {
            try reader.expectEnd()
            return nil
        }
        left -= 1
        let idOffset = reader.offset
        let id = AttributeID(try reader.readUInt16())
        let typeByte = try reader.readUInt8()
        guard let type = AttributeType(rawValue: typeByte) else {
            throw reader.error(.tooNew, "attribute type \(typeByte) is unknown")
        }
        let start = reader.offset
        try reader.skipAttributeValue(type)
        return AttributeField(
            id: id, type: type, idOffset: idOffset, value: start..<reader.offset)
    }
}
