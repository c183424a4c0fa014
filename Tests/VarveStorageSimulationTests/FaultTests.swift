// Every fault does what it says, when it says.

import Testing
import VarveStorage
import VarveStorageSimulation

@Suite struct FaultTests {
    let disk = SimulatedFileSystem(seed: 1)

    @Test(arguments: DiskFailure.allCases)
    func `a call fails with the number it was told, and nothing happens`(failure: DiskFailure)
        throws
    {
        try disk.writeDurably("a", [1])
        try disk.createDirectory(at("d"))
        let file = try disk.open(at("a"), .readWrite)
        disk.faults.add(FaultRule(.fail(failure), on: Set(DiskCall.allCases), repeats: true))
        let (hash, disk) = (disk.crash(.keepAll, seed: 1).filePaths, disk)
        let calls: [(DiskCall, () throws -> Void)] = [
            (.open, { _ = try disk.open(at("a"), .read) }),
            (.create, { _ = try disk.open(at("b"), .create) }),
            (.read, { _ = try file.readBytes(count: 1, at: 0) }),
            (.write, { try file.writeFully([2], at: 0) }), (.sync, { try file.sync(.data) }),
            (.preallocate, { try file.preallocate(0..<10) }),
            (.truncate, { try file.truncate(to: 0) }), (.byteCount, { _ = try file.byteCount() }),
            (.map, { _ = try file.map(0..<1) }), (.close, { try file.close() }),
            (.rename, { try disk.rename(at("a"), to: at("c")) }),
            (.link, { try disk.link(at("a"), to: at("c")) }),
            (.remove, { try disk.remove(at("a")) }),
            (.createDirectory, { try disk.createDirectory(at("e")) }),
            (.removeDirectory, { try disk.removeDirectory(at("d")) }),
            (.list, { _ = try disk.list(at("")) }), (.status, { _ = try disk.status(at("a")) }),
            (.syncDirectory, { try disk.syncDirectory(at("")) }),
            (.lock, { _ = try disk.lock(at("L")) }),
            (.freeByteCount, { _ = try disk.freeByteCount(at("")) }),
        ]
        #expect(Set(calls.map(\.0)) == Set(DiskCall.allCases))
        for (call, body) in calls {
            let error = storageError(body)
            #expect(error?.errorNumber == failure.errorNumber, "\(call)")
        }
        #expect(disk.faults.firedCount == calls.count)
        disk.faults.heal()
        #expect(disk.filePaths == hash)
        #expect(disk.bytes(at("a")) == [1])
        #expect(try disk.status(at("d"))?.isDirectory == true)
        try file.writeFully([2], at: 0)
    }

    @Test func `failures are of the kinds that callers tell apart`() throws {
        let kinds: [(DiskFailure, StorageError.Kind)] = [
            (.inputOutput, .inputOutput), (.noSpace, .noSpace), (.quota, .noSpace),
            (.tooManyFiles, .noResources), (.readOnly, .notPermitted),
            (.accessDenied, .notPermitted), (.interrupted, .inputOutput), (.stale, .inputOutput),
        ]
        for (failure, kind) in kinds {
            disk.faults.add(FaultRule(.fail(failure), on: [.create]))
            #expect(storageError { try disk.write("a", []) }?.kind == kind)
        }
        try disk.write("a", [])
    }

    /// Which of eight writes to alternating files "a" and "b" fail under a rule.
    private func failingWrites(_ rule: FaultRule, seed: UInt64 = 1) throws -> [Int] {
        let disk = SimulatedFileSystem(seed: seed)
        let files = try ["a", "b"].map { try disk.open(at($0), .create) }
        disk.faults.add(rule)
        return (0..<8).filter { index in
            storageError { try files[index % 2].writeFully([1], at: 0) } != nil
        }
    }

    @Test func `a rule fires at its call, once or from then on, on its paths`() throws {
        let fail = FaultEffect.fail(.inputOutput)
        let rule = FaultRule(fail, on: [.write], trigger: .nth(3))
        #expect(try failingWrites(rule) == [2])
        var forever = rule
        forever.repeats = true
        #expect(try failingWrites(forever) == [2, 3, 4, 5, 6, 7])
        var onB = forever
        onB.paths = .suffix("b")
        #expect(try failingWrites(onB) == [5, 7])
        onB.paths = .exactly(at("b"))
        #expect(try failingWrites(onB) == [5, 7])
        onB.paths = .containing("b")
        #expect(try failingWrites(onB) == [5, 7])
        onB.paths = .containing("longer than any path")
        #expect(try failingWrites(onB) == [])
        onB.calls = [.read]
        onB.paths = .any
        #expect(try failingWrites(onB) == [])
        // Two creations come first.
        let atOperation = FaultRule(fail, on: [.write], trigger: .operation(6))
        #expect(try failingWrites(atOperation) == [4])
        let never = FaultRule(fail, on: [.write], trigger: .operation(99))
        #expect(try failingWrites(never) == [])
    }

    @Test func `chance follows the seed`() throws {
        let rule = FaultRule(
            .fail(.inputOutput), on: [.write], trigger: .oneIn(2), repeats: true)
        let runs = try (0..<20).map { try failingWrites(rule, seed: $0) }
        #expect(try (0..<20).map { try failingWrites(rule, seed: $0) } == runs)
        #expect(Set(runs).count > 10)
        var once = rule
        once.repeats = false
        for seed in 0..<10 { #expect(try failingWrites(once, seed: UInt64(seed)).count <= 1) }
    }

    @Test func `short transfers are made good by the loops`() throws {
        disk.faults.add(FaultRule(.short, on: [.read, .write], trigger: .nth(1), repeats: true))
        let content = (0..<5_000).map { UInt8(truncatingIfNeeded: $0) }
        try disk.write("a", content)
        #expect(disk.bytes(at("a")) == content)
        #expect(try disk.readWholeFile(at("a"), limit: 5_000) == content)
        #expect(disk.trace.count { $0.call == .write } > 3)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8_192, alignment: 4_096)
        defer { unsafe memory.deallocate() }
        let direct = try disk.open(at("a"), .readDirect)
        #expect(try unsafe direct.readAvailable(into: memory, at: 0) == 5_000)
        #expect(unsafe Array(memory[..<5_000]) == content)
    }

    @Test func `an aligned read that never comes to its end is an error, not a loop`() throws {
        try disk.writeDurably("a", bytes(7, 8_192))
        disk.faults.add(FaultRule(.short, on: [.read], repeats: true))
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 4_096)
        defer { unsafe memory.deallocate() }
        let direct = try disk.open(at("a"), .readDirect)
        let error = storageError { _ = try unsafe direct.readAvailable(into: memory, at: 0) }
        #expect(error?.kind == .inputOutput)
        disk.faults.heal()
        #expect(try unsafe direct.readAvailable(into: memory, at: 0) == 4_096)
    }

    @Test func `a write of nothing is an error, a read of nothing the end`() throws {
        try disk.writeDurably("a", [1])
        let file = try disk.open(at("a"), .readWrite)
        disk.faults.add(FaultRule(.nothing, on: [.write, .read], repeats: true))
        #expect(storageError { try file.writeFully([2], at: 0) }?.kind == .inputOutput)
        #expect(storageError { _ = try file.readBytes(count: 1, at: 0) }?.kind == .endOfFile)
        #expect(disk.bytes(at("a")) == [1])
    }

    @Test func `a call may happen and say that it failed`() throws {
        try disk.writeDurably("a", [1])
        let effect = FaultEffect.happenThenFail(.inputOutput)
        disk.faults.add(FaultRule(effect, on: [.rename]))
        #expect(storageError { try disk.rename(at("a"), to: at("b")) } != nil)
        #expect(disk.filePaths == [at("b")])
        disk.faults.add(FaultRule(effect, on: [.write]))
        let file = try disk.open(at("b"), .readWrite)
        #expect(storageError { try file.writeFully([2], at: 0) } != nil)
        #expect(disk.bytes(at("b")) == [2])
    }

    @Test func `a failed sync may drop its pages, and the next one saves nothing of them`() throws {
        try disk.writeDurably("a", [1, 1, 1])
        let file = try disk.open(at("a"), .readWrite)
        try file.writeFully([2], at: 0)
        disk.faults.add(FaultRule(.dropPages, on: [.sync]))
        #expect(storageError { try file.sync(.data) }?.kind == .inputOutput)
        #expect(try file.readBytes(count: 3, at: 0) == [2, 1, 1])
        try file.writeFully([3], at: 1)
        try file.sync(.data)
        #expect(try file.readBytes(count: 3, at: 0) == [2, 3, 1])
        #expect(!disk.isDurable(at("a")))
        #expect(disk.isDurable(at("a"), 1..<3))
        #expect(!disk.isDurable(at("a"), 0..<1))
        for policy in [CrashPolicy.loseUnsynced, .keepAll] {
            #expect(disk.crash(policy, seed: 1).bytes(at("a")) == [1, 3, 1])
        }
    }

    @Test func `a failed sync may take the bytes back`() throws {
        try disk.writeDurably("a", [1, 1])
        let file = try disk.open(at("a"), .readWrite)
        try file.writeFully([2, 2, 2], at: 0)
        disk.faults.add(FaultRule(.revertPages, on: [.sync]))
        #expect(storageError { try file.sync(.full) }?.kind == .inputOutput)
        #expect(disk.bytes(at("a")) == [1, 1])
        try file.sync(.full)
        #expect(disk.isDurable(at("a")))
    }

    @Test func `a failure in the background is told once, to those who had the file open`() throws {
        try disk.writeDurably("a", [1])
        let (writer, other) = (
            try disk.open(at("a"), .readWrite), try disk.open(at("a"), .readWrite)
        )
        disk.faults.add(FaultRule(.failInBackground, on: [.write]))
        try writer.writeFully([2], at: 0)
        let late = try disk.open(at("a"), .readWrite)
        try late.sync(.data)
        #expect(storageError { try other.sync(.data) }?.kind == .inputOutput)
        try other.sync(.data)
        try writer.close()
        let reopened = try disk.open(at("a"), .readWrite)
        try reopened.sync(.data)
        #expect(disk.bytes(at("a")) == [2])
        #expect(disk.crash(.keepAll, seed: 1).bytes(at("a")) == [1])
    }

    @Test func `a phantom write never lands`() throws {
        try disk.writeDurably("a", [1, 1])
        let file = try disk.open(at("a"), .readWrite)
        disk.faults.add(FaultRule(.phantom, on: [.write]))
        try file.writeFully([2, 2, 2], at: 1)
        try file.sync(.data)
        #expect(disk.bytes(at("a")) == [1, 1, 0, 0])
        #expect(disk.isDurable(at("a")))
    }

    @Test func `a misdirected write lands elsewhere`() throws {
        try disk.writeDurably("a", bytes(1, 6))
        let file = try disk.open(at("a"), .readWrite)
        disk.faults.add(FaultRule(.misdirected(by: 2), on: [.write], trigger: .nth(1)))
        disk.faults.add(FaultRule(.misdirected(by: -9), on: [.write], trigger: .nth(1)))
        try file.writeFully([2], at: 1)
        #expect(disk.bytes(at("a")) == [1, 1, 1, 2, 1, 1])
        try file.writeFully([3], at: 1)
        #expect(disk.bytes(at("a")) == [3, 1, 1, 2, 1, 1])
    }

    @Test func `a read may be of another place or another time`() throws {
        try disk.writeDurably("a", [1, 2, 3])
        let file = try disk.open(at("a"), .readWrite)
        try file.writeFully([9], at: 1)
        disk.faults.add(FaultRule(.misread(by: 1), on: [.read]))
        #expect(try file.readBytes(count: 1, at: 1) == [3])
        disk.faults.add(FaultRule(.stale, on: [.read]))
        #expect(try file.readBytes(count: 1, at: 1) == [2])
        #expect(try file.readBytes(count: 1, at: 1) == [9])
    }

    @Test func `damage at rest is what it says, and stays`() throws {
        let damages: [(DiskDamage, [UInt8])] = [
            (.flipBit(offset: 1, bit: 3), [0, 9, 2, 3]), (.flipBit(offset: 9, bit: 0), []),
            (.setByte(offset: 3, value: 0xFF), [0, 1, 2, 0xFF]), (.zero(1..<3), [0, 0, 0, 3]),
            (.zero(3..<90), [0, 1, 2, 0]), (.truncate(byteCount: 2), [0, 1]),
            (.truncate(byteCount: 9), []), (.append([7, 8]), [0, 1, 2, 3, 7, 8]),
            (.swapBlocks(0, 2, byteCount: 2), [2, 3, 0, 1]),
            (.swapBlocks(0, 3, byteCount: 2), []),
            (.overwrite(offset: 2, bytes: [5, 6, 7]), [0, 1, 5, 6]),
        ]
        for (index, (damage, expected)) in damages.enumerated() {
            let name = "f\(index)"
            try disk.writeDurably(name, [0, 1, 2, 3])
            #expect(disk.damage(at(name), damage) == !expected.isEmpty, "\(damage)")
            let after = expected.isEmpty ? [0, 1, 2, 3] : expected
            #expect(disk.bytes(at(name)) == after, "\(damage)")
            #expect(disk.crash(.loseUnsynced, seed: 1).bytes(at(name)) == after, "\(damage)")
        }
        #expect(!disk.damage(at("none"), .append([1])))
    }
}
