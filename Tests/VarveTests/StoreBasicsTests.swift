// A store from creation to reopening, through the public face.

import Glibc
import Testing
import Varve
import VarveStorage

/// A directory of this test's own, removed with the object.
final class TemporaryDirectory {
    let path: String

    init() {
        var template = Array("/tmp/varve-test-XXXXXX".utf8CString)
        guard unsafe mkdtemp(&template) != nil else { fatalError("no temporary directory") }
        path = unsafe template.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return "" }
            return unsafe String(cString: base)
        }
    }

    deinit { Self.remove(FilePath(path), PosixFileSystem()) }

    private static func remove(_ path: FilePath, _ fileSystem: PosixFileSystem) {
        for name in (try? fileSystem.list(path)) ?? [] {
            let inner = path.appending(name)
            if (try? fileSystem.status(inner))??.isDirectory == true {
                remove(inner, fileSystem)
            } else {
                try? fileSystem.remove(inner)
            }
        }
        try? fileSystem.removeDirectory(path)
    }
}

/// Vectors drawn from a seed.
struct SeededVectors {
    var state: UInt64

    mutating func next(_ dimension: Int) -> [Float] {
        (0..<dimension).map { _ in
            state = splitMix64(state)
            return Float(state >> 40) / Float(1 << 24) - 0.5
        }
    }
}

@Suite struct StoreBasicsTests {
    @Test func `rows are there after reopening, with vectors and attributes`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store"
        let schema = Schema(dimension: 8, metric: .euclidean, elementType: .float32)
        var vectors = SeededVectors(state: 1)
        let rows = (0..<300).map { _ in vectors.next(8) }
        do {
            let store = try Store.create(at: path, schema: schema)
            for first in stride(from: 0, to: rows.count, by: 50) {
                var batch = WriteBatch()
                for row in first..<first + 50 {
                    batch.upsert(
                        id: .number(UInt64(row)), vector: rows[row],
                        attributes: ["name": .string("row \(row)"), "even": .bool(row % 2 == 0)])
                }
                try store.write(batch)
            }
            try store.delete(id: 7)
            #expect(try store.count() == 299)
            try store.close()
        }
        let store = try Store.open(at: path)
        #expect(try store.count() == 299)
        #expect(try store.get(7) == nil)
        let row = try #require(try store.get(12))
        #expect(row.vector == rows[12])
        #expect(row.attributes == ["name": .string("row 12"), "even": .bool(true)])
        let found = try store.search(Query(vector: rows[100], k: 3))
        #expect(found.hits.first?.id == 100)
        #expect(found.hits.first?.distance == 0)
        try store.close()
    }

    @Test func `a flush moves rows into a segment and changes no answer`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store"
        let schema = Schema(dimension: 16, metric: .cosine, elementType: .float16)
        let store = try Store.create(at: path, schema: schema)
        var vectors = SeededVectors(state: 2)
        for part in 0..<3 {
            var batch = WriteBatch()
            for row in 0..<400 {
                batch.upsert(id: .number(UInt64(part * 200 + row)), vector: vectors.next(16))
            }
            try store.write(batch)
            let query = vectors.next(16)
            var exact = Query(vector: query, k: 20)
            exact.effort = .exact
            let before = try store.search(exact).hits
            #expect(before.count == 20)
            try store.flush()
            #expect(try store.search(exact).hits == before)
            #expect(try store.count() == 400 + part * 200)
        }
        try store.delete(id: 5)
        #expect(try store.contains(5) == false)
        try store.close()
        let again = try Store.open(at: path)
        #expect(try again.count() == 799)
        #expect(try again.contains(5) == false)
        var ids: [RecordID] = []
        try again.snapshot().forEachRow { row throws(StoreError) in
            ids.append(row.id)
            return true
        }
        #expect(ids == (0..<800).filter { $0 != 5 }.map { .number(UInt64($0)) })
        try again.close()
    }
}
