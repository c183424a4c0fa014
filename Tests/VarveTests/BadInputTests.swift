// Everything a caller can do wrong: a typed error that names row and field, and nothing written.

import Testing
import Varve

@Suite struct BadInputTests {
    private static let schema = Schema(dimension: 4, metric: .cosine, elementType: .float32)

    /// Writes `batch` to a store of one row and checks that it is refused, with nothing of it
    /// written.
    private func expectRefusal(
        _ code: StoreError.Code, _ words: [String], schema: Schema = schema,
        _ fill: (inout WriteBatch) -> Void
    ) throws {
        let directory = TemporaryDirectory()
        let store = try Store.create(at: directory.path + "/store", schema: schema)
        try store.upsert(id: 1, vector: [1, 2, 3, 4], attributes: ["size": .int(3)])
        var batch = WriteBatch()
        batch.upsert(id: 2, vector: [4, 3, 2, 1])
        fill(&batch)
        let error = try #require(throws: StoreError.self) { try store.write(batch) }
        #expect(error.code == code)
        for word in words {
            #expect(error.message.contains(word), "\(error.message)")
        }
        #expect(try store.count() == 1)
        #expect(try store.contains(2) == false)
        try store.upsert(id: 3, vector: [1, 1, 1, 1])
        #expect(try store.count() == 2)
        try store.close()
    }

    @Test func `a vector of another dimension is refused`() throws {
        try expectRefusal(.invalidArgument, ["row 1", "id 9", "3", "4"]) {
            $0.upsert(id: 9, vector: [1, 2, 3])
        }
    }

    @Test(arguments: [Float.nan, .infinity, -.infinity])
    func `a component that is not finite is refused`(component: Float) throws {
        try expectRefusal(.invalidArgument, ["row 1", "component 2"]) {
            $0.upsert(id: 9, vector: [1, 2, component, 4])
        }
    }

    @Test func `a vector of zeros is refused under cosine`() throws {
        try expectRefusal(.invalidArgument, ["row 1", "zeros"]) {
            $0.upsert(id: 9, vector: [0, 0, 0, 0])
        }
    }

    @Test(arguments: ["", String(repeating: "x", count: 1_025)])
    func `an id that is empty or too long is refused`(id: String) throws {
        try expectRefusal(.invalidArgument, ["row 1", "id"]) {
            $0.upsert(id: .text(id), vector: [1, 2, 3, 4])
        }
    }

    @Test func `an attribute of another type than before is refused`() throws {
        try expectRefusal(.invalidArgument, ["size", "int", "string"]) {
            $0.upsert(id: 9, vector: [1, 2, 3, 4], attributes: ["size": .string("3")])
        }
    }

    @Test func `two types of one attribute in one batch are refused`() throws {
        try expectRefusal(.invalidArgument, ["row 2", "kind"]) {
            $0.upsert(id: 8, vector: [1, 2, 3, 4], attributes: ["kind": .int(1)])
            $0.upsert(id: 9, vector: [1, 2, 3, 4], attributes: ["kind": .bool(true)])
        }
    }

    @Test func `an attribute that is not a number is refused`() throws {
        try expectRefusal(.invalidArgument, ["row 1", "weight"]) {
            $0.upsert(id: 9, vector: [1, 2, 3, 4], attributes: ["weight": .double(.nan)])
        }
    }

    @Test func `a text over the limit is refused`() throws {
        try expectRefusal(.tooLarge, ["row 1", "body"]) {
            $0.upsert(
                id: 9, vector: [1, 2, 3, 4],
                attributes: ["body": .string(String(repeating: "x", count: (1 << 20) + 1))])
        }
    }

    @Test func `a batch over the limit is refused`() throws {
        try expectRefusal(.tooLarge, ["65537"]) {
            for row in 0..<65_536 { $0.delete(id: .number(UInt64(row + 100))) }
        }
    }

    @Test func `a fraction is refused by a store of whole numbers`() throws {
        let schema = Schema(dimension: 4, metric: .euclidean, elementType: .uint8)
        try expectRefusal(.invalidArgument, ["row 1", "component 1", "uint8"], schema: schema) {
            $0.upsert(id: 9, vector: [1, 2.5, 3, 4])
        }
    }

    @Test func `queries that make no sense are refused`() throws {
        let directory = TemporaryDirectory()
        let store = try Store.create(at: directory.path + "/store", schema: Self.schema)
        try store.upsert(id: 1, vector: [1, 2, 3, 4])
        var queries = [
            Query(vector: [1, 2, 3]), Query(vector: [0, 0, 0, 0]), Query(vector: [1, 2, 3, .nan]),
            Query(vector: [1, 2, 3, 4], k: 0), Query(vector: [1, 2, 3, 4], k: 10_001),
        ]
        queries.append(Query(vector: [1, 2, 3, 4]))
        queries[queries.count - 1].effort = .recall(1.5)
        for query in queries {
            let error = try #require(throws: StoreError.self) { try store.search(query) }
            #expect(error.code == .invalidArgument)
        }
        let missing = try #require(throws: StoreError.self) { try store.search(Query(row: 77)) }
        #expect(missing.code == .notFound)
        try store.close()
    }
}
