// Attributes of a row: whole, damaged, renumbered.

import Testing
import VarveFormat

@Suite struct AttributeRecordTests {
    static let names = [
        AttributeDefinition(name: "zeta", type: .string),
        AttributeDefinition(name: "alpha", type: .int),
        AttributeDefinition(name: "beta", type: .double),
        AttributeDefinition(name: "gamma", type: .bool),
        AttributeDefinition(name: "delta", type: .date),
        AttributeDefinition(name: "eta", type: .strings),
    ]

    /// In the order of names: alpha, beta, delta, eta, gamma, zeta.
    static let entries: [(id: AttributeID, value: AttributeValue)] = [
        (AttributeID(1), .int(-5)),
        (AttributeID(2), .double(2.5)),
        (AttributeID(4), .date(microseconds: -1)),
        (AttributeID(5), .strings(["a", "", "é"])),
        (AttributeID(3), .bool(true)),
        (AttributeID(0), .string("text")),
    ]

    static func validate(_ bytes: [UInt8]) throws(FormatError) {
        guard let table = AttributeNames(names) else { return }
        try unsafe AttributeRecord(bytes.span.bytes).validate(table)
    }

    static func decode(_ bytes: [UInt8]) throws(FormatError) -> [AttributeID: AttributeValue] {
        var all: [AttributeID: AttributeValue] = [:]
        for (id, value) in try unsafe AttributeRecord(bytes.span.bytes).decoded() {
            all[id] = value
        }
        return all
    }

    @Test func `a record comes back as it was`() throws {
        let bytes = AttributeRecord.encode(Self.entries)
        try Self.validate(bytes)
        let record = unsafe AttributeRecord(bytes.span.bytes)
        let decoded = try record.decoded()
        #expect(decoded.map(\.id) == Self.entries.map(\.id))
        #expect(decoded.map(\.value) == Self.entries.map(\.value))
        #expect(try record.value(of: AttributeID(3)) == .bool(true))
        #expect(try record.value(of: AttributeID(9)) == nil)
        let size = Self.entries.reduce(1) { $0 + AttributeRecord.entryByteCount($1.value) }
        #expect(bytes.count == size)
        try Self.validate(AttributeRecord.empty)
    }

    @Test(
        arguments: [Int64.min, -64, -1, 0, 1, 63, 64, 8_191, 1 << 40, Int64.max])
    func `whole numbers of any size`(number: Int64) throws {
        let bytes = AttributeRecord.encode([(AttributeID(1), .int(number))])
        #expect(try Self.decode(bytes) == [AttributeID(1): .int(number)])
        #expect(bytes.count == 1 + AttributeRecord.entryByteCount(.int(number)))
    }

    @Test func `ids are replaced in place`() throws {
        var bytes = AttributeRecord.encode(Self.entries)
        let table = (0..<6).map { AttributeID(UInt16(4_000 + $0)) }
        try unsafe bytes.withUnsafeMutableBytes {
            try unsafe AttributeRecord.remapIdentifiers(in: $0, through: table)
        }
        let expected = Self.entries.map { AttributeID($0.id.rawValue + 4_000) }
        #expect(try unsafe AttributeRecord(bytes.span.bytes).decoded().map(\.id) == expected)
        var again = AttributeRecord.encode(Self.entries)
        #expect(throws: FormatError.self) {
            try unsafe again.withUnsafeMutableBytes {
                try unsafe AttributeRecord.remapIdentifiers(in: $0, through: Array(table[..<2]))
            }
        }
    }

    @Test func `wrong order, unknown ids and other types are refused`() throws {
        let wrong: [[(id: AttributeID, value: AttributeValue)]] = [
            [(AttributeID(0), .string("")), (AttributeID(1), .int(1))],
            [(AttributeID(1), .int(1)), (AttributeID(1), .int(1))],
            [(AttributeID(6), .int(1))],
            [(AttributeID(1), .bool(true))],
        ]
        for entries in wrong {
            let error = #expect(throws: FormatError.self) {
                try Self.validate(AttributeRecord.encode(entries))
            }
            #expect(error?.kind == .invalidValue)
        }
    }

    @Test func `values that are none are refused`() throws {
        let wrong: [[UInt8]] = [
            [1, 3, 0, 4, 2],  // a truth value of 2
            [1, 2, 0, 3, 0, 0, 0, 0, 0, 0, 0xF8, 0x7F],  // a double that is not a number
            [1, 0, 0, 1, 1, 0xFF],  // text that is not UTF-8
            [1, 5, 0, 6, 1, 1, 0xC3],  // half a character
            [1, 1, 0, 2, 0x80, 0x00],  // a varint not in its shortest form
            [1, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],  // a text of 34 GB
            [1, 5, 0, 6, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],  // as many texts
            [0xFF, 0xFF, 0x7F],  // two million attributes
            [0, 0],  // a byte too many
            [],
        ]
        for bytes in wrong {
            #expect(throws: FormatError.self, "\(bytes)") { try Self.validate(bytes) }
        }
        let unknown = #expect(throws: FormatError.self) { try Self.validate([1, 0, 0, 7, 0]) }
        #expect(unknown?.kind == .tooNew)
    }

    @Test func `every damaged byte gives an error or a record, never a trap`() throws {
        let bytes = AttributeRecord.encode(Self.entries)
        for offset in bytes.indices {
            for value in UInt8.min...UInt8.max {
                var damaged = bytes
                damaged[offset] = value
                if (try? Self.validate(damaged)) != nil { _ = try Self.decode(damaged) }
            }
            #expect(throws: FormatError.self) { try Self.validate(Array(bytes[..<offset])) }
        }
    }

    @Test func `a table refuses the same name twice`() {
        #expect(AttributeNames(Self.names + [Self.names[2]]) == nil)
        let table = AttributeNames(Self.names)
        #expect(table?.order.map(\.rawValue) == [1, 2, 4, 5, 3, 0])
    }
}
