// A whole store of format version 1, as it was written when the format was fixed: it must stay
// readable for ever. A file under Fixtures is replaced by nobody; a later format gets its own
// folder.

import Glibc
import Testing
import Varve
import VarveStorage

@Suite struct GoldenStoreTests {
    private static let schema = Schema(dimension: 12, metric: .cosine, elementType: .float16)
    private static var golden: FilePath {
        FilePath(#filePath).parent.parent.appending("Fixtures/v1/store")
    }

    private static var isWriting: Bool { unsafe getenv("VARVE_WRITE_GOLDEN_STORE") != nil }

    /// The rows that the golden store holds, by id.
    private static func expectedRows() -> [(id: RecordID, vector: [Float], size: Int64)] {
        var vectors = SeededVectors(state: 2_026)
        var rows: [(id: RecordID, vector: [Float], size: Int64)] = []
        for row in 0..<60 {
            let id: RecordID = row % 3 == 0 ? .text("package-\(row)") : .number(UInt64(row))
            rows.append((id, vectors.next(12), Int64(row) * 1_000 - 5))
        }
        return rows
    }

    /// Writes the store: a segment, tombstones over it, a second segment, and rows only the log
    /// has.
    private static func write(to path: String) throws {
        let store = try Store.create(at: path, schema: schema)
        let rows = expectedRows()
        func batch(_ range: Range<Int>) -> WriteBatch {
            var batch = WriteBatch()
            for row in rows[range] {
                batch.upsert(
                    id: row.id, vector: row.vector,
                    attributes: [
                        "size": .int(row.size), "name": .string("\(row.id)"),
                        "tags": .strings(["a", "b"]), "made": .date(microseconds: 1_700_000_000),
                        "free": .bool(true), "weight": .double(0.25),
                    ])
            }
            return batch
        }
        try store.write(batch(0..<40))
        try store.delete(id: 1)
        try store.flush()
        try store.write(batch(20..<50))
        try store.delete(id: .text("package-3"))
        try store.flush()
        try store.write(batch(50..<60))
        try store.delete(id: 2)
        try store.close()
    }

    private static func copy(_ from: FilePath, to: FilePath) throws {
        let fileSystem = PosixFileSystem()
        try fileSystem.createDirectories(to)
        for name in try fileSystem.list(from) {
            let source = from.appending(name)
            if try fileSystem.status(source)?.isDirectory == true {
                try copy(source, to: to.appending(name))
            } else {
                try fileSystem.writeFileDurably(
                    to.appending(name), fileSystem.readWholeFile(source, limit: 1 << 24))
            }
        }
    }

    /// Set in the environment, writes the fixture anew; for the day a format version is fixed.
    @Test(.enabled(if: isWriting))
    func `the golden store is written`() throws {
        try Self.write(to: Self.golden.text)
    }

    @Test(.disabled(if: isWriting))
    func `the golden store is read and written to`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store"
        // Git keeps no empty folders, and reading makes none.
        try Self.copy(Self.golden, to: FilePath(path))
        let reader = try Store.openReadOnly(at: path, schema: Self.schema)
        try check(reader)
        try reader.close()
        let store = try Store.open(at: path, schema: Self.schema)
        try check(store)
        try store.flush()
        try check(store)
        try store.close()
    }

    private func check(_ store: Store) throws {
        let deleted: Set<RecordID> = [1, 2, .text("package-3")]
        let rows = Self.expectedRows().filter { !deleted.contains($0.id) }
        #expect(try store.count() == rows.count)
        for row in rows {
            let found = try #require(try store.get(row.id), "\(row.id)")
            #expect(found.attributes["size"] == .int(row.size))
            #expect(found.attributes["tags"] == .strings(["a", "b"]))
            #expect(found.attributes["weight"] == .double(0.25))
            var query = Query(vector: row.vector, k: 1)
            query.effort = .exact
            #expect(try store.search(query).hits.first?.id == row.id)
        }
        for id in deleted { #expect(try store.get(id) == nil) }
    }
}
