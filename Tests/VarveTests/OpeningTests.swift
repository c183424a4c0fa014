// Creating and opening: what is refused, why, and that nothing is changed by refusing.

import Testing
import Varve
import VarveStorage

@Suite struct OpeningTests {
    private static let schema = Schema(dimension: 4, metric: .euclidean, elementType: .float32)
    private let directory = TemporaryDirectory()
    private let fileSystem = PosixFileSystem()
    private var path: String { directory.path + "/store" }

    private func makeStore() throws {
        let store = try Store.create(at: path, schema: Self.schema)
        for row in 0..<20 {
            try store.upsert(id: .number(UInt64(row)), vector: [Float(row), 0, 1, 2])
        }
        try store.flush()
        try store.upsert(id: 99, vector: [9, 9, 9, 9])
        try store.close()
    }

    /// Every file below the store with its bytes.
    private func contents() throws -> [String: [UInt8]] {
        var files: [String: [UInt8]] = [:]
        func visit(_ folder: FilePath, _ prefix: String) throws {
            for name in try fileSystem.list(folder) {
                let inner = folder.appending(name)
                if try fileSystem.status(inner)?.isDirectory == true {
                    try visit(inner, prefix + name + "/")
                } else {
                    files[prefix + name] = try fileSystem.readWholeFile(inner, limit: 1 << 30)
                }
            }
        }
        try visit(FilePath(path), "")
        return files
    }

    private func expectRefusal(
        _ code: StoreError.Code, _ body: () throws -> Void
    ) throws {
        let error = try #require(throws: StoreError.self) { try body() }
        #expect(error.code == code, "\(error)")
        #expect(!error.message.isEmpty)
    }

    @Test func `a store is not created over another`() throws {
        try makeStore()
        let before = try contents()
        try expectRefusal(.storeExists) { _ = try Store.create(at: path, schema: Self.schema) }
        #expect(try contents() == before)
    }

    @Test func `a store is not created over something else`() throws {
        try fileSystem.createDirectory(FilePath(path))
        try fileSystem.writeFileDurably(FilePath(path).appending("letter.txt"), [1, 2, 3])
        try expectRefusal(.notAStore) { _ = try Store.create(at: path, schema: Self.schema) }
        try expectRefusal(.notAStore) { _ = try Store.open(at: path) }
        #expect(
            try fileSystem.readWholeFile(FilePath(path + "/letter.txt"), limit: 9) == [1, 2, 3])
    }

    @Test func `what is not there is not opened`() throws {
        try expectRefusal(.notFound) { _ = try Store.open(at: path) }
        #expect(try fileSystem.status(FilePath(path)) == nil)
    }

    @Test func `a store of another schema is refused`() throws {
        try makeStore()
        let before = try contents()
        for schema in [
            Schema(dimension: 5, metric: .euclidean, elementType: .float32),
            Schema(dimension: 4, metric: .cosine, elementType: .float32),
            Schema(dimension: 4, metric: .euclidean, elementType: .uint8),
        ] {
            try expectRefusal(.schemaMismatch) { _ = try Store.open(at: path, schema: schema) }
        }
        #expect(try contents() == before)
    }

    @Test func `a second writer is refused and readers are not`() throws {
        try makeStore()
        let store = try Store.open(at: path)
        try expectRefusal(.locked) { _ = try Store.open(at: path) }
        let reader = try Store.openReadOnly(at: path)
        #expect(try reader.count() == 21)
        try store.upsert(id: 7_000, vector: [1, 1, 1, 1])
        #expect(try reader.count() == 21)
        try reader.close()
        try store.close()
        let again = try Store.open(at: path)
        #expect(try again.count() == 22)
        try again.close()
    }

    @Test func `opening for reading writes nothing`() throws {
        try makeStore()
        let before = try contents()
        let store = try Store.openReadOnly(at: path)
        #expect(try store.get(99)?.vector == [9, 9, 9, 9])
        #expect(try store.search(Query(vector: [3, 0, 1, 2], k: 1)).hits.first?.id == 3)
        try expectRefusal(.readOnly) { try store.upsert(id: 1, vector: [1, 2, 3, 4]) }
        try expectRefusal(.readOnly) { try store.flush() }
        try store.close()
        #expect(try contents() == before)
    }

    @Test func `a closed store answers nothing, and its snapshots go on`() throws {
        try makeStore()
        let store = try Store.open(at: path)
        let snapshot = try store.snapshot()
        try store.close()
        try store.close()
        try expectRefusal(.closed) { _ = try store.count() }
        try expectRefusal(.closed) { try store.upsert(id: 1, vector: [1, 2, 3, 4]) }
        #expect(snapshot.count == 21)
        #expect(try snapshot.get(3)?.vector == [3, 0, 1, 2])
    }

    @Test func `options are kept with the store`() throws {
        var options = Options()
        options.durability = .interval(milliseconds: 7)
        options.memoryBudgetByteCount = 32 << 20
        let store = try Store.create(at: path, schema: Self.schema, options: options)
        try store.close()
        let again = try Store.open(at: path)
        #expect(again.options == options)
        try again.close()
    }
}
