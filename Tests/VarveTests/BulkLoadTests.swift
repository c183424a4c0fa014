// Bulk loads: all or nothing, one write among others, and the same answers as writing row by row.

import Synchronization
import Testing
import Varve
import VarveFormat
import VarveStorage

@Suite struct BulkLoadTests {
    private let directory = TemporaryDirectory()
    private let fileSystem = PosixFileSystem()
    private var path: String { directory.path + "/store" }
    private static let schema = Schema(dimension: 16, metric: .euclidean, elementType: .float32)

    private func rows(_ count: Int, seed: UInt64, firstID: Int = 0, dimension: Int = 16) -> [Row] {
        var vectors = SeededVectors(state: seed)
        return (0..<count).map { number in
            Row(
                id: .number(UInt64(firstID + number)), vector: vectors.next(dimension),
                attributes: [
                    "seed": .int(Int64(seed)), "name": .string("row \(number) of \(seed)"),
                ])
        }
    }

    @discardableResult
    private func load(
        _ rows: [Row], into store: Store, segmentRowCount: Int? = nil
    ) throws -> BulkLoadReport {
        var left = rows[...]
        return try store.bulkLoad(rowCount: rows.count, segmentRowCount: segmentRowCount) {
            left.popFirst()
        }
    }

    /// Checks that the store holds exactly the last row of each id.
    private func expectContents(_ store: Store, _ rows: [Row]) throws {
        var last: [RecordID: Row] = [:]
        for row in rows { last[row.id] = row }
        let expected = last.values.sorted { $0.id < $1.id }
        var found: [Row] = []
        try store.snapshot().forEachRow { row throws(StoreError) in
            found.append(row)
            return true
        }
        #expect(found == expected)
        #expect(try store.count() == expected.count)
        for row in expected.prefix(20) { #expect(try store.get(row.id) == row) }
    }

    private func segmentFiles() throws -> [String] {
        try fileSystem.list(FilePath(path + "/segments")).sorted()
    }

    private func expectNothingLoaded(_ store: Store, files: [String], _ rows: [Row]) throws {
        #expect(try segmentFiles() == files)
        try expectContents(store, rows)
    }

    @Test(arguments: [nil, 100, 7] as [Int?])
    func `loaded rows are what was given, also after reopening`(segmentRowCount: Int?) throws {
        let store = try Store.create(at: path, schema: Self.schema)
        let given = rows(300, seed: 1)
        let report = try load(given, into: store, segmentRowCount: segmentRowCount)
        #expect(report.rowCount == 300)
        #expect(report.readRowCount == 300)
        #expect(report.replacedRowCount == 0)
        #expect(report.segmentCount == (segmentRowCount.map { (299 + $0) / $0 } ?? 1))
        #expect(try store.statistics().segmentCount == report.segmentCount)
        #expect(try store.snapshot().sequence == report.sequence)
        try expectContents(store, given)
        try store.close()
        let again = try Store.open(at: path)
        try expectContents(again, given)
        try again.close()
    }

    @Test(arguments: [nil, 40] as [Int?])
    func `a load replaces rows of memtables and of segments`(segmentRowCount: Int?) throws {
        let store = try Store.create(at: path, schema: Self.schema)
        let first = rows(200, seed: 1)
        let second = rows(150, seed: 2, firstID: 100)
        let third = rows(160, seed: 3, firstID: 50)
        try load(first, into: store)
        for row in second {
            try store.upsert(id: row.id, vector: row.vector, attributes: row.attributes)
        }
        try store.delete(id: 60)
        try store.delete(id: 30)
        let report = try load(third, into: store, segmentRowCount: segmentRowCount)
        #expect(report.replacedRowCount == 159)
        var expected = (first + second + third).filter { $0.id != 30 }
        try expectContents(store, expected)
        // And writes after the load replace it.
        let last = rows(30, seed: 4, firstID: 190)
        for row in last {
            try store.upsert(id: row.id, vector: row.vector, attributes: row.attributes)
        }
        try store.delete(id: 51)
        expected = (expected + last).filter { $0.id != 51 }
        try expectContents(store, expected)
        try store.flush()
        try expectContents(store, expected)
        try store.close()
        let again = try Store.open(at: path)
        try expectContents(again, expected)
        try again.close()
    }

    @Test func `numbers of writes go on growing, and logs are replayed behind a load`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        let old = rows(10, seed: 1)
        let before = try store.upsert(id: 3, vector: old[3].vector)
        let report = try load(old, into: store)
        #expect(report.sequence > before)
        let row = rows(1, seed: 2, firstID: 4)[0]
        let after = try store.upsert(id: 4, vector: row.vector, attributes: row.attributes)
        #expect(after == report.sequence.next)
        try store.close()
        for _ in 0..<2 {
            let again = try Store.open(at: path)
            try expectContents(again, old + [row])
            #expect(try again.snapshot().sequence == after)
            try again.close()
        }
    }

    @Test(arguments: [nil, 50] as [Int?])
    func `of rows with one id the last counts`(segmentRowCount: Int?) throws {
        let store = try Store.create(at: path, schema: Self.schema)
        var given = rows(120, seed: 1) + rows(60, seed: 2, firstID: 30)
        given.append(given[0])
        given += rows(5, seed: 3, firstID: 0)
        let report = try load(given, into: store, segmentRowCount: segmentRowCount)
        #expect(report.readRowCount == 186)
        #expect(report.rowCount == 120)
        try expectContents(store, given)
        try store.close()
        let again = try Store.open(at: path)
        try expectContents(again, given)
        try again.close()
    }

    @Test func `texts are ids too`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        var given = rows(90, seed: 1)
        for index in given.indices where index % 3 != 0 {
            given[index].id = .text("row \(index % 40) with a name that is long")
        }
        try load(given, into: store, segmentRowCount: 25)
        try expectContents(store, given)
        try store.close()
    }

    @Test func `an empty load changes nothing`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        try store.upsert(id: 1, vector: rows(1, seed: 1)[0].vector)
        let version = try store.statistics().version
        let report = try load([], into: store)
        #expect(report.rowCount == 0 && report.segmentCount == 0)
        #expect(try store.statistics().version == version)
        #expect(try store.count() == 1)
        try store.close()
    }

    @Test func `a bad row is named, and nothing is loaded`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        let old = rows(20, seed: 9)
        try load(old, into: store)
        let files = try segmentFiles()
        var notFinite = rows(1_500, seed: 1)
        notFinite[1_234].vector[2] = .nan
        var tooShort = rows(1_500, seed: 1)
        tooShort[1_300].vector.removeLast()
        var mistyped = rows(1_500, seed: 1)
        mistyped[1_400].attributes["seed"] = .string("one")
        for (given, words) in [
            (notFinite, ["row 1234", "component 2"]), (tooShort, ["row 1300", "15"]),
            (mistyped, ["row 1400", "seed"]),
        ] {
            let error = try #require(throws: StoreError.self) {
                try load(given, into: store, segmentRowCount: 400)
            }
            #expect(error.code == .invalidArgument)
            for word in words { #expect(error.message.contains(word), "\(error.message)") }
            try expectNothingLoaded(store, files: files, old)
        }
        #expect(throws: StoreError.self) { try load(old, into: store, segmentRowCount: 0) }
        try store.close()
    }

    @Test func `an attribute of another type than in the store is refused with its row`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        try store.upsert(
            id: 1, vector: rows(1, seed: 1)[0].vector, attributes: ["size": .int(1)])
        var given = rows(10, seed: 1)
        given[7].attributes["size"] = .bool(true)
        let error = try #require(throws: StoreError.self) { try load(given, into: store) }
        #expect(error.message.contains("row 7"), "\(error.message)")
        #expect(try store.count() == 1)
        try store.close()
    }

    private struct Broken: Error {}

    @Test func `an ended load leaves nothing behind`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        let old = rows(20, seed: 9)
        try load(old, into: store)
        let files = try segmentFiles()
        var left = rows(3_000, seed: 1)[...]
        let error = try #require(throws: StoreError.self) {
            try store.bulkLoad(
                segmentRowCount: 500, observer: { $0.rowCount < 2_000 }, next: { left.popFirst() })
        }
        #expect(error.code == .cancelled)
        #expect(!left.isEmpty)
        try expectNothingLoaded(store, files: files, old)
        left = rows(3_000, seed: 1)[...]
        let broken = try #require(throws: StoreError.self) {
            try store.bulkLoad(segmentRowCount: 500) {
                guard left.count > 500 else { throw Broken() }
                return left.popFirst()
            }
        }
        #expect(broken.code == .cancelled && broken.cause is Broken)
        try expectNothingLoaded(store, files: files, old)
        try store.close()
    }

    @Test func `writes and searches go on while rows are loaded, and the load replaces them`()
        throws
    {
        let store = try Store.create(at: path, schema: Self.schema)
        let given = rows(600, seed: 1)
        let between = rows(100, seed: 2, firstID: 550)
        var left = given[...]
        try store.bulkLoad(segmentRowCount: 200) {
            if left.count == 300 {
                for row in between {
                    try store.upsert(id: row.id, vector: row.vector, attributes: row.attributes)
                }
                try store.flush()
                try store.delete(id: 5)
                #expect(try store.count() == 100)
            }
            return left.popFirst()
        }
        try expectContents(store, between + given)
        try store.close()
        let again = try Store.open(at: path)
        try expectContents(again, between + given)
        try again.close()
    }

    @Test func `a snapshot from before does not see a load`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        let old = rows(50, seed: 1)
        try load(old, into: store)
        let snapshot = try store.snapshot()
        try load(rows(80, seed: 2), into: store)
        #expect(snapshot.count == 50)
        for row in old { #expect(try snapshot.get(row.id) == row) }
        try store.close()
    }

    @Test(arguments: [Metric.euclidean, .cosine, .innerProduct], [nil, 300] as [Int?])
    func `searches over loaded rows are exact where asked, and good elsewhere`(
        metric: Metric, segmentRowCount: Int?
    ) throws {
        let schema = Schema(dimension: 16, metric: metric, elementType: .float32)
        let written = try Store.create(at: directory.path + "/written", schema: schema)
        let loaded = try Store.create(at: path, schema: schema)
        let given = rows(1_500, seed: 5)
        for first in stride(from: 0, to: given.count, by: 500) {
            var batch = WriteBatch()
            for row in given[first..<first + 500] { batch.upsert(id: row.id, vector: row.vector) }
            try written.write(batch)
        }
        try load(given, into: loaded, segmentRowCount: segmentRowCount)
        var vectors = SeededVectors(state: 77)
        var found = 0
        for _ in 0..<40 {
            var query = Query(vector: vectors.next(16), k: 10)
            query.effort = .exact
            let exact = try loaded.search(query).hits
            #expect(exact == (try written.search(query).hits))
            query.effort = .width(48)
            let near = Set(try loaded.search(query).hits.map(\.id))
            found += exact.count { near.contains($0.id) }
        }
        #expect(found >= 380, "recall \(Double(found) / 400)")
        try written.close()
        try loaded.close()
    }

    @Test(arguments: [ElementType.float16, .uint8, .int8])
    func `every element type can be loaded`(type: ElementType) throws {
        let schema = Schema(dimension: 16, metric: .euclidean, elementType: type)
        let store = try Store.create(at: path, schema: schema)
        var given = rows(200, seed: 3)
        for index in given.indices {
            given[index].vector = given[index].vector.map { (($0 + 0.5) * 100).rounded() }
        }
        try load(given, into: store, segmentRowCount: 90)
        try expectContents(store, given)
        try store.close()
    }

    @Test func `files are loaded as they are imported`() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        let given = rows(250, seed: 6)
        try load(given, into: store)
        let lines = TransferFile.jsonLines(path: directory.path + "/rows.jsonl")
        let vectors = TransferFile.vectors(
            path: directory.path + "/rows.fbin", attributesPath: directory.path + "/rows.attr")
        for (number, file) in [lines, vectors].enumerated() {
            try store.exportRows(to: file)
            let other = try Store.create(
                at: directory.path + "/store\(number)", schema: Self.schema)
            let seen = Mutex(0)
            let report = try other.bulkLoad(from: file, segmentRowCount: 100) { progress in
                seen.withLock { $0 = progress.rowCount }
                return true
            }
            #expect(report.rowCount == 250 && report.segmentCount == 3)
            #expect(seen.withLock { $0 } == 250)
            try expectContents(other, given)
            try other.close()
        }
        let missing = try #require(throws: StoreError.self) {
            try store.bulkLoad(from: .jsonLines(path: directory.path + "/nothing"))
        }
        #expect(missing.code == .notFound)
        try store.close()
        let closed = try #require(throws: StoreError.self) { try load(given, into: store) }
        #expect(closed.code == .closed)
    }

    @Test func `small budgets make several segments`() throws {
        var options = Options()
        options.memoryBudgetByteCount = Options.minimumMemoryBudgetByteCount
        let schema = Schema(dimension: 256, metric: .euclidean, elementType: .float32)
        let store = try Store.create(at: path, schema: schema, options: options)
        let given = rows(6_000, seed: 8, dimension: 256)
        let report = try load(given, into: store)
        #expect(report.segmentCount > 1)
        #expect(try store.count() == 6_000)
        #expect(try store.get(5_999) == given[5_999])
        try store.close()
    }
}
