// Vectors so long that distances between them are not finite.

import Testing
import Varve
import VarveFormat
import VarveStorageSimulation

@Suite struct LongVectorTests {
    @Test(arguments: [1e19, 1e20, 3e38] as [Float], [false, true])
    func `a vector whose distances would not be finite is refused`(
        component: Float, isLoad: Bool
    ) throws {
        let store = try Store.create(
            at: "/store", on: SimulatedFileSystem(seed: 1), SimulatedRuntime(seed: 1),
            schema: Schema(dimension: 4, metric: .euclidean, elementType: .float32))
        let vectors: [[Float]] = [[1, 1, 1, 1], [8e18, 1, 1, 1], [component, 1, 1, 1]]
        for (id, vector) in vectors.enumerated() {
            let isRefused = id == 2
            func write() throws(StoreError) {
                guard isLoad else {
                    return _ = try store.upsert(id: .number(UInt64(id)), vector: vector)
                }
                var rows = [Row(id: .number(UInt64(id)), vector: vector, attributes: [:])][...]
                _ = try store.bulkLoad { () throws(StoreError) in rows.popFirst() }
            }
            if isRefused {
                let error = #expect(throws: StoreError.self) { try write() }
                #expect(error?.code == .invalidArgument)
            } else {
                try write()
            }
        }
        try store.flush()
        #expect(try store.count() == 2)
        #expect(try store.search(Query(vector: [1, 1, 1, 1], k: 2)).hits.count == 2)
        try store.close()
    }

    @Test(arguments: [1e19, 1e20, 3e38] as [Float])
    func `a query whose distances would not be finite is refused`(component: Float) throws {
        let store = try Store.create(
            at: "/store", on: SimulatedFileSystem(seed: 1), SimulatedRuntime(seed: 1),
            schema: Schema(dimension: 4, metric: .euclidean, elementType: .float32))
        for id in 0..<300 as Range<UInt64> {
            _ = try store.upsert(id: .number(id), vector: [Float(id), 1, 1, 1])
        }
        try store.flush()
        let error = #expect(throws: StoreError.self) {
            try store.search(Query(vector: [component, 1, 1, 1], k: 2))
        }
        #expect(error?.code == .invalidArgument)
        // The longest that is allowed finds rows at finite distances.
        let hits = try store.search(Query(vector: [8e18, 1, 1, 1], k: 2)).hits
        #expect(hits.count == 2)
        #expect(hits.allSatisfy { $0.distance.isFinite })
        try store.close()
    }
}
