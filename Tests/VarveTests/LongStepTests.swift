// The long last step of a merge, in which its output is written and read back, can be given up and
// rests in the middle.

import Synchronization
import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

@Suite struct LongStepTests {
    /// Calls `body` before the `count`-th write to a segment that none of `known` is.
    private static func onOutputWrite(
        _ count: Int, of disk: SimulatedFileSystem, besides known: [String],
        _ body: @escaping @Sendable () -> Void
    ) {
        let left = Mutex(count)
        disk.onOperation { operation in
            guard operation.call == .write, operation.path.text.hasSuffix(".seg"),
                !known.contains(operation.path.name)
            else { return }
            let isTime = left.withLock { left in
                left -= 1
                return left == 0
            }
            if isTime { body() }
        }
    }

    @Test func `a merge that is cancelled while its output is written leaves nothing of it`()
        throws
    {
        var cancelledCount = 0
        for count in 1...12 {
            let stepped = try SteppedStore(segmentRowCounts: [120, 60], seed: UInt64(count))
            let files = stepped.segmentFiles
            let store = stepped.store
            Self.onOutputWrite(count, of: stepped.disk, besides: files) { store.cancelCompaction() }
            do throws(StoreError) {
                _ = try store.compact(.all)
                // The last beat was before it was cancelled: then it is done as asked.
                #expect(try store.statistics().segmentCount == 1)
            } catch {
                #expect(error.code == .cancelled, "\(error)")
                #expect(stepped.segmentFiles == files, "write \(count)")
                #expect(try store.statistics().compaction == nil)
                cancelledCount += 1
            }
            stepped.disk.onOperation(nil)
            try stepped.check()
            try store.compact(.all)
            #expect(stepped.segmentFiles.count == 1)
            try stepped.check()
        }
        #expect(cancelledCount > 3)
    }

    @Test func `a merge that is paused while its output is written rests there`() throws {
        var options = SteppedStore.options
        options.compaction.isStepped = false
        let disk = SimulatedFileSystem(seed: 5)
        let runtime = SystemRuntime()
        let store = try Store.create(
            at: "/store", on: disk, runtime, schema: SteppedStore.schema, options: options)
        var vectors = SeededVectors(state: 3)
        for segment in 0..<2 as Range<UInt64> {
            for row in 0..<200 as Range<UInt64> {
                try store.upsert(id: .number(segment * 200 + row), vector: vectors.next(8))
            }
            try store.flush()
        }
        let files = try disk.list(FilePath("/store/segments"))
        let isPaused = Mutex(false)
        Self.onOutputWrite(2, of: disk, besides: files) {
            store.pauseCompaction()
            isPaused.withLock { $0 = true }
        }
        try store.beginCompaction()
        while !isPaused.withLock({ $0 }) { runtime.sleep(nanoseconds: 1_000_000) }
        // What is on its way when it is paused goes on to the next beat. A merge that never rests
        // comes to its end here, which is seen below.
        var (resting, quietCount) = (disk.operationCount, 0)
        while quietCount < 15 {
            runtime.sleep(nanoseconds: 20_000_000)
            let count = disk.operationCount
            quietCount = count == resting ? quietCount + 1 : 0
            resting = count
        }
        #expect(try store.statistics().compaction != nil)
        #expect(try store.statistics().segmentCount == 2)
        #expect(try store.count() == 400)
        store.resumeCompaction()
        while try store.statistics().segmentCount > 1 { runtime.sleep(nanoseconds: 1_000_000) }
        #expect(disk.operationCount > resting)
        #expect(try store.count() == 400)
        disk.onOperation(nil)
        try store.close()
    }
}
