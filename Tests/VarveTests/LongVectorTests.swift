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
}
