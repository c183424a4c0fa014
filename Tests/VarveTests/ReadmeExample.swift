// The example of README.md, compiled and run.

import Testing
import Varve

func findPackages(at path: String, like query: [Float]) throws {
    let schema = Schema(dimension: 384, metric: .cosine, elementType: .float16)
    let store = try Store.create(at: path, schema: schema)
    var batch = WriteBatch()
    batch.upsert(id: 7, vector: query, attributes: ["name": .string("0ad"), "size": .int(28_591)])
    try store.write(batch)  // durable and searchable when this returns
    var question = Query(vector: query, k: 10)
    question.includeAttributes = true
    for hit in try store.search(question).hits {
        print(hit.id, hit.distance, hit.attributes?["name"] ?? .string("?"))
    }
    try store.close()
}

@Suite struct ReadmeExampleTests {
    @Test func `the example runs`() throws {
        let directory = TemporaryDirectory()
        let path = directory.path + "/store"
        try findPackages(at: path, like: [Float](repeating: 0.5, count: 384))
        let store = try Store.open(at: path)
        #expect(try store.get(7)?.attributes == ["name": .string("0ad"), "size": .int(28_591)])
        try store.close()
    }
}
