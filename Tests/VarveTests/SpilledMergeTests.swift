// A merge of more rows than fit its memory makes the bytes that it makes of memory alone.

import Synchronization
import Testing
import Varve
import VarveFormat
import VarveStorage

@Suite struct SpilledMergeTests {
    private static let dimension = 256

    /// The segment that three become under a budget, and how often memory was asked of files.
    private static func merged(
        budgetByteCount: Int, metric: Metric
    ) throws -> (bytes: [UInt8], scratchCount: Int) {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store"
        let disk = ScratchCounter()
        var options = Options()
        options.durability = .onRequest
        options.memoryBudgetByteCount = 1 << 30
        options.trashGraceSeconds = 0
        options.compaction.isAutomatic = false
        var store = try Store.create(
            at: path, on: disk, SeededRuntime(seed: 5),
            schema: Schema(dimension: dimension, metric: metric, elementType: .float32),
            options: options)
        var vectors = SeededVectors(state: 3)
        for part in 0..<3 {
            // 2 KiB of tables a row: 2,400 rows do not fit the quarter of the least budget that a
            // merge may take.
            for first in stride(from: 0, to: 800, by: 100) {
                var batch = WriteBatch()
                for row in first..<first + 100 {
                    batch.upsert(
                        id: .number(UInt64(part * 800 + row)), vector: vectors.next(dimension),
                        attributes: ["row": .int(Int64(row))])
                }
                try store.write(batch)
            }
            try store.flush()
        }
        try store.close()
        // Only the merge has this budget: flushes depend on theirs.
        options.memoryBudgetByteCount = budgetByteCount
        store = try Store.open(at: path, on: disk, SeededRuntime(seed: 6), options: options)
        #expect(try store.compact(.all).mergeCount == 1)
        #expect(try store.count() == 2_400)
        try store.close()
        let folder = FilePath(path + "/segments")
        let names = try disk.list(folder)
        // No scratch file has kept its name.
        try #require(names.count == 1, "\(names)")
        let bytes = try disk.readWholeFile(folder.appending(names[0]), limit: 1 << 30)
        return (bytes, disk.count.withLock { $0 })
    }

    @Test(arguments: [Metric.euclidean, .innerProduct])
    func `rows and lists that lie in scratch files give the same segment`(
        metric: Metric
    ) throws {
        let least = try Self.merged(
            budgetByteCount: Options.minimumMemoryBudgetByteCount, metric: metric)
        let ample = try Self.merged(budgetByteCount: 1 << 30, metric: metric)
        #expect(least.scratchCount >= 3)
        #expect(ample.scratchCount == 0)
        let isEqual = least.bytes == ample.bytes
        #expect(isEqual, "\(least.bytes.count) and \(ample.bytes.count) bytes")
    }
}

/// The disk of this machine, counting how often memory was asked of files.
private final class ScratchCounter: LayeredFileSystem {
    let count = Mutex(0)
    let base: any FileSystem = PosixFileSystem()

    func scratchMemory(
        _ path: FilePath, byteCount: Int
    ) throws(StorageError) -> MemoryRegion {
        count.withLock { $0 += 1 }
        return try base.scratchMemory(path, byteCount: byteCount)
    }
}
