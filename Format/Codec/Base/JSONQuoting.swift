// Text as JSON writes it: the one place where it is escaped.

extension ByteWriter {
    /// Appends a text in quotes, with everything escaped that JSON wants escaped.
    public mutating func appendJSON(_ text: String) {
        append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""): append(contentsOf: "\\\"".utf8)
            case UInt8(ascii: "\\"): append(contentsOf: "\\\\".utf8)
            case UInt8(ascii: "\n"): append(contentsOf: "\\n".utf8)
            case UInt8(ascii: "\t"): append(contentsOf: "\\t".utf8)
            case 0..<0x20:
                let digits = String(byte, radix: 16)
                append(contentsOf: ("\\u" + (byte < 16 ? "000" : "00") + digits).utf8)
            default: append(byte)
            }
        }
        append(UInt8(ascii: "\""))
    }
}

extension String {
    /// The text in quotes, with everything escaped that JSON wants escaped.
    public var asJSON: String {
        var writer = ByteWriter(capacity: utf8.count + 16)
        writer.appendJSON(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
