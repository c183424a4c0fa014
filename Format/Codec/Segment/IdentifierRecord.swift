// The bytes of one id in a section `ids` that holds texts.

/// Turns ids into tagged bytes and back: 0 and eight bytes, or 1 and the UTF-8 of the text.
public enum IdentifierRecord {
    /// The most bytes an id takes.
    public static let maximumByteCount = 1 + RecordID.maximumTextByteCount

    /// Appends the bytes of `id`.
    public static func append(_ id: RecordID, to writer: inout ByteWriter) {
        switch id {
        case .number(let number):
            writer.append(UInt8(0))
            writer.append(number)
        case .text(let text):
            writer.append(UInt8(1))
            writer.append(contentsOf: text.utf8)
        }
    }

    /// Bytes `id` takes.
    public static func byteCount(_ id: RecordID) -> Int {
        switch id {
        case .number: 9
        case .text(let text): 1 + text.utf8.count
        }
    }

    /// Reads an id that takes all of `bytes`.
    public static func decode(_ bytes: RawSpan, at offset: UInt64) throws(FormatError) -> RecordID {
        var reader = ByteReader(bytes, section: "ids", baseOffset: offset)
        switch try reader.readUInt8() {
        case 0:
            let number = try reader.readUInt64()
            try reader.expectEnd()
            return .number(number)
        case 1:
            guard (1...RecordID.maximumTextByteCount).contains(reader.remaining) else {
                throw reader.error(.invalidValue, "text id of \(reader.remaining) bytes")
            }
            let count = reader.remaining
            let start = try reader.skip(count)
            let part = bytes.extracting(start..<start + count)
            let text = unsafe part.withUnsafeBytes { unsafe String(validating: $0, as: UTF8.self) }
            guard let text else { throw reader.error(.invalidValue, "text id is not UTF-8") }
            return .text(text)
        default:
            throw reader.error(.tooNew, "unknown kind of id")
        }
    }
}
