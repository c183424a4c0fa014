// Every way of losing power does what it says.

import Testing
import VarveStorage
import VarveStorageSimulation

@Suite struct CrashTests {
    let disk = SimulatedFileSystem(seed: 1)

    /// The bytes of "a", durable as ones, after an unsynced write of twos over all and beyond.
    private func overwritten(_ policy: CrashPolicy, seed: UInt64) throws -> [UInt8] {
        let disk = SimulatedFileSystem(seed: seed)
        try disk.writeDurably("a", bytes(1, 10_000))
        try disk.open(at("a"), .readWrite).writeFully(bytes(2, 20_000), at: 0)
        return try #require(disk.crash(policy, seed: seed).bytes(at("a")))
    }

    @Test(arguments: CrashPolicy.all)
    func `what was synced, bytes and name, survives everything`(policy: CrashPolicy) throws {
        try disk.createDirectories(at("d"))
        try disk.writeDurably("d/a", bytes(1, 5_000))
        try disk.rename(at("d/a"), to: at("d/b"))
        try disk.syncDirectory(at("d"))
        for seed in 0..<20 as Range<UInt64> {
            let after = disk.crash(policy, seed: seed)
            #expect(after.bytes(at("d/b")) == bytes(1, 5_000), "seed \(seed)")
            #expect(after.filePaths == [at("d/b")])
            #expect(after.isDurable(at("d/b")))
        }
    }

    @Test(arguments: CrashPolicy.all)
    func `a crash is a copy, and its seed decides it`(policy: CrashPolicy) throws {
        for index in 0..<10 {
            try disk.writeDurably("f\(index)", bytes(1, 2_000))
            try disk.open(at("f\(index)"), .readWrite).writeFully(bytes(2, 9_000), at: 1_000)
            try disk.write("g\(index)", bytes(3, 700))
        }
        let before = disk.traceHash
        for seed in 0..<5 as Range<UInt64> {
            let (one, two) = (disk.crash(policy, seed: seed), disk.crash(policy, seed: seed))
            #expect(one.filePaths == two.filePaths)
            for path in one.filePaths {
                #expect(one.bytes(path) == two.bytes(path), "seed \(seed)")
                try one.open(path, .readWrite).writeFully([9], at: 0)
                try one.remove(path)
            }
        }
        #expect(disk.traceHash == before)
        #expect(disk.filePaths.count == 20)
        #expect(disk.bytes(at("f0")) == bytes(1, 1_000) + bytes(2, 9_000))
    }

    @Test(arguments: CrashPolicy.all)
    func `bytes outside of a write never change`(policy: CrashPolicy) throws {
        try disk.writeDurably("a", bytes(1, 1_000))
        let file = try disk.open(at("a"), .readWrite)
        try file.writeFully(bytes(2, 100), at: 300)
        for seed in 0..<50 as Range<UInt64> {
            let after = try #require(disk.crash(policy, seed: seed).bytes(at("a")))
            #expect(after.count == 1_000)
            #expect(after[..<300].allSatisfy { $0 == 1 }, "seed \(seed)")
            #expect(after[400...].allSatisfy { $0 == 1 }, "seed \(seed)")
        }
    }

    @Test func `a created file vanishes if its directory was not synced`() throws {
        try disk.writeFileDurably(at("a"), [1])
        #expect(!disk.isDurable(at("a")))
        #expect(try disk.namesAfter(.loseUnsynced) == [])
        #expect(try disk.namesAfter(.directoryEntryLost) == [])
        #expect(try disk.namesAfter(.keepAll) == ["a"])
        try disk.syncDirectory(at(""))
        #expect(disk.isDurable(at("a")))
        #expect(try disk.namesAfter(.loseUnsynced) == ["a"])
    }

    @Test func `a file synced in an unsynced directory vanishes with it`() throws {
        try disk.createDirectory(at("d"))
        try disk.writeDurably("d/a", [1])
        #expect(!disk.isNameDurable(at("d/a")))
        #expect(try disk.namesAfter(.loseUnsynced) == [])
        try disk.syncDirectory(at(""))
        #expect(disk.isNameDurable(at("d/a")))
        #expect(disk.crash(.loseUnsynced, seed: 1).bytes(at("d/a")) == [1])
    }

    @Test func `on a disk like ext4, syncing a file keeps its name`() throws {
        disk.fileSyncPublishesName = true
        try disk.writeFileDurably(at("a"), [1])
        try disk.write("b", [1])
        #expect(try disk.namesAfter(.loseUnsynced) == ["a"])
    }

    @Test func `unsynced bytes are lost, synced ones come back`() throws {
        #expect(try overwritten(.loseUnsynced, seed: 1) == bytes(1, 10_000))
        #expect(try overwritten(.keepAll, seed: 1) == bytes(2, 20_000))
        #expect(try overwritten(.grownButZero, seed: 1) == bytes(1, 10_000) + bytes(0, 10_000))
    }

    @Test func `an unsynced truncation is undone`() throws {
        try disk.writeDurably("a", bytes(1, 5_000))
        let file = try disk.open(at("a"), .readWrite)
        try file.truncate(to: 10)
        try file.truncate(to: 5_000)
        #expect(disk.bytes(at("a")) == bytes(1, 10) + bytes(0, 4_990))
        #expect(disk.crash(.loseUnsynced, seed: 1).bytes(at("a")) == bytes(1, 5_000))
    }

    @Test func `of each file a prefix of its writes survives`() throws {
        for name in ["a", "b"] {
            try disk.writeDurably(name, [])
            let file = try disk.open(at(name), .readWrite)
            for index in 0..<4 { try file.writeFully([UInt8(index)], at: UInt64(index)) }
        }
        var seen: Set<[[UInt8]]> = []
        for seed in 0..<400 as Range<UInt64> {
            let after = disk.crash(.randomPrefixPerFile, seed: seed)
            let found = ["a", "b"].map { after.bytes(at($0)) ?? [9] }
            for content in found { #expect([0, 1, 2, 3].starts(with: content), "seed \(seed)") }
            seen.insert(found)
        }
        #expect(seen.count == 25)
    }

    @Test func `of a directory a prefix of its changes survives`() throws {
        for index in 0..<4 { try disk.write("f\(index)", []) }
        var seen: Set<[String]> = []
        for seed in 0..<200 as Range<UInt64> {
            seen.insert(try disk.namesAfter(.randomPrefixPerFile, seed: seed))
        }
        #expect(seen == Set((0...4).map { count in (0..<count).map { "f\($0)" } }))
    }

    @Test(arguments: [
        (CrashPolicy.randomSubsetPerSector, 512), (CrashPolicy.randomSubsetPerPage, 4_096),
    ])
    func `blocks survive one by one`(policy: CrashPolicy, unit: Int) throws {
        var hasHole = false
        var lengths: Set<Int> = []
        for seed in 0..<40 as Range<UInt64> {
            let after = try overwritten(policy, seed: seed)
            lengths.insert(after.count)
            for start in stride(from: 0, to: min(after.count, 9_500), by: unit) {
                let block = after[start..<min(after.count, 10_000, start + unit)]
                #expect(Set(block).count == 1, "seed \(seed), block at \(start)")
            }
            let last = after.lastIndex(of: 2) ?? 0
            hasHole = hasHole || after[..<last].contains(1)
        }
        #expect(hasHole)
        #expect(lengths.contains(10_000) && lengths.contains(20_000))
    }

    @Test func `a torn sector is old, new, zero, garbage or cut`() throws {
        var kinds: Set<String> = []
        for seed in 0..<20 as Range<UInt64> {
            let after = try overwritten(.torn, seed: seed)
            for start in stride(from: 0, to: 9_728, by: 512) {
                let sector = Array(after[start..<start + 512])
                let twos = sector.prefix { $0 == 2 }.count
                switch sector {
                case bytes(1, 512): kinds.insert("old")
                case bytes(2, 512): kinds.insert("new")
                case bytes(0, 512): kinds.insert("zero")
                case bytes(2, twos) + bytes(1, 512 - twos): kinds.insert("cut")
                default: kinds.insert(Set(sector).count > 50 ? "garbage" : "else")
                }
            }
        }
        #expect(kinds == ["old", "new", "zero", "cut", "garbage"])
    }

    @Test func `a later file survives an earlier one`() throws {
        for name in ["a", "b", "c"] { try disk.write(name, [7]) }
        var seen: Set<[Int]> = []
        for seed in 0..<60 as Range<UInt64> {
            let after = disk.crash(.laterFileSurvives, seed: seed)
            seen.insert(["a", "b", "c"].map { after.bytes(at($0))?.count ?? -1 })
        }
        #expect(seen == [[0, 0, 1], [0, 1, 1], [1, 1, 1]])
    }

    @Test func `a lost rename leaves both files under their old names`() throws {
        try disk.writeDurably("CURRENT", [1])
        try disk.writeDurably("new", [2])
        try disk.rename(at("new"), to: at("CURRENT"))
        #expect(disk.bytes(at("CURRENT")) == [2])
        for policy in [CrashPolicy.renameLost, .loseUnsynced, .unlinkSurvivesAlone] {
            let after = disk.crash(policy, seed: 1)
            #expect(after.bytes(at("CURRENT")) == [1])
            #expect(after.bytes(at("new")) == [2])
        }
        #expect(try disk.namesAfter(.keepAll) == ["CURRENT"])
        try disk.syncDirectory(at(""))
        #expect(disk.crash(.renameLost, seed: 1).bytes(at("CURRENT")) == [2])
    }

    @Test func `a rename is one act, done or not`() throws {
        try disk.writeDurably("a", [1])
        try disk.rename(at("a"), to: at("b"))
        var seen: Set<[String]> = []
        for seed in 0..<30 as Range<UInt64> {
            seen.insert(try disk.namesAfter(.randomSubsetPerSector, seed: seed))
        }
        #expect(seen == [["a"], ["b"]])
    }

    @Test func `a rename may survive while the bytes of its file do not`() throws {
        try disk.writeDurably("CURRENT", [1])
        try disk.write("new", [2])
        try disk.rename(at("new"), to: at("CURRENT"))
        let policy = CrashPolicy(content: .lost, names: .kept)
        #expect(disk.crash(policy, seed: 1).bytes(at("CURRENT")) == [])
    }

    @Test func `a removal may survive alone`() throws {
        try disk.writeDurably("old", [1])
        try disk.write("new", [2])
        try disk.remove(at("old"))
        #expect(try disk.namesAfter(.unlinkSurvivesAlone) == [])
        #expect(try disk.namesAfter(.loseUnsynced) == ["old"])
        #expect(try disk.namesAfter(.directoryEntryLost) == [])
        #expect(try disk.namesAfter(.keepAll) == ["new"])
    }

    @Test func `each name survives or not`() throws {
        for name in ["a", "b", "c"] { try disk.write(name, []) }
        var seen: Set<[String]> = []
        for seed in 0..<200 as Range<UInt64> {
            seen.insert(try disk.namesAfter(.randomSubsetPerPage, seed: seed))
        }
        #expect(seen.count == 8)
    }

    @Test func `a rename between directories is durable once either is synced`() throws {
        try disk.createDirectories(at("s"))
        try disk.createDirectories(at("t"))
        try disk.writeDurably("s/a", [1])
        // A change that is not durable stands before the rename in the other directory.
        try disk.write("s/z", [])
        try disk.rename(at("s/a"), to: at("t/a"))
        #expect(disk.crash(.loseUnsynced, seed: 1).filePaths == [at("s/a")])
        try disk.syncDirectory(at("t"))
        #expect(disk.isNameDurable(at("t/a")))
        #expect(disk.crash(.loseUnsynced, seed: 1).filePaths == [at("t/a")])
        #expect(disk.crash(.keepAll, seed: 1).filePaths == [at("s/z"), at("t/a")])
    }

    @Test func `two names of one file stay two names of one file`() throws {
        try disk.writeDurably("a", [1])
        try disk.link(at("a"), to: at("b"))
        #expect(try disk.namesAfter(.loseUnsynced) == ["a"])
        let after = disk.crash(.keepAll, seed: 1)
        try after.open(at("a"), .readWrite).writeFully([5], at: 0)
        #expect(after.bytes(at("b")) == [5])
    }

    @Test func `a crash inside a recovery from a crash`() throws {
        try disk.write("a", bytes(1, 600))
        let first = disk.crash(.keepAll, seed: 1)
        try first.open(at("a"), .readWrite).writeFully(bytes(2, 600), at: 0)
        try first.write("b", [3])
        let second = first.crash(.loseUnsynced, seed: 2)
        #expect(second.bytes(at("a")) == bytes(1, 600))
        #expect(second.filePaths == [at("a")])
    }

    @Test func `a policy prints as its parts`() {
        #expect(CrashPolicy.randomSubsetPerSector.description.contains("512"))
        #expect(Set(CrashPolicy.all).count == 11)
        #expect(Set(CrashPolicy.all.map(\.description)).count == 11)
    }
}
