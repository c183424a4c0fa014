// Ids of rows: order, equality, bytes.

import Testing
import VarveFormat

@Suite struct RecordIDTests {
    static let samples: [RecordID] = [
        .number(0), .number(1), .number(.max), .text("a"), .text("é"), .text("e\u{301}"),
        .text("a longer text that does not fit into a small string"),
        .text(String(repeating: "x", count: 1_024)),
    ]

    static func decode(_ bytes: [UInt8]) throws(FormatError) -> RecordID {
        var reader = unsafe ByteReader(bytes.span.bytes, section: "id")
        let id = try reader.readRecordID()
        try reader.expectEnd()
        return id
    }

    @Test(arguments: samples)
    func `an id comes back as it was`(id: RecordID) throws {
        var writer = ByteWriter()
        writer.append(id)
        #expect(writer.count == id.encodedByteCount)
        #expect(writer.count <= RecordID.maximumEncodedByteCount)
        #expect(try Self.decode(writer.bytes) == id)
        for length in 0..<writer.count {
            #expect(throws: FormatError.self) { try Self.decode(Array(writer.bytes[..<length])) }
        }
    }

    @Test func `texts are equal by their bytes, not by their characters`() {
        let composed = RecordID.text("\u{E9}")
        let decomposed = RecordID.text("e\u{301}")
        #expect("\u{E9}" == "e\u{301}")
        #expect(composed != decomposed)
        #expect(Set([composed, decomposed, composed]).count == 2)
        #expect(composed.stableHash64 != decomposed.stableHash64)
        #expect(decomposed < composed)
    }

    @Test func `numbers order before texts`() {
        #expect(RecordID.number(.max) < .text(""))
        #expect([RecordID.text("b"), 2, .text("a"), 1].sorted() == [1, 2, "a", "b"])
        #expect(RecordID.number(1) != .text("1"))
    }

    @Test func `what is no id is refused`() {
        let wrong: [[UInt8]] = [[2, 0], [1, 0], [1, 1, 0xFF], [0, 1, 2], [1, 0x81, 0x08, 65]]
        for bytes in wrong {
            #expect(throws: FormatError.self, "\(bytes)") { try Self.decode(bytes) }
        }
    }
}
