// Bulk loads among other threads' writes, loads and the end of the store.

import Synchronization
import Testing
import Varve
import VarveFormat
import VarveStorage

@Suite struct BulkLoadThreadTests {
    private let directory = TemporaryDirectory()
    private let runtime = SystemRuntime()
    private var path: String { directory.path + "/store" }
    private static let schema = Schema(dimension: 8, metric: .euclidean, elementType: .float32)

    private static func row(_ id: UInt64, _ number: Int64) -> Row {
        Row(
            id: .number(id), vector: [Float](repeating: Float(id), count: 8),
            attributes: ["number": .int(number)])
    }

    /// Runs `body` on a thread of its own; the answer waits for its end.
    private func thread(_ body: @escaping @Sendable () -> Void) -> any Worker {
        runtime.startWorker("varve-test") {
            body()
            return .finished
        }
    }

    @Test func `of a load and a write beside it the one with the greater number wins`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        let isLoaded = Atomic<Bool>(false)
        let isWriting = Atomic<Bool>(false)
        let written = Mutex<[UInt64: (sequence: SequenceNumber, number: Int64)]>([:])
        let problems = Mutex<[String]>([])
        let writer = thread {
            var number: Int64 = 1
            var left = 300
            while left > 0 {
                let id = UInt64(number * 7 % 1_000)
                do {
                    let row = Self.row(id, number)
                    let sequence = try store.upsert(
                        id: row.id, vector: row.vector, attributes: row.attributes)
                    written.withLock { $0[id] = (sequence, number) }
                } catch {
                    problems.withLock { $0.append("\(error)") }
                }
                isWriting.store(true, ordering: .releasing)
                number += 1
                if isLoaded.load(ordering: .acquiring) { left -= 1 }
            }
        }
        while !isWriting.load(ordering: .acquiring) { runtime.sleep(nanoseconds: 100_000) }
        var next: UInt64 = 0
        let report = try store.bulkLoad(segmentRowCount: 200) {
            defer { next += 1 }
            return next < 800 ? Self.row(next, -1) : nil
        }
        isLoaded.store(true, ordering: .releasing)
        writer.join()
        #expect(problems.withLock { $0 } == [])
        let model = written.withLock { $0 }
        #expect(model.values.contains { $0.sequence > report.sequence })
        func check(_ store: Store) throws {
            for id in 0..<UInt64(1_000) {
                let found = try store.get(.number(id))?.attributes["number"]
                var expected: Int64? = id < 800 ? -1 : nil
                if let write = model[id], id >= 800 || write.sequence > report.sequence {
                    expected = write.number
                }
                #expect(found == expected.map { .int($0) }, "row \(id)")
            }
        }
        try check(store)
        try store.close()
        let again = try Store.open(at: path)
        try check(again)
        try again.close()
    }

    @Test func `a store that is closed ends its load, which leaves nothing`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        try store.upsert(id: 7, vector: Self.row(7, 1).vector)
        try store.flush()
        let count = Atomic<UInt64>(0)
        let closer = thread {
            while count.load(ordering: .acquiring) < 2_500 {
                SystemRuntime().sleep(nanoseconds: 100_000)
            }
            try? store.close()
        }
        // Rows without end: only closing ends the load.
        let error = try #require(throws: StoreError.self) {
            try store.bulkLoad(segmentRowCount: 1_000) {
                let id = count.load(ordering: .relaxed)
                if id > 5_000 { runtime.sleep(nanoseconds: 10_000) }
                count.store(id + 1, ordering: .releasing)
                return Self.row(id, 2)
            }
        }
        closer.join()
        #expect(error.code == .closed)
        let again = try Store.open(at: path)
        #expect(try again.count() == 1)
        let names = try PosixFileSystem().list(FilePath(path + "/segments"))
        #expect(names.count == 1)
        try again.close()
    }

    @Test func `loads follow one another`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        let reports = Mutex<[SequenceNumber]>([])
        let loaders = (0..<3).map { loader in
            thread {
                var next: UInt64 = 0
                let report = try? store.bulkLoad(segmentRowCount: 300) {
                    defer { next += 1 }
                    return next < 500 ? Self.row(next, Int64(loader)) : nil
                }
                if let report { reports.withLock { $0.append(report.sequence) } }
            }
        }
        for loader in loaders { loader.join() }
        let sequences = reports.withLock { $0 }
        #expect(sequences.count == 3 && Set(sequences).count == 3)
        #expect(try store.count() == 500)
        var seen: Set<AttributeValue?> = []
        for id in 0..<UInt64(500) {
            seen.insert(try store.get(.number(id))?.attributes["number"])
        }
        #expect(seen.count == 1, "rows of several loads: \(seen)")
        // Older loads' segments have no live row left.
        #expect(try store.statistics().segmentCount == 2)
        try store.close()
    }

    @Test func `one thread and two load the same bytes`() throws {
        let fileSystem = PosixFileSystem()
        var loaded: [[String: [UInt8]]] = []
        for threadCount in 1...2 {
            let path = directory.path + "/\(threadCount)"
            var options = Options()
            options.threadCount = threadCount
            let schema = Schema(dimension: 24, metric: .innerProduct, elementType: .float16)
            let store = try Store.create(
                at: path, on: fileSystem, SeededRuntime(seed: 7), schema: schema, options: options)
            var vectors = SeededVectors(state: 3)
            var next: UInt64 = 0
            try store.bulkLoad(segmentRowCount: 1_500) {
                defer { next += 1 }
                guard next < 4_000 else { return nil }
                return Row(
                    id: .number(next % 3_500), vector: vectors.next(24),
                    attributes: ["number": .int(Int64(next))])
            }
            try store.close()
            var files: [String: [UInt8]] = [:]
            let folder = FilePath(path + "/segments")
            for name in try fileSystem.list(folder) {
                files[name] = try fileSystem.readWholeFile(
                    folder.appending(name), limit: 1 << 30)
            }
            loaded.append(files)
        }
        #expect(loaded[0].keys.filter { $0.hasSuffix(".seg") }.count == 3)
        #expect(loaded[0].keys.contains { $0.hasSuffix(".del") })
        let isSame = loaded[0] == loaded[1]
        #expect(isSame, "the files differ")
    }

    @Test func `a store opened for reading is not loaded into`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        try store.close()
        let reader = try Store.openReadOnly(at: path)
        let error = try #require(throws: StoreError.self) { try reader.bulkLoad { nil } }
        #expect(error.code == .readOnly)
        try reader.close()
    }
}
