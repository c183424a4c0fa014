// A log written and read back.

import Testing
import VarveFormat
import VarveLog
import VarveStorage

@Suite struct LogRoundTripTests {
    @Test(arguments: [0, 1, 7, 4_096, 3_000_000], [UInt64(0), 1 << 20])
    func `what is appended comes back in order`(textByteCount: Int, room: UInt64) throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk, room: room)
        let payloads = (1...5).map {
            Sample.payload($0, textByteCount: min(textByteCount, 1 << 20))
        }
        try writer.append(payload: payloads[0])
        try writer.sync()
        try writer.append(payloads: Array(payloads[1...]))
        let found = try Sample.read(disk, Sample.newest())
        #expect(found.payloads == payloads)
        #expect(found.log.verdict == .cleanEnd)
        #expect(found.log.validByteCount == writer.byteCount)
        #expect(found.log.lastSequence == SequenceNumber(5))
        #expect(found.log.batchCount == 5)
    }

    @Test func `a sealed log says so and has its exact length`() throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk, room: 1 << 16)
        try writer.append(payloads: [Sample.payload(1), Sample.payload(2)])
        let facts = try writer.seal()
        let found = try Sample.read(disk, Sample.newest())
        #expect(found.log.verdict == .sealed)
        #expect(found.log.asPredecessor == facts)
        #expect(disk.file(Sample.path())?.bytes.count == Int(facts.byteCount))
        #expect(throws: LogError.closed) { try writer.append(payload: Sample.payload(3)) }
        let next = LogPrologue(lastSequence: SequenceNumber(2), predecessor: facts)
        let again = try Sample.read(
            disk,
            LogExpectation(store: Sample.store, number: LogNumber(1), ending: .before(next)))
        #expect(again.log == found.log)
    }

    @Test func `a log that takes one byte at a time is written and read all the same`() throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk)
        disk.file(Sample.path())?.limitMoves(to: 1)
        try writer.append(payloads: [Sample.payload(1), Sample.payload(2)])
        let found = try Sample.read(disk, Sample.newest())
        #expect(found.payloads == [Sample.payload(1), Sample.payload(2)])
    }

    @Test func `everything is durable before the first record`() throws {
        let disk = MemoryFileSystem()
        _ = try Sample.writer(disk, room: 4_096)
        #expect(
            disk.calls == [
                "open", "fallocate", "pwrite", "fsync", "close", "rename", "syncDirectory",
                "open",
            ])
    }
}
