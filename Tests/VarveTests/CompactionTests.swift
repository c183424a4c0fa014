// Segments become one while rows are written, deleted, read and cut off.

import Synchronization
import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

/// A store on a simulated disk whose merges go on step by step, and what it must hold.
final class SteppedStore {
    static let schema = Schema(dimension: 8, metric: .euclidean, elementType: .float32)
    let disk: SimulatedFileSystem
    let runtime: SimulatedRuntime
    private(set) var store: Store
    private(set) var model: [RecordID: Row] = [:]
    private var vectors = SeededVectors(state: 7)

    static var options: Options {
        var options = Options()
        options.memoryBudgetByteCount = Options.minimumMemoryBudgetByteCount
        options.trashGraceSeconds = 0
        options.threadCount = 1
        options.compaction.isStepped = true
        options.compaction.isAutomatic = false
        return options
    }

    init(
        segmentRowCounts: [Int] = [], options: Options = SteppedStore.options, seed: UInt64 = 1,
        listener: EventListener = EventListener()
    ) throws {
        disk = SimulatedFileSystem(seed: seed)
        runtime = SimulatedRuntime(seed: seed)
        store = try Store.create(
            at: "/store", on: disk, runtime, schema: Self.schema, options: options,
            listener: listener)
        var next: UInt64 = 0
        for count in segmentRowCounts {
            for _ in 0..<count {
                try upsert(.number(next))
                next += 1
            }
            try store.flush()
        }
    }

    func upsert(_ id: RecordID) throws {
        let row = Row(
            id: id, vector: vectors.next(8), attributes: ["key": .string("\(id) of \(model.count)")]
        )
        try store.upsert(id: row.id, vector: row.vector, attributes: row.attributes)
        model[id] = row
    }

    func delete(_ id: RecordID) throws {
        try store.delete(id: id)
        model[id] = nil
    }

    var expected: [Row] { model.values.sorted { $0.id < $1.id } }

    static func contents(_ snapshot: Snapshot) throws -> [Row] {
        var rows: [Row] = []
        try snapshot.forEachRow { row throws(StoreError) in
            rows.append(row)
            return true
        }
        return rows
    }

    /// What iteration, lookups and exact searches say must be what the model says.
    func check(_ comment: Comment = "") throws {
        #expect(try Self.contents(try store.snapshot()) == expected, comment)
        #expect(try store.count() == model.count, comment)
        for row in expected.prefix(20) {
            var query = Query(vector: row.vector, k: 1)
            query.effort = .exact
            #expect(try store.search(query).hits.first?.id == row.id, comment)
            #expect(try store.get(row.id) == row, comment)
        }
    }

    func reopen(options: Options? = SteppedStore.options) throws {
        try store.close()
        store = try Store.open(
            at: "/store", on: disk, runtime, options: options)
    }

    var segmentFiles: [String] {
        ((try? disk.list(FilePath("/store/segments"))) ?? []).sorted()
    }

    /// Has the compactor asked for a merge of everything without waiting for it.
    func begin() throws { try store.beginCompaction() }
}

@Suite struct CompactionTests {
    @Test func `many segments become one that holds what they held`() throws {
        let stepped = try SteppedStore(segmentRowCounts: [40, 30, 1, 60])
        try stepped.delete(3)
        try stepped.upsert(50)
        let report = try stepped.store.compact(.all)
        #expect(report.mergeCount == 1)
        #expect(report.inputCount == 5)
        #expect(report.droppedRowCount == 2)
        #expect(try stepped.store.statistics().segmentCount == 1)
        #expect(try stepped.store.statistics().deadRowCount == 0)
        try stepped.check()
        try stepped.reopen()
        try stepped.check()
        #expect(stepped.segmentFiles.count == 1)
        // Nothing is left to do.
        #expect(try stepped.store.compact(.all).mergeCount == 0)
    }

    /// Deletes and new versions of rows of every source, one round a step.
    @Test(arguments: [false, true])
    func `writes that arrive at every step of a merge are in its output`(
        flushesBetween: Bool
    ) throws {
        let stepped = try SteppedStore(segmentRowCounts: [50, 40, 30])
        try stepped.delete(60)
        try stepped.store.flush()
        try stepped.begin()
        var snapshots: [(Snapshot, [Row])] = []
        var round: UInt64 = 0
        while try stepped.store.statistics().segmentCount >= 3 || round == 0 {
            snapshots.append((try stepped.store.snapshot(), stepped.expected))
            for source in [0, 50, 90] as [UInt64] {
                try stepped.delete(.number(source + 2 * round))
                try stepped.upsert(.number(source + 2 * round + 1))
            }
            try stepped.upsert(.number(1_000 + round))
            if flushesBetween, round == 1 { try stepped.store.flush() }
            try stepped.check("round \(round)")
            _ = stepped.store.compactionStep()
            try stepped.check("round \(round), after the step")
            round += 1
            try #require(round < 100)
        }
        #expect(round > 4)
        for (number, (snapshot, rows)) in snapshots.enumerated() {
            #expect(try SteppedStore.contents(snapshot) == rows, "snapshot \(number)")
        }
        try stepped.store.flush()
        try stepped.check("flushed")
        try stepped.reopen()
        try stepped.check("reopened")
        _ = try stepped.store.compact(.all)
        try stepped.check("compacted again")
    }

    @Test func `a merge whose sources die meanwhile leaves nothing behind`() throws {
        let stepped = try SteppedStore(segmentRowCounts: [10, 10])
        try stepped.begin()
        _ = stepped.store.compactionStep()
        for id in 0..<20 as Range<UInt64> { try stepped.delete(.number(id)) }
        try stepped.upsert(100)
        try stepped.store.flush()
        while stepped.store.compactionStep() {}
        try stepped.check()
        try stepped.store.flush()
        #expect(try stepped.store.statistics().segmentCount == 1)
        #expect(stepped.segmentFiles.count == 1)
    }

    @Test func `after deleting everything and compacting nothing is left on the disk`() throws {
        let stepped = try SteppedStore(segmentRowCounts: [100, 100, 100])
        for id in 0..<300 as Range<UInt64> { try stepped.delete(.number(id)) }
        try stepped.store.compact(.all)
        try stepped.check()
        #expect(stepped.segmentFiles.isEmpty)
        try stepped.store.purge()
        try stepped.store.close()
        let bytes = stepped.disk.filePaths.reduce(0) {
            $0 + (stepped.disk.bytes($1)?.count ?? 0)
        }
        #expect(bytes < 1 << 20)
    }

    @Test func `purging leaves no file that holds a deleted row`() throws {
        let stepped = try SteppedStore()
        let secret = "a text that must go"
        for id in 0..<50 as Range<UInt64> { try stepped.upsert(.number(id)) }
        try stepped.store.upsert(
            id: 77, vector: [Float](repeating: 1, count: 8), attributes: ["key": .string(secret)])
        try stepped.store.flush()
        #expect(holds(secret, stepped.disk))
        try stepped.store.delete(id: 77)
        let report = try stepped.store.purge()
        #expect(report.mergeCount == 1)
        #expect(!holds(secret, stepped.disk))
        try stepped.check()
        #expect(try stepped.store.purge().mergeCount == 0)
    }

    @Test func `purging leaves no row that was deleted while a merge copied it`() throws {
        var options = SteppedStore.options
        options.compaction.isAutomatic = true
        options.compaction.tierCount = 2
        let stepped = try SteppedStore(segmentRowCounts: [30], options: options)
        let secret = "a text that must go"
        try stepped.store.upsert(
            id: 77, vector: [Float](repeating: 1, count: 8), attributes: ["key": .string(secret)])
        for id in 100..<130 as Range<UInt64> { try stepped.upsert(.number(id)) }
        try stepped.store.flush()
        _ = stepped.store.compactionStep()
        #expect(try stepped.store.statistics().compaction?.inputs.count == 2)
        try stepped.store.delete(id: 77)
        let report = try stepped.store.purge()
        // The merge that was under way is not counted, the one that rewrites its output is.
        #expect(report.mergeCount == 1)
        #expect(!holds(secret, stepped.disk))
        try stepped.check()
    }

    @Test func `purging leaves no row that only the log has ever held`() throws {
        let stepped = try SteppedStore(segmentRowCounts: [30])
        let secret = "a text that must go"
        try stepped.store.upsert(
            id: 77, vector: [Float](repeating: 1, count: 8), attributes: ["key": .string(secret)])
        #expect(holds(secret, stepped.disk))
        try stepped.store.delete(id: 77)
        try stepped.store.purge()
        #expect(!holds(secret, stepped.disk))
        try stepped.check()
    }

    /// Whether a file of the disk has these bytes; attributes are compressed, short ones stay
    /// whole.
    private func holds(_ text: String, _ disk: SimulatedFileSystem) -> Bool {
        let wanted = Array(text.utf8)
        return disk.filePaths.contains { path in
            guard let bytes = disk.bytes(path), bytes.count >= wanted.count else { return false }
            return (0...bytes.count - wanted.count).contains {
                bytes[$0..<$0 + wanted.count].elementsEqual(wanted)
            }
        }
    }

    @Test func `a merge can be cancelled and paused`() throws {
        let stepped = try SteppedStore(segmentRowCounts: [20, 20])
        let files = stepped.segmentFiles
        try stepped.begin()
        _ = stepped.store.compactionStep()
        _ = stepped.store.compactionStep()
        #expect(try stepped.store.statistics().compaction?.inputs.count == 2)
        stepped.store.pauseCompaction()
        for _ in 0..<20 { _ = stepped.store.compactionStep() }
        #expect(try stepped.store.statistics().compaction != nil)
        #expect(try stepped.store.statistics().segmentCount == 2)
        stepped.store.resumeCompaction()
        stepped.store.cancelCompaction()
        _ = stepped.store.compactionStep()
        #expect(try stepped.store.statistics().compaction == nil)
        #expect(stepped.segmentFiles == files)
        try stepped.check()
        try stepped.store.compact(.all)
        #expect(try stepped.store.statistics().segmentCount == 1)
        try stepped.check()
    }

    @Test(arguments: 1...6)
    func `a source whose rows are all deleted while it is merged leaves none behind`(
        stepCount: Int
    ) throws {
        let failures = Mutex<[StoreError]>([])
        var listener = EventListener()
        listener.backgroundFailure = { error in failures.withLock { $0.append(error) } }
        let stepped = try SteppedStore(segmentRowCounts: [60, 40], listener: listener)
        try stepped.begin()
        for _ in 0..<stepCount { _ = stepped.store.compactionStep() }
        for id in 0..<60 as Range<UInt64> { try stepped.delete(.number(id)) }
        try stepped.store.flush()
        for _ in 0..<300 { _ = stepped.store.compactionStep() }
        #expect(failures.withLock { $0 }.isEmpty)
        try stepped.check()
        try stepped.store.compact(.all)
        #expect(try stepped.store.statistics().segmentCount == 1)
        try stepped.check()
    }

    @Test func `a graph that loses recall is refused, told, and built anew`() throws {
        let refusals = Mutex<[CompactionRefusal]>([])
        let events = Mutex<[CompactionEvent]>([])
        var listener = EventListener()
        listener.compactionRefused = { refusal in refusals.withLock { $0.append(refusal) } }
        listener.compacted = { event in events.withLock { $0.append(event) } }
        var options = SteppedStore.options
        options.compaction.recallPenalty = 0.5
        let stepped = try SteppedStore(
            segmentRowCounts: [400, 100], options: options, listener: listener)
        try stepped.store.compact(.all)
        try stepped.check()
        let refused = try #require(refusals.withLock { $0.first })
        #expect(refused.outputRecall < refused.sourceRecall - 0.01)
        let event = try #require(events.withLock { $0.first })
        #expect(event.regime == "rebuild")
        #expect((event.outputRecall ?? 0) > 0.9)
        #expect(try stepped.store.statistics().refusedMergeCount == 1)
        #expect(stepped.segmentFiles.count == 1)
    }
}

extension Store {
    /// Asks for a merge of everything without waiting for it.
    func beginCompaction() throws { try requestCompaction(.all) }
}
