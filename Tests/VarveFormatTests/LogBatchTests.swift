// Batches to bytes and back, and what is refused on both ways.

import Testing
import VarveFormat

@Suite struct LogBatchTests {
    typealias Attributes = [(name: String, value: AttributeValue)]

    /// An operation in the words of the test.
    struct Operation: Equatable {
        var id: RecordID
        /// Nil for a deletion.
        var vector: [UInt8]?
        var attributes: [String: AttributeValue] = [:]
    }

    static func randomText(_ random: inout SplitMix) -> String {
        let units = ["a", "Z", "é", "漢", "🌊", " ", "\u{0}"]
        return (0..<Int(random.next() % 20)).map { _ in units[Int(random.next() % 7)] }.joined()
    }

    static func randomValue(_ type: AttributeType, _ random: inout SplitMix) -> AttributeValue {
        switch type {
        case .string: .string(randomText(&random))
        case .int: .int(Int64(truncatingIfNeeded: random.next() >> (random.next() % 64)))
        case .double: .double(Double(Int64(bitPattern: random.next())) / 1_024)
        case .bool: .bool(random.next() % 2 == 0)
        case .date: .date(microseconds: Int64(bitPattern: random.next()))
        case .strings:
            .strings((0..<Int(random.next() % 4)).map { _ in randomText(&random) })
        }
    }

    static func randomOperation(_ random: inout SplitMix, vectorByteCount: Int) -> Operation {
        let id: RecordID =
            random.next() % 2 == 0
            ? .number(random.next() >> (random.next() % 64)) : .text("x" + randomText(&random))
        guard random.next() % 4 != 0 else { return Operation(id: id) }
        var operation = Operation(
            id: id,
            vector: (0..<vectorByteCount).map { _ in UInt8(truncatingIfNeeded: random.next()) })
        for _ in 0..<random.next() % 12 {
            let index = Int(random.next() % 30)
            let type = AttributeType.allCases[index % AttributeType.allCases.count]
            operation.attributes["name \(index)"] = randomValue(type, &random)
        }
        return operation
    }

    static func append(_ operation: Operation, to encoder: inout BatchEncoder) throws {
        guard let vector = operation.vector else { return try encoder.appendDelete(operation.id) }
        let attributes = operation.attributes.map { (name: $0.key, value: $0.value) }
        try unsafe vector.withUnsafeBytes {
            try unsafe encoder.appendUpsert(operation.id, vector: $0, attributes: attributes)
        }
    }

    static func decode(_ bytes: [UInt8], vectorByteCount: Int) throws(FormatError) -> [Operation] {
        var decoder = try unsafe BatchDecoder(bytes.span.bytes, vectorByteCount: vectorByteCount)
        var all: [Operation] = []
        while let operation = try decoder.next() {
            switch operation {
            case .delete(let id):
                all.append(Operation(id: id))
            case .upsert(let id, let vector, let range):
                var attributes: [String: AttributeValue] = [:]
                for (attribute, value) in try decoder.attributes(at: range).decoded() {
                    let name = decoder.names.definitions[Int(attribute.rawValue)].name
                    attributes[name] = value
                }
                all.append(Operation(id: id, vector: Array(bytes[vector]), attributes: attributes))
            }
        }
        return all
    }

    @Test(arguments: UInt64(0)..<30, [0, 3, 32])
    func `a batch comes back as it was`(seed: UInt64, vectorByteCount: Int) throws {
        var random = SplitMix(seed: seed)
        var encoder = BatchEncoder(vectorByteCount: vectorByteCount)
        let operations = (0..<Int(random.next() % 60)).map { _ in
            Self.randomOperation(&random, vectorByteCount: vectorByteCount)
        }
        for operation in operations { try Self.append(operation, to: &encoder) }
        let byteCount = encoder.byteCount
        var batch = encoder.finish()
        batch.assign(SequenceNumber(seed + 1), microseconds: Int64(bitPattern: random.next()))
        #expect(batch.bytes.count == byteCount)
        #expect(batch.operationCount == operations.count)
        #expect(encoder.isEmpty && encoder.byteCount == BatchRecord.prefixByteCount)
        #expect(try Self.decode(batch.bytes, vectorByteCount: vectorByteCount) == operations)
    }

    @Test func `attributes stand in the order of their names, whatever the order they came in`()
        throws
    {
        let row: Attributes = [("b", .int(1)), ("é", .int(2)), ("a", .int(3)), ("B", .int(4))]
        var images: [[(UInt16, AttributeValue)]] = []
        for attributes in [row, row.reversed()] {
            var encoder = BatchEncoder(vectorByteCount: 0)
            try unsafe encoder.appendUpsert(
                1, vector: UnsafeRawBufferPointer(start: nil, count: 0), attributes: attributes)
            var batch = encoder.finish()
            batch.assign(SequenceNumber(1), microseconds: 0)
            var decoder = try unsafe BatchDecoder(batch.bytes.span.bytes, vectorByteCount: 0)
            guard case .upsert(_, _, let range)? = try decoder.next() else {
                Issue.record("no upsert")
                return
            }
            let fields = try decoder.attributes(at: range).decoded()
            let names = fields.map { decoder.names.definitions[Int($0.id.rawValue)].name }
            #expect(names == ["B", "a", "b", "é"])
            images.append(fields.map { (0, $0.value) })
        }
        #expect(images[0].map(\.1) == images[1].map(\.1))
    }

    @Test func `what breaks a limit is refused and leaves the batch as it was`() throws {
        let long = String(repeating: "x", count: AttributeRecord.maximumTextByteCount + 1)
        let refused: [(RecordID, Int, Attributes, BatchEncodingError)] = [
            (.text(""), 4, [], .invalidID(.text(""))),
            (5, 3, [], .wrongVectorByteCount(5, expected: 4, found: 3)),
            (5, 4, [("", .int(1))], .invalidName(5, name: "")),
            (
                5, 4, [("new", .int(1)), ("a", .int(1))],
                .typeMismatch(5, name: "a", expected: .bool, found: .int)
            ),
            (5, 4, [("new", .int(1)), ("new", .int(2))], .duplicateName(5, name: "new")),
            (5, 4, [("d", .double(.nan))], .notANumber(5, name: "d")),
            (
                5, 4, [("s", .string(long))],
                .textTooLong(5, name: "s", byteCount: long.utf8.count)
            ),
            (
                5, 4, [("s", .strings(["", long]))],
                .textTooLong(5, name: "s", byteCount: long.utf8.count)
            ),
        ]
        var encoder = BatchEncoder(vectorByteCount: 4)
        let first = Operation(id: 1, vector: [1, 2, 3, 4], attributes: ["a": .bool(true)])
        try Self.append(first, to: &encoder)
        let byteCount = encoder.byteCount
        for (id, vectorByteCount, attributes, expected) in refused {
            let vector = [UInt8](repeating: 0, count: vectorByteCount)
            #expect(throws: expected) {
                try unsafe vector.withUnsafeBytes {
                    try unsafe encoder.appendUpsert(id, vector: $0, attributes: attributes)
                }
            }
            #expect(encoder.byteCount == byteCount)
        }
        #expect(throws: BatchEncodingError.invalidID(.text(""))) {
            try encoder.appendDelete(.text(""))
        }
        var batch = encoder.finish()
        batch.assign(SequenceNumber(1), microseconds: 0)
        #expect(try Self.decode(batch.bytes, vectorByteCount: 4) == [first])
    }

    @Test func `rows and batches have a greatest size`() throws {
        let text = AttributeValue.string(
            String(repeating: "x", count: AttributeRecord.maximumTextByteCount))
        var encoder = BatchEncoder(vectorByteCount: 0)
        let empty = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        let wide: Attributes = (0..<16).map { ("\($0)", text) }
        #expect(throws: BatchEncodingError.self) {
            try unsafe encoder.appendUpsert(1, vector: empty, attributes: wide)
        }
        let row = Array(wide.dropLast())
        for index in 0..<4 {
            try unsafe encoder.appendUpsert(.number(UInt64(index)), vector: empty, attributes: row)
        }
        #expect(throws: BatchEncodingError.self) {
            try unsafe encoder.appendUpsert(9, vector: empty, attributes: row)
        }
        #expect(encoder.operationCount == 4)
        let many: Attributes = (0...AttributeRecord.maximumNameCount).map {
            ("n\($0)", .bool(true))
        }
        #expect(throws: BatchEncodingError.tooManyNames(9)) {
            try unsafe encoder.appendUpsert(9, vector: empty, attributes: many)
        }
    }

    @Test(arguments: UInt64(0)..<4)
    func `damaged batches give an error or a batch, never a trap`(seed: UInt64) throws {
        var random = SplitMix(seed: seed)
        var encoder = BatchEncoder(vectorByteCount: 4)
        for _ in 0..<6 {
            try Self.append(Self.randomOperation(&random, vectorByteCount: 4), to: &encoder)
        }
        var batch = encoder.finish()
        batch.assign(SequenceNumber(1), microseconds: 0)
        for offset in batch.bytes.indices {
            for value in [batch.bytes[offset] ^ 1, 0, 0x7F, 0x80, 0xFF] {
                var bytes = batch.bytes
                bytes[offset] = value
                _ = try? Self.decode(bytes, vectorByteCount: 4)
            }
            #expect(throws: FormatError.self, "seed \(seed) length \(offset)") {
                try Self.decode(Array(batch.bytes[..<offset]), vectorByteCount: 4)
            }
        }
        #expect(throws: FormatError.self) {
            try Self.decode(batch.bytes + [0], vectorByteCount: 4)
        }
        #expect(throws: FormatError.self) { try Self.decode(batch.bytes, vectorByteCount: 5) }
    }

    @Test func `what a later version may write is called too new`() throws {
        var encoder = BatchEncoder(vectorByteCount: 0)
        try encoder.appendDelete(7)
        var batch = encoder.finish()
        batch.assign(SequenceNumber(1), microseconds: 0)
        for (offset, value) in [(30, UInt8(1)), (32, 3), (32, 4), (32, 200)] {
            var bytes = batch.bytes
            bytes[offset] = value
            let error = #expect(throws: FormatError.self) {
                try Self.decode(bytes, vectorByteCount: 0)
            }
            #expect(error?.kind == .tooNew, "offset \(offset)")
        }
    }

    @Test func `sequence number and time are written in place`() {
        var batch = BatchEncoder(vectorByteCount: 0).finishedCopy()
        batch.assign(SequenceNumber(0x0102_0304), microseconds: -2)
        #expect(batch.bytes[..<8] == [4, 3, 2, 1, 0, 0, 0, 0])
        #expect(batch.bytes[8..<16] == [0xFE, 255, 255, 255, 255, 255, 255, 255])
    }

    @Test(arguments: [Int64.min, -1, 0, 1_795_171_248_000_001, .max])
    func `the time comes back as it was`(microseconds: Int64) throws {
        var batch = BatchEncoder(vectorByteCount: 0).finishedCopy()
        batch.assign(SequenceNumber(7), microseconds: microseconds)
        let decoder = try unsafe BatchDecoder(batch.bytes.span.bytes, vectorByteCount: 0)
        #expect(decoder.microseconds == microseconds)
        #expect(unsafe BatchDecoder.microseconds(of: batch.bytes.span.bytes) == microseconds)
        #expect(unsafe BatchDecoder.sequence(of: batch.bytes.span.bytes) == SequenceNumber(7))
        let short = Array(batch.bytes[..<15])
        #expect(unsafe BatchDecoder.microseconds(of: short.span.bytes) == nil)
    }
}

extension BatchEncoder {
    /// The payload so far, without ending the batch.
    fileprivate func finishedCopy() -> EncodedBatch {
        var copy = self
        return copy.finish()
    }
}
