// Rows out of a store and into another, by every kind of file.

import Testing
import Varve
import VarveStorage

@Suite struct TransferTests {
    private let directory = TemporaryDirectory()

    private func makeStore(_ name: String, _ element: ElementType = .float32) throws -> Store {
        try Store.create(
            at: directory.path + "/" + name,
            schema: Schema(dimension: 6, metric: .euclidean, elementType: element))
    }

    private func fill(_ store: Store) throws {
        var vectors = SeededVectors(state: 77)
        for row in 0..<50 {
            var attributes: [String: AttributeValue] = [
                "name": .string("\"quoted\\ \u{1} é \(row)"), "size": .int(Int64(row) - 25),
                "weight": .double(Double(row) / 3), "free": .bool(row % 2 == 0),
                "made": .date(microseconds: Int64(row) * 1_000_003),
                "tags": .strings(row % 3 == 0 ? [] : ["a", "b\n"]),
            ]
            if row == 7 { attributes = [:] }
            let id: RecordID =
                row == 9 ? .number(.max) : row % 2 == 0 ? .number(UInt64(row)) : .text("r\(row)")
            try store.upsert(id: id, vector: vectors.next(6), attributes: attributes)
            if row == 30 { try store.flush() }
        }
    }

    private func rows(_ store: Store) throws -> [Row] {
        var rows: [Row] = []
        try store.snapshot().forEachRow { row throws(StoreError) in
            rows.append(row)
            return true
        }
        return rows
    }

    @Test func `JSON Lines bring back what they took`() throws {
        let first = try makeStore("first")
        try fill(first)
        let path = directory.path + "/rows.jsonl"
        #expect(try first.exportRows(to: .jsonLines(path: path)) == 50)
        let second = try makeStore("second")
        #expect(try second.importRows(from: .jsonLines(path: path), batchRowCount: 7) == 50)
        #expect(try rows(second) == rows(first))
        try first.close()
        try second.close()
    }

    @Test(arguments: ["rows.fbin", "rows.npy"])
    func `vectors with attributes beside them bring back what they took`(name: String) throws {
        let first = try makeStore("first")
        try fill(first)
        let file = TransferFile.vectors(
            path: directory.path + "/" + name, attributesPath: directory.path + "/rows.jsonl")
        #expect(try first.exportRows(to: file) == 50)
        let second = try makeStore("second")
        #expect(try second.importRows(from: file) == 50)
        #expect(try rows(second) == rows(first))
        try first.close()
        try second.close()
    }

    @Test func `rows without ids are numbered`() throws {
        let first = try makeStore("first", .uint8)
        for row in 0..<5 {
            try first.upsert(id: .number(UInt64(10 + row)), vector: [0, 1, 2, 3, 4, Float(row)])
        }
        let path = directory.path + "/rows.u8bin"
        try first.exportRows(to: .vectors(path: path, attributesPath: nil))
        let second = try makeStore("second", .uint8)
        try second.importRows(from: .vectors(path: path, attributesPath: nil))
        #expect(try rows(second).map(\.id) == [0, 1, 2, 3, 4])
        #expect(try second.get(3)?.vector == [0, 1, 2, 3, 4, 3])
        try first.close()
        try second.close()
    }

    @Test func `an empty store is exported and imported`() throws {
        let store = try makeStore("first")
        let path = directory.path + "/rows.npy"
        #expect(try store.exportRows(to: .vectors(path: path, attributesPath: nil)) == 0)
        #expect(try store.importRows(from: .vectors(path: path, attributesPath: nil)) == 0)
        try store.close()
    }

    @Test func `a bad line is named, and the batches before it stay`() throws {
        let store = try makeStore("first")
        let path = FilePath(directory.path + "/bad.jsonl")
        let lines = [
            #"{"id": 1, "vector": [1, 2, 3, 4, 5, 6]}"#, "",
            #"{"id": 2, "vector": [1, 2, 3, 4, 5, 6], "attributes": {"a": {"b": 5}, "n": null}}"#,
            #"{"id": 3, "vector": [1, 2, "x"]}"#,
        ]
        try PosixFileSystem().writeFileDurably(path, Array(lines.joined(separator: "\r\n").utf8))
        let error = try #require(throws: StoreError.self) {
            try store.importRows(from: .jsonLines(path: path.text), batchRowCount: 2)
        }
        #expect(error.code == .invalidArgument)
        #expect(error.message.contains("line 4"))
        #expect(try store.count() == 2)
        #expect(try store.get(2)?.attributes == ["a.b": .int(5)])
        try store.close()
    }

    @Test func `a transfer ends when its observer says so`() throws {
        let store = try makeStore("first")
        try fill(store)
        let path = directory.path + "/rows.jsonl"
        try store.exportRows(to: .jsonLines(path: path))
        let second = try makeStore("second")
        let error = try #require(throws: StoreError.self) {
            try second.importRows(from: .jsonLines(path: path), batchRowCount: 10) {
                $0.rowCount < 20
            }
        }
        #expect(error.code == .cancelled)
        #expect(try second.count() == 20)
        try store.close()
        try second.close()
    }

    @Test func `a checkpoint is a store of its own`() throws {
        let store = try makeStore("first")
        try fill(store)
        try store.delete(id: 2)
        let before = try rows(store)
        let path = directory.path + "/copy"
        try store.checkpoint(at: path)
        try store.upsert(id: 1_000, vector: [1, 2, 3, 4, 5, 6])
        try store.delete(id: 4)
        try store.flush()
        let copy = try Store.open(at: path)
        #expect(try rows(copy) == before)
        try copy.upsert(id: 2_000, vector: [1, 1, 1, 1, 1, 1])
        try copy.delete(id: 6)
        try copy.flush()
        try copy.close()
        let again = try Store.open(at: path)
        #expect(try again.count() == before.count)
        #expect(try store.contains(2_000) == false)
        #expect(try store.contains(6))
        try again.close()
        let taken = try #require(throws: StoreError.self) { try store.checkpoint(at: path) }
        #expect(taken.code == .storeExists)
        try store.close()
    }

    @Test func `calls can be awaited`() async throws {
        let store = try makeStore("first")
        await withTaskGroup(of: Void.self) { group in
            for task in 0..<8 {
                group.addTask {
                    for row in 0..<20 {
                        var batch = WriteBatch()
                        batch.upsert(
                            id: .number(UInt64(task * 100 + row)),
                            vector: [Float(task), Float(row), 0, 0, 0, 1])
                        do { try await store.write(batch) } catch { Issue.record(error) }
                    }
                }
            }
        }
        #expect(try store.count() == 160)
        let found = try await store.search(Query(vector: [3, 7, 0, 0, 0, 1], k: 1))
        #expect(found.hits.first?.id == 307)
        try await store.flush()
        #expect(try await store.get(307)?.vector == [3, 7, 0, 0, 0, 1])
        try await store.close()
    }
}
