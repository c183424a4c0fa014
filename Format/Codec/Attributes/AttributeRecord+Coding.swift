// Values of attributes to bytes, back, and over them; and new ids in place of old ones.

extension AttributeRecord {
    /// The record of `entries`, which are in the order of their names, each name once.
    public static func encode(_ entries: [(id: AttributeID, value: AttributeValue)]) -> [UInt8] {
        var writer = ByteWriter()
        writer.appendAttributes(entries)
        return writer.bytes
    }

    /// Replaces every id `i` of the record in `bytes` by `table[i]`, in place.
    ///
    /// The order of entries is that of names, so it stays right. On an error the record may be
    /// changed in part.
    /// - Throws: ``FormatError`` if the bytes are not a record or an id is not in the table.
    public static func remapIdentifiers(
        in bytes: UnsafeMutableRawBufferPointer, through table: [AttributeID]
    ) throws(FormatError) {
        let span = unsafe RawSpan(_unsafeBytes: UnsafeRawBufferPointer(bytes))
        let record = AttributeRecord(span)
        var cursor = try record.fields()
        while let field = try cursor.next() {
            guard Int(field.id.rawValue) < table.count else {
                throw record.reader(at: field.idOffset).error(
                    .invalidValue, "attribute \(field.id.rawValue) of \(table.count)")
            }
            let mapped = table[Int(field.id.rawValue)].rawValue.littleEndian
            // Safety: the cursor has checked that the two bytes of the id lie inside the record; it
            // has read past them and never looks at them again.
            unsafe bytes.storeBytes(of: mapped, toByteOffset: field.idOffset, as: UInt16.self)
        }
    }

    /// Bytes the entry of `value` takes, id and type included.
    public static func entryByteCount(_ value: AttributeValue) -> Int {
        3 + valueByteCount(value)
    }

    private static func valueByteCount(_ value: AttributeValue) -> Int {
        switch value {
        case .string(let text):
            return textByteCount(text.utf8.count)
        case .int(let number):
            return varintByteCount(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
        case .double, .date:
            return 8
        case .bool:
            return 1
        case .strings(let texts):
            var sum = varintByteCount(UInt64(texts.count))
            for text in texts { sum += textByteCount(text.utf8.count) }
            return sum
        }
    }
}

extension ByteWriter {
    /// Appends the record of `entries`, which are in the order of their names, each name once.
    public mutating func appendAttributes(_ entries: [(id: AttributeID, value: AttributeValue)]) {
        var byteCount = varintByteCount(UInt64(entries.count))
        for entry in entries { byteCount += AttributeRecord.entryByteCount(entry.value) }
        appendBlock(byteCount) { block in
            block.putVarint(UInt64(entries.count))
            for entry in entries { block.putAttribute(entry.id, entry.value) }
        }
    }
}

extension BlockCursor {
    /// Writes one entry of a record.
    mutating func putAttribute(_ id: AttributeID, _ value: borrowing AttributeValue) {
        put(id.rawValue)
        switch value {
        case .string(let text):
            put(AttributeType.string.rawValue)
            putText(text)
        case .int(let number):
            put(AttributeType.int.rawValue)
            putVarint(UInt64(bitPattern: (number << 1) ^ (number >> 63)))
        case .double(let number):
            put(AttributeType.double.rawValue)
            put(number.bitPattern)
        case .bool(let flag):
            put(AttributeType.bool.rawValue)
            put(flag ? 1 : 0 as UInt8)
        case .date(let microseconds):
            put(AttributeType.date.rawValue)
            put(UInt64(bitPattern: microseconds))
        case .strings(let texts):
            put(AttributeType.strings.rawValue)
            putVarint(UInt64(texts.count))
            for text in texts { putText(text) }
        }
    }
}

extension ByteReader {
    private static var textLimit: Int { AttributeRecord.maximumTextByteCount }

    /// Reads a value of `type`.
    @_lifetime(self: copy self)
    mutating func readAttributeValue(
        _ type: AttributeType
    ) throws(FormatError) -> AttributeValue {
        switch type {
        case .string:
            return .string(try readText(limit: Self.textLimit, "an attribute"))
        case .int:
            return .int(try readZigzag())
        case .double:
            return .double(try readNumber())
        case .bool:
            return .bool(try readFlag())
        case .date:
            return .date(microseconds: Int64(bitPattern: try readUInt64()))
        case .strings:
            // Every text takes at least the byte of its count, so the bytes left bound the number
            // of texts.
            let count = try readCount(limit: remaining, "number of texts")
            var texts: [String] = []
            for _ in 0..<count {
                texts.append(try readText(limit: Self.textLimit, "an attribute"))
            }
            return .strings(texts)
        }
    }

    /// Moves over a value of `type`, checking only where it ends.
    @_lifetime(self: copy self)
    mutating func skipAttributeValue(_ type: AttributeType) throws(FormatError) {
        switch type {
        case .string: _ = try skipText()
        case .int: _ = try readVarint()
        case .double, .date: _ = try skip(8)
        case .bool: _ = try skip(1)
        case .strings:
            let count = try readCount(limit: remaining, "number of texts")
            for _ in 0..<count { _ = try skipText() }
        }
    }

    /// Moves over a value of `type`, refusing what ``readAttributeValue(_:)`` refuses, without
    /// allocating.
    @_lifetime(self: copy self)
    mutating func checkAttributeValue(_ type: AttributeType) throws(FormatError) {
        switch type {
        case .string: try checkText()
        case .double: _ = try readNumber()
        case .bool: _ = try readFlag()
        case .int, .date: try skipAttributeValue(type)
        case .strings:
            let count = try readCount(limit: remaining, "number of texts")
            for _ in 0..<count { try checkText() }
        }
    }

    @_lifetime(self: copy self)
    private mutating func readNumber() throws(FormatError) -> Double {
        let value = try readDouble()
        guard !value.isNaN else { throw error(.invalidValue, "an attribute is not a number") }
        return value
    }

    @_lifetime(self: copy self)
    private mutating func readFlag() throws(FormatError) -> Bool {
        let byte = try readUInt8()
        guard byte <= 1 else { throw error(.invalidValue, "a truth value is \(byte)") }
        return byte == 1
    }

    @_lifetime(self: copy self)
    private mutating func skipText() throws(FormatError) -> Range<Int> {
        let limit = min(Self.textLimit, remaining)
        let count = try readCount(limit: limit, "length of an attribute")
        let start = try skip(count)
        return start..<start + count
    }

    @_lifetime(self: copy self)
    private mutating func checkText() throws(FormatError) {
        let range = try skipText()
        let text = bytes.extracting(range)
        let isValid = unsafe text.withUnsafeBytes { buffer in
            (try? UTF8Span(validating: unsafe Span<UInt8>(_unsafeBytes: buffer))) != nil
        }
        guard isValid else { throw error(.invalidValue, "an attribute is not UTF-8") }
    }
}
