// The bytes of a row's id, the same in every file. Specification: Format/Specification/common.md.

extension RecordID {
    /// The tag byte of an id that is a number.
    static let numberTag: UInt8 = 0
    /// The tag byte of an id that is a text.
    static let textTag: UInt8 = 1

    /// The most bytes an encoded id takes.
    public static let maximumEncodedByteCount = 1 + 2 + maximumTextByteCount

    /// Bytes the encoded id takes.
    public var encodedByteCount: Int {
        switch self {
        case .number: 9
        case .text(let text): 1 + textByteCount(text.utf8.count)
        }
    }
}

extension ByteWriter {
    /// Appends an id: its tag, then eight bytes, or a byte count and UTF-8 text.
    public mutating func append(_ id: RecordID) {
        switch id {
        case .number(let number):
            append(RecordID.numberTag)
            append(number)
        case .text(let text):
            append(RecordID.textTag)
            appendText(text)
        }
    }
}

extension ByteReader {
    /// Reads an id; refuses an unknown tag, an empty text, a text above 1,024 bytes and bytes that
    /// are not UTF-8.
    @_lifetime(self: copy self)
    public mutating func readRecordID() throws(FormatError) -> RecordID {
        let tag = try readUInt8()
        switch tag {
        case RecordID.numberTag:
            return .number(try readUInt64())
        case RecordID.textTag:
            let text = try readText(limit: RecordID.maximumTextByteCount, "a row's id")
            guard !text.isEmpty else { throw error(.invalidValue, "the id of a row is empty") }
            return .text(text)
        default:
            throw error(.invalidValue, "the tag of a row's id is \(tag), expected 0 or 1")
        }
    }
}

/// Bytes a varint takes.
func varintByteCount(_ value: UInt64) -> Int {
    // Seven bits a byte, at least one byte.
    (70 - (value | 1).leadingZeroBitCount) / 7
}

/// Bytes a text of `byteCount` bytes takes behind its count.
func textByteCount(_ byteCount: Int) -> Int {
    varintByteCount(UInt64(byteCount)) + byteCount
}
