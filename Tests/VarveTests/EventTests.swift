// What a store tells its listener.

import Synchronization
import Testing
import Varve

@Suite struct EventTests {
    @Test func `a segment without live rows is dropped, and told`() throws {
        let directory = TemporaryDirectory()
        let told = Mutex<[CompactionEvent]>([])
        var listener = EventListener()
        listener.compacted = { event in told.withLock { $0.append(event) } }
        let store = try Store.create(
            at: directory.path + "/store",
            schema: Schema(dimension: 2, metric: .euclidean, elementType: .float32),
            listener: listener)
        for row in 0..<30 { try store.upsert(id: .number(UInt64(row)), vector: [Float(row), 1]) }
        try store.flush()
        #expect(try store.statistics().segmentCount == 1)
        for row in 0..<30 { try store.delete(id: .number(UInt64(row))) }
        try store.flush()
        #expect(try store.statistics().segmentCount == 0)
        #expect(try store.count() == 0)
        let events = told.withLock { $0 }
        #expect(events.count == 1)
        #expect(events.first?.droppedRowCount == 30)
        #expect(events.first?.output == nil)
        try store.close()
    }
}
