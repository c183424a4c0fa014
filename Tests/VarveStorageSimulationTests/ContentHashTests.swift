// Disks of the same contents have the same hash, and no others.

import Testing
import VarveStorage
import VarveStorageSimulation

@Suite struct ContentHashTests {
    /// A disk with two files in a directory, all durable.
    private func disk(seed: UInt64 = 1) throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem(seed: seed)
        try disk.createDirectory(at("d"))
        try disk.writeDurably("d/a", [1, 2, 3])
        try disk.writeDurably("d/b", bytes(7, 5_000))
        try disk.syncDirectory(at(""))
        return disk
    }

    @Test func `how the contents came about does not matter`() throws {
        let other = SimulatedFileSystem(seed: 9)
        try other.createDirectory(at("d"))
        try other.writeDurably("d/c", [1, 2])
        try other.writeDurably("d/b", bytes(7, 6_000))
        let long = try other.open(at("d/b"), .readWrite)
        try long.truncate(to: 5_000)
        try long.sync(.full)
        let short = try other.open(at("d/c"), .readWrite)
        try short.writeFully([3], at: 2)
        try short.sync(.full)
        try other.rename(at("d/c"), to: at("d/a"))
        try other.syncDirectory(at("d"))
        try other.syncDirectory(at(""))
        #expect(try other.contentHash == disk().contentHash)
        #expect(try disk().crash(.keepAll, seed: 3).contentHash == disk().contentHash)
        #expect(try disk().kill(seed: 3).contentHash == disk().contentHash)
    }

    private static let changes: [@Sendable (SimulatedFileSystem) throws -> Void] = [
        { try $0.open(at("d/a"), .readWrite).writeFully([9], at: 1) },
        { try $0.open(at("d/b"), .readWrite).writeFully([9], at: 4_999) },
        { try $0.open(at("d/a"), .readWrite).truncate(to: 4) },
        { try $0.open(at("d/a"), .readWrite).truncate(to: 2) },
        { try $0.rename(at("d/a"), to: at("d/c")) },
        { try $0.rename(at("d/a"), to: at("a")) },
        { try $0.remove(at("d/b")) },
        { try $0.link(at("d/a"), to: at("d/c")) },
        { try $0.writeDurably("d/c", [1, 2, 3]) },
        { try $0.createDirectory(at("d/e")) },
        { try $0.writeDurably("d/a2", []) },
    ]

    @Test(arguments: changes.indices)
    func `every difference shows, and whether it is durable`(index: Int) throws {
        let (before, changed, synced) = (try disk(), try disk(), try disk())
        try Self.changes[index](changed)
        try Self.changes[index](synced)
        for path in synced.filePaths { try synced.open(path, .readWrite).sync(.full) }
        try synced.syncDirectory(at("d"))
        try synced.syncDirectory(at(""))
        #expect(changed.contentHash != before.contentHash)
        #expect(synced.contentHash != before.contentHash)
        // What a call has made durable by itself cannot be told from what was synced.
        if !synced.filePaths.allSatisfy(changed.isDurable) {
            #expect(changed.contentHash != synced.contentHash)
        }
        let kept = changed.crash(.keepAll, seed: 1)
        #expect(kept.contentHash == synced.crash(.keepAll, seed: 2).contentHash)
    }

    @Test func `a second name is not a second file`() throws {
        let (linked, copied) = (try disk(), try disk())
        try linked.link(at("d/a"), to: at("d/c"))
        try linked.syncDirectory(at("d"))
        try copied.writeDurably("d/c", [1, 2, 3])
        #expect(linked.contentHash != copied.contentHash)
    }
}
