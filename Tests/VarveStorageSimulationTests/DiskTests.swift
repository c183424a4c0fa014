// A simulated disk that nothing befalls is a file system like any other.

import Testing
import VarveStorage
import VarveStorageSimulation

@Suite struct DiskTests {
    let disk = SimulatedFileSystem(seed: 1)

    @Test(arguments: [0, 1, 4_095, 4_096, 4_097, 100_000])
    func `what is written is read back, whatever the size`(byteCount: Int) throws {
        var generator = SeededGenerator(seed: 7)
        let content = (0..<byteCount).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
        try disk.writeDurably("a", content)
        #expect(try disk.readWholeFile(at("a"), limit: byteCount) == content)
        #expect(disk.bytes(at("a")) == content)
        #expect(disk.durableBytes(at("a")) == content)
        let file = try disk.open(at("a"), .read)
        let mapped = try file.map(UInt64(byteCount / 3)..<UInt64(byteCount))
        #expect(unsafe Array(mapped.bytes) == Array(content[(byteCount / 3)...]))
    }

    @Test(arguments: 0..<20)
    func `bytes in pages are bytes in a row`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var model: [UInt8] = []
        let file = try disk.open(at("a\(seed)"), .create)
        for _ in 0..<60 {
            let offset = generator.below(12_000)
            if generator.chance(1, in: 4) {
                try file.truncate(to: UInt64(offset))
                model = Array(model.prefix(offset)) + bytes(0, max(0, offset - model.count))
            } else {
                let piece = bytes(UInt8(generator.below(256)), 1 + generator.below(9_000))
                try file.writeFully(piece, at: UInt64(offset))
                model += bytes(0, max(0, offset + piece.count - model.count))
                model.replaceSubrange(offset..<offset + piece.count, with: piece)
            }
            #expect(disk.bytes(at("a\(seed)")) == model, "seed \(seed)")
        }
    }

    @Test func `errors are those of a real disk`() throws {
        try disk.writeDurably("a", [1])
        try disk.createDirectory(at("d"))
        try disk.writeDurably("d/x", [2])
        let cases: [(StorageError.Kind, () throws -> Void)] = [
            (.notFound, { _ = try disk.open(at("none"), .read) }),
            (.exists, { _ = try disk.open(at("a"), .create) }),
            (.notFound, { _ = try disk.open(at("none/a"), .create) }),
            (.inputOutput, { _ = try disk.open(at("a/b"), .create) }),
            (.inputOutput, { _ = try disk.open(at("d"), .read) }),
            (.notFound, { try disk.rename(at("none"), to: at("b")) }),
            (.inputOutput, { try disk.rename(at("a"), to: at("d")) }),
            (.inputOutput, { try disk.rename(at("d"), to: at("a")) }),
            (.exists, { try disk.link(at("a"), to: at("d/x")) }),
            (.notFound, { try disk.remove(at("none")) }),
            (.inputOutput, { try disk.remove(at("d")) }),
            (.exists, { try disk.createDirectory(at("a")) }),
            (.inputOutput, { try disk.removeDirectory(at("d")) }),
            (.notFound, { _ = try disk.list(at("none")) }),
            (.inputOutput, { _ = try disk.list(at("a")) }),
            (.notFound, { try disk.syncDirectory(at("none")) }),
            (.inputOutput, { _ = try disk.open(at("a\u{0}"), .create) }),
            (.inputOutput, { _ = try disk.open(at(""), .create) }),
        ]
        for (index, (kind, call)) in cases.enumerated() {
            #expect(storageError(call)?.kind == kind, "case \(index)")
        }
        #expect(disk.filePaths == [at("a"), at("d/x")])
        #expect(try disk.status(at("a/b")) == nil)
        #expect(try disk.status(at("d"))?.isDirectory == true)
        #expect(try disk.status(at("a"))?.byteCount == 1)
    }

    @Test func `a closed or read-only file refuses what it must`() throws {
        try disk.writeDurably("a", [1])
        let readOnly = try disk.open(at("a"), .read)
        #expect(storageError { try readOnly.writeFully([2], at: 0) } != nil)
        #expect(storageError { try readOnly.truncate(to: 0) } != nil)
        #expect(storageError { try readOnly.preallocate(0..<9) } != nil)
        #expect(storageError { _ = try readOnly.map(0..<2) }?.kind == .endOfFile)
        #expect(storageError { _ = try readOnly.readBytes(count: 2, at: 0) }?.kind == .endOfFile)
        #expect(storageError { _ = try readOnly.readBytes(count: 2, at: .max) } != nil)
        #expect(disk.openFileCount == 1)
        try readOnly.close()
        try readOnly.close()
        #expect(disk.openFileCount == 0)
        #expect(storageError { _ = try readOnly.readBytes(count: 1, at: 0) } != nil)
        let writable = try disk.open(at("a"), .readWrite)
        #expect(storageError { try writable.writeFully([1], at: 1 << 40) } != nil)
        #expect(disk.bytes(at("a")) == [1])
    }

    @Test func `a removed file lives on for those who have it open`() throws {
        try disk.writeDurably("a", [1, 2])
        let file = try disk.open(at("a"), .readWrite)
        try disk.remove(at("a"))
        try file.writeFully([9], at: 1)
        #expect(try file.readBytes(count: 2, at: 0) == [1, 9])
        #expect(disk.filePaths.isEmpty)
    }

    @Test func `a mapping keeps its bytes`() throws {
        try disk.writeDurably("a", [1, 2])
        let file = try disk.open(at("a"), .readWrite)
        let mapped = try file.map(0..<2)
        try file.writeFully([9], at: 0)
        #expect(unsafe Array(mapped.bytes) == [1, 2])
    }

    @Test func `names come in an order of the seed`() throws {
        let names = (0..<20).map { "file\($0)" }
        var orders: Set<[String]> = []
        for seed in 0..<5 as Range<UInt64> {
            let (one, two) = (SimulatedFileSystem(seed: seed), SimulatedFileSystem(seed: seed))
            for name in names { try one.write(name, []) }
            for name in names.reversed() { try two.write(name, []) }
            let order = try one.list(at(""))
            #expect(try two.list(at("")) == order)
            #expect(order.sorted() == names.sorted())
            orders.insert(order)
            orders.insert(try one.list(at("")))
        }
        #expect(orders.count == 10)
    }

    @Test func `a lock keeps others away until released, forgotten or lost in a crash`() throws {
        let first = try disk.lock(at("LOCK"))
        #expect(storageError { _ = try disk.lock(at("LOCK")) }?.kind == .locked)
        let after = disk.crash(.keepAll, seed: 1)
        try after.lock(at("LOCK")).release()
        first.release()
        first.release()
        do { _ = try disk.lock(at("LOCK")) }
        _ = try disk.lock(at("LOCK"))
    }

    @Test func `a full disk takes what fits, then nothing`() throws {
        disk.capacity = 10
        let file = try disk.open(at("a"), .create)
        #expect(try unsafe bytes(1, 8).withUnsafeBytes { try unsafe file.write($0, at: 0) } == 8)
        #expect(try disk.freeByteCount(at("")) == 2)
        #expect(try unsafe bytes(2, 8).withUnsafeBytes { try unsafe file.write($0, at: 8) } == 2)
        #expect(storageError { try file.writeFully([3], at: 10) }?.kind == .noSpace)
        #expect(storageError { try file.preallocate(0..<11) }?.kind == .noSpace)
        try file.writeFully([3], at: 0)
        disk.capacity = nil
        try file.writeFully([3], at: 10)
        #expect(disk.bytes(at("a")) == [3] + bytes(1, 7) + [2, 2, 3])
    }

    @Test func `operations are counted, and one seed gives one hash`() throws {
        func run(_ last: UInt8) throws -> SimulatedFileSystem {
            let disk = SimulatedFileSystem(seed: 3)
            disk.faults.add(FaultRule(.short, on: [.write], trigger: .oneIn(2), repeats: true))
            for index in 0..<50 { try disk.write("f\(index)", bytes(UInt8(index), 100)) }
            try disk.writeDurably("last", [last])
            return disk
        }
        let (one, two, other) = (try run(1), try run(1), try run(2))
        #expect(one.traceHash == two.traceHash)
        #expect(one.trace == two.trace)
        #expect(one.traceHash != other.traceHash)
        #expect(one.operationCount == one.trace.count)
        #expect(one.trace.map(\.index) == Array(0..<one.operationCount))
        #expect(one.trace.last?.call == .syncDirectory)
        // Looking changes nothing.
        _ = try one.list(at(""))
        #expect(one.traceHash == two.traceHash)
    }

    @Test func `the hook sees the disk before each call`() throws {
        let seen = Recorder()
        let disk = disk
        disk.onOperation { [unowned disk] operation in
            let after = disk.crash(.keepAll, seed: 1)
            seen.add("\(operation.call) \(after.bytes(at("a"))?.count ?? -1)")
        }
        try disk.write("a", [1, 2])
        disk.onOperation(nil)
        try disk.syncDirectory(at(""))
        #expect(seen.lines == ["create -1", "write 0"])
    }

    @Test func `a kill leaves what is not durable as it is`() throws {
        try disk.write("a", [1])
        let killed = disk.kill(seed: 1)
        #expect(killed.bytes(at("a")) == [1])
        #expect(!killed.isDurable(at("a")))
        #expect(try killed.namesAfter(.loseUnsynced) == [])
        try killed.open(at("a"), .readWrite).writeFully([2], at: 0)
        #expect(disk.bytes(at("a")) == [1])
    }
}
