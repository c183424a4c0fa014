// The worked example of Format/Specification/log.md, byte by byte.

import Glibc
import Testing
import VarveFormat
import VarveLog
import VarveStorage

@Suite struct LogFixtureTests {
    static let store = StoreID(low: 0x0706_0504_0302_0100, high: 0x0F0E_0D0C_0B0A_0908)
    static let file = FileID(0x8877_6655_4433_2211)

    /// The log of the example, built anew.
    static func example() throws -> [UInt8] {
        var writer = ByteWriter()
        let header = FileHeader(kind: .log, store: store, file: file, number: 1)
        writer.append(contentsOf: header.encoded())
        let prologue = LogPrologue(lastSequence: .zero, roomByteCount: 4_096).encoded()
        append(&writer, .prologue, prologue, syncedThrough: 0)
        var encoder = BatchEncoder(vectorByteCount: 4)
        try unsafe ([1, 2, 3, 4] as [UInt8]).withUnsafeBytes {
            try unsafe encoder.appendUpsert(
                7, vector: $0, attributes: [("size", .int(-3)), ("lang", .string("en"))])
        }
        try encoder.appendDelete("a")
        var batch = encoder.finish()
        batch.assign(SequenceNumber(1), microseconds: 1_795_171_248_000_001)
        append(&writer, .batch, batch.bytes, syncedThrough: LogPrologue.endOffset)
        let synced = UInt64(writer.count)
        append(&writer, .syncMark, [], syncedThrough: synced)
        let size = UInt64(LogRecordHeader.recordByteCount(payload: LogEnd.byteCount))
        let end = LogEnd(
            lastSequence: SequenceNumber(1), batchCount: 1,
            byteCount: UInt64(writer.count) + size)
        append(&writer, .end, end.encoded(), syncedThrough: synced)
        return writer.bytes
    }

    static func append(
        _ writer: inout ByteWriter, _ type: LogRecordType, _ payload: [UInt8],
        syncedThrough: UInt64
    ) {
        let header = LogRecordHeader(
            payloadByteCount: payload.count, type: type.rawValue,
            isIgnorable: type == .syncMark, syncedThrough: syncedThrough)
        let offset = UInt64(writer.count)
        unsafe payload.withUnsafeBytes {
            unsafe writer.appendLogRecord(header, payload: $0, offset: offset, file: file)
        }
    }

    static let repository = FilePath("\(#filePath)").parent.parent.parent
    static let fixtures = repository.appending("Tests/Fixtures/v1")

    /// The bytes of a file of the repository.
    static func repositoryFile(_ name: String) throws -> [UInt8] {
        try PosixFileSystem().readWholeFile(repository.appending(name), limit: 1 << 20)
    }

    /// The bytes in the blocks of a page that are indented and begin with an offset.
    static func dump(in page: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        for line in String(decoding: page, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard line.hasPrefix("    "), let first = words.first, first.count == 4,
                Int(first, radix: 16) == bytes.count
            else { continue }
            for word in words.dropFirst() {
                guard word.count == 2, let byte = UInt8(word, radix: 16) else { break }
                bytes.append(byte)
            }
        }
        return bytes
    }

    /// Set in the environment, writes the fixture anew; for the day a format version is fixed.
    @Test(.enabled(if: unsafe getenv("VARVE_WRITE_GOLDEN_LOG") != nil))
    func `the fixture is written`() throws {
        let path = Self.repository.appending("Tests/Fixtures/v1/log/000001.wal")
        try PosixFileSystem().remove(path)
        try PosixFileSystem().writeFileDurably(path, Self.example())
    }

    @Test func `today's writer makes the bytes of version 1`() throws {
        #expect(
            try Self.example() == Self.repositoryFile("Tests/Fixtures/v1/log/000001.wal"))
    }

    @Test func `the page's worked example is the fixture`() throws {
        let page = try Self.repositoryFile("Format/Specification/log.md")
        #expect(
            try Self.dump(in: page) == Self.repositoryFile("Tests/Fixtures/v1/log/000001.wal"))
    }

    @Test func `the fixture reads as what it says`() throws {
        let expectation = LogExpectation(
            store: Self.store, number: LogNumber(1), ending: .newest())
        var operations: [BatchOperation] = []
        var attributes: [String: AttributeValue] = [:]
        let log = try recoverLog(
            PosixFileSystem(), directory: Self.fixtures, expecting: expectation
        ) { payload, offset throws(LogError) in
            #expect(offset == LogPrologue.endOffset + 24)
            do throws(FormatError) {
                var decoder = try BatchDecoder(payload, vectorByteCount: 4, baseOffset: offset)
                while let operation = try decoder.next() {
                    operations.append(operation)
                    guard case .upsert(_, _, let range) = operation else { continue }
                    for (id, value) in try decoder.attributes(at: range).decoded() {
                        attributes[decoder.names.definitions[Int(id.rawValue)].name] = value
                    }
                }
            } catch {
                throw .format(error)
            }
        }
        #expect(log.verdict == .sealed && log.batchCount == 1)
        #expect(
            operations == [.upsert(id: 7, vector: 42..<46, attributes: 50..<61), .delete(id: "a")])
        #expect(attributes == ["lang": .string("en"), "size": .int(-3)])
    }
}
