// What a writer does when the disk fails, when zeros run ahead, and from log to log.

import Synchronization
import Testing
import VarveFormat
import VarveLog
import VarveStorage

@Suite struct LogWriterTests {
    static func expectEnded(_ writer: LogWriter, by error: LogError) {
        #expect(writer.failure == error)
        #expect(throws: error) { try writer.append(payload: Sample.payload(900)) }
        #expect(throws: error) { try writer.sync() }
        #expect(throws: error) { _ = try writer.seal() }
        #expect(throws: error) { try writer.extendZeroed(to: 1 << 20) }
        #expect(throws: error) { try writer.appendSyncMark() }
        #expect(throws: error) { try writer.close() }
    }

    @Test(arguments: ["pwrite", "fdatasync", "fsync", "ftruncate", "close"])
    func `a failed call ends the log, even if the disk recovers`(call: String) throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk)
        try writer.append(payload: Sample.payload(1))
        try writer.sync()
        let file = try #require(disk.file(Sample.path()))
        file.fail(call, .inputOutput)
        let error = LogError.storage(
            StorageError(.inputOutput, call: call, path: Sample.path()))
        switch call {
        case "pwrite": #expect(throws: error) { try writer.append(payload: Sample.payload(2)) }
        case "fdatasync": #expect(throws: error) { try writer.sync() }
        default: #expect(throws: error) { _ = try writer.seal() }
        }
        file.fail(call, nil)
        Self.expectEnded(writer, by: error)
        #expect(writer.syncedSequence == SequenceNumber(1))
        let found = try Sample.read(disk, Sample.newest())
        #expect(found.payloads.first == Sample.payload(1))
    }

    @Test func `a failed sync of zeros ends the log, a full disk does not`() throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk)
        let file = try #require(disk.file(Sample.path()))
        file.fail("pwrite", .noSpace)
        #expect(try writer.zeroAhead(1 << 20) == false)
        #expect(writer.failure == nil && writer.zeroedAheadByteCount == 0)
        file.fail("pwrite", nil)
        try writer.append(payload: Sample.payload(1))
        file.fail("fdatasync", .noSpace)
        #expect(throws: LogError.self) { try writer.zeroAhead(1 << 20) }
        file.fail("fdatasync", nil)
        let error = StorageError(.noSpace, call: "fdatasync", path: Sample.path())
        Self.expectEnded(writer, by: .storage(error))
    }

    @Test func `a creation that fails throws, and leaves no log`() throws {
        let disk = MemoryFileSystem()
        disk.put(FilePath(Sample.path().text + ".tmp"), [])
        #expect(throws: LogError.self) { try Sample.writer(disk) }
        #expect(disk.file(Sample.path()) == nil)
        #expect(throws: LogError.self) { try Sample.read(disk, Sample.newest()) }
    }

    @Test func `a log promises more room before it needs it`() throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk, room: 4_096)
        for sequence in UInt64(1)...30 { try writer.append(payload: Sample.payload(sequence)) }
        try writer.append(payload: Sample.payload(31, textByteCount: 1 << 20))
        try writer.append(payload: Sample.payload(32))
        let file = try #require(disk.file(Sample.path()))
        let bytes = file.bytes
        let log = try Sample.read(disk, Sample.newest()).log
        #expect(log.batchCount == 32 && bytes.count > Int(log.validByteCount))
        for length in [bytes.count - 1, Int(log.validByteCount), 4_096, 4_095, 200, 144, 143, 0] {
            disk.put(Sample.path(), Array(bytes[..<length]))
            #expect(throws: LogError.self, "length \(length)") {
                try Sample.read(disk, Sample.newest())
            }
        }
        disk.put(Sample.path(), bytes)
        let facts = try Sample.writer(disk, number: 2, room: 300).seal()
        #expect(facts.byteCount < 300)
    }

    @Test func `a full disk that cannot promise more room ends the log`() throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk, room: 4_096)
        let file = try #require(disk.file(Sample.path()))
        file.fail("fallocate", .noSpace)
        let error = StorageError(.noSpace, call: "fallocate", path: Sample.path())
        #expect(throws: LogError.storage(error)) {
            try writer.append(payload: Sample.payload(1, textByteCount: 5_000))
        }
        Self.expectEnded(writer, by: .storage(error))
    }

    @Test(arguments: [false, true])
    func `a log that was renewed has its records and an end`(isSealed: Bool) throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk, room: 4_096)
        try writer.append(payload: Sample.payload(1))
        if isSealed { _ = try writer.seal() }
        let found = try Sample.read(disk, Sample.newest())
        let facts = try renewLog(disk, directory: Sample.directory, found.log)
        let renewed = try Sample.read(disk, Sample.newest())
        #expect(renewed.payloads == found.payloads)
        #expect(renewed.log.verdict == .sealed)
        #expect(renewed.log.asPredecessor == facts)
        #expect(facts.byteCount == renewed.log.fileByteCount)
    }

    @Test func `a payload above the limit is refused before anything is written`() throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk)
        let size = LogRecordHeader.maximumPayloadByteCount + 1
        #expect(throws: LogError.payloadTooLarge(byteCount: size)) {
            try writer.append(payloads: [Sample.payload(1), [UInt8](repeating: 1, count: size)])
        }
        #expect(writer.byteCount == LogPrologue.endOffset)
        try writer.append(payload: Sample.payload(1))
        #expect(try Sample.read(disk, Sample.newest()).payloads.count == 1)
    }

    @Test func `records say how far the file was synced before them`() throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk)
        try writer.append(payload: Sample.payload(1))
        try writer.append(payload: Sample.payload(2))
        let end = writer.byteCount
        try writer.appendSyncMark()
        #expect(writer.byteCount == end, "nothing is synced yet")
        try writer.sync()
        #expect(writer.syncedThrough == end && writer.syncedSequence == SequenceNumber(2))
        try writer.appendSyncMark()
        #expect(writer.byteCount == end + 32)
        let file = try #require(disk.file(Sample.path()))
        var bytes = file.bytes
        bytes[Int(end) - 1] ^= 1
        disk.put(Sample.path(), bytes)
        let error = #expect(throws: LogError.self) { try Sample.read(disk, Sample.newest()) }
        guard case .format(let damage)? = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(damage.kind == .checksumMismatch)
        #expect(damage.file == "log/000001.wal")
        #expect(damage.offset == end - UInt64((end - LogPrologue.endOffset) / 2))
    }

    @Test func `zeros ahead do not touch records, and end with the log`() throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk)
        let payloads = (1...20).map { Sample.payload($0, textByteCount: 50_000) }
        for (index, payload) in payloads.enumerated() {
            if index % 3 == 0 { _ = try writer.zeroAhead(300_000) }
            try writer.append(payload: payload)
        }
        let frontier = writer.byteCount + writer.zeroedAheadByteCount
        try writer.extendZeroed(to: frontier + 1_000_000)
        #expect(writer.zeroedAheadByteCount >= 1_000_000)
        #expect(try Sample.read(disk, Sample.newest()).payloads == payloads)
        let facts = try writer.seal()
        #expect(disk.file(Sample.path())?.bytes.count == Int(facts.byteCount))
        #expect(try Sample.read(disk, Sample.newest()).log.verdict == .sealed)
    }

    @Test(arguments: 0..<3)
    func `zeros and records race without loss`(round: Int) throws {
        let disk = MemoryFileSystem()
        let runtime = SystemRuntime()
        let writer = try Sample.writer(disk)
        let isDone = Atomic<Bool>(false)
        let worker = runtime.startWorker("zeros") {
            #expect(throws: Never.self) { _ = try writer.zeroAhead(600_000) }
            return isDone.load(ordering: .acquiring) ? .finished : .again
        }
        let payloads = (1...60).map { Sample.payload($0, textByteCount: 40_000) }
        for payload in payloads { try writer.append(payload: payload) }
        isDone.store(true, ordering: .releasing)
        worker.join()
        #expect(try Sample.read(disk, Sample.newest()).payloads == payloads)
    }

    @Test func `a chain of logs: sealed, cut by a crash, newest`() throws {
        let disk = MemoryFileSystem()
        let first = try Sample.writer(disk)
        try first.append(payload: Sample.payload(1))
        let facts = try first.seal()
        let second = try Sample.writer(
            disk, number: 2,
            after: LogPrologue(lastSequence: SequenceNumber(1), predecessor: facts))
        try second.append(payload: Sample.payload(2))
        // A crash tears the next record.
        let torn = try #require(disk.file(Sample.path(2))).bytes + [9, 9, 9]
        disk.put(Sample.path(2), torn)
        let recovered = try Sample.read(disk, Sample.newest(2)).log
        #expect(recovered.verdict == .tornTail(at: second.byteCount))
        let third = try Sample.writer(
            disk, number: 3,
            after: LogPrologue(
                lastSequence: recovered.lastSequence, predecessor: recovered.asPredecessor))
        try third.append(payload: Sample.payload(3))
        #expect(disk.file(Sample.path(2))?.bytes == torn)

        var numbers: [UInt64] = []
        for number in UInt64(1)...3 {
            var expectation = Sample.newest(number)
            if number < 3 {
                let next = try readLogPrologue(
                    disk, directory: Sample.directory, store: Sample.store,
                    number: LogNumber(number + 1))
                expectation.ending = .before(next)
            }
            let found = try Sample.read(disk, expectation)
            numbers += found.payloads.map { UInt64($0[0]) }
            #expect(found.log.lastSequence == SequenceNumber(number))
        }
        #expect(numbers == [1, 2, 3])
    }

    @Test func `reading a log that is gone or shrinks is an error of the disk`() throws {
        let disk = MemoryFileSystem()
        let error = #expect(throws: LogError.self) { try Sample.read(disk, Sample.newest()) }
        let expected = StorageError(.notFound, call: "open", path: Sample.path())
        #expect(error == .storage(expected))
        let writer = try Sample.writer(disk)
        for sequence in UInt64(1)...4 {
            try writer.append(payload: Sample.payload(sequence, textByteCount: 1 << 20))
        }
        let file = try #require(disk.file(Sample.path()))
        let shrunk = #expect(throws: LogError.self) {
            _ = try recoverLog(disk, directory: Sample.directory, expecting: Sample.newest()) {
                _, _ throws(LogError) in
                do throws(StorageError) {
                    try file.truncate(to: 5_000)
                } catch {
                    throw .storage(error)
                }
            }
        }
        let early = StorageError(.endOfFile, call: "pread", path: Sample.path())
        #expect(shrunk == .storage(early))
    }

    @Test func `what the reader of payloads throws ends the recovery`() throws {
        let disk = MemoryFileSystem()
        let writer = try Sample.writer(disk)
        try writer.append(payloads: [Sample.payload(1), Sample.payload(2)])
        var count = 0
        #expect(throws: LogError.closed) {
            _ = try recoverLog(disk, directory: Sample.directory, expecting: Sample.newest()) {
                _, _ throws(LogError) in
                count += 1
                throw LogError.closed
            }
        }
        #expect(count == 1)
    }
}
