// Vectors that no graph can order well are stored like any others.

import Synchronization
import Testing
import Varve

@Suite struct HardDataTests {
    private let directory = TemporaryDirectory()

    /// Writes `rows`, flushes them, and checks that they are found by exact search; what the flush
    /// said of its recall.
    private func recall(
        of rows: [[Float]], _ schema: Schema
    ) throws -> Double? {
        let told = Mutex<[FlushEvent]>([])
        var listener = EventListener()
        listener.flushed = { event in told.withLock { $0.append(event) } }
        let store = try Store.create(
            at: directory.path + "/store", schema: schema, listener: listener)
        var batch = WriteBatch()
        for (row, vector) in rows.enumerated() {
            batch.upsert(id: .number(UInt64(row)), vector: vector)
        }
        try store.write(batch)
        try store.flush()
        var query = Query(vector: rows[0], k: 3)
        query.effort = .exact
        #expect(try store.search(query).hits.first?.id == 0)
        query.effort = .recall(0.95)
        #expect(try store.search(query).hits.count == min(3, rows.count))
        try store.close()
        let events = told.withLock { $0 }
        #expect(events.count == 1)
        return events.first?.recall
    }

    @Test func `noise of many dimensions is flushed`() throws {
        var vectors = SeededVectors(state: 4)
        let rows = (0..<700).map { _ in vectors.next(1_024) }
        _ = try recall(
            of: rows, Schema(dimension: 1_024, metric: .euclidean, elementType: .float32))
    }

    @Test func `equal vectors are flushed`() throws {
        let rows = [[Float]](repeating: [3, 1, 2, 0], count: 900)
        let found = try recall(
            of: rows, Schema(dimension: 4, metric: .euclidean, elementType: .uint8))
        // Of rows equally far, any is an answer.
        #expect(found ?? 1 == 1)
    }

    @Test(arguments: [1, 2, 255, 256, 257])
    func `so many rows of one dimension are flushed`(rowCount: Int) throws {
        let rows = (0..<rowCount).map { [Float($0 % 50)] }
        _ = try recall(of: rows, Schema(dimension: 1, metric: .euclidean, elementType: .float32))
    }
}
