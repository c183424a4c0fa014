// A small store on a simulated disk: segments, tombstones, attributes, and rows only the log has.

import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

/// A store for checks to look at, the same bytes every time.
struct SampleStore {
    static let root = FilePath("/store")
    static let schema = Schema(dimension: 12, metric: .euclidean, elementType: .float32)
    let disk: SimulatedFileSystem

    /// Ids 0 to 219, of which some are deleted and some written twice.
    init(closes: Bool = true) throws {
        disk = SimulatedFileSystem(seed: 5)
        disk.keepsTrace = false
        var options = Options()
        options.threadCount = 1
        options.memoryBudgetByteCount = 16 << 20
        options.memtableByteLimit = 1 << 20
        let store = try Store.create(
            at: Self.root.text, on: disk, SimulatedRuntime(seed: 9), schema: Self.schema,
            options: options)
        var generator = SeededGenerator(seed: 77)
        func write(_ ids: Range<UInt64>) throws {
            var batch = WriteBatch()
            for id in ids {
                let vector = (0..<12).map { _ in Float(generator.below(1_000)) / 10 }
                batch.upsert(
                    id: .number(id), vector: vector,
                    attributes: ["name": .string("row \(id)"), "size": .int(Int64(id))])
            }
            try store.write(batch)
        }
        try write(0..<120)
        try store.flush()
        try write(100..<200)
        try store.delete(id: 7)
        try store.flush()
        try write(200..<210)
        try store.delete(id: 8)
        try write(210..<220)
        if closes { try store.close() }
    }

    /// The files of the store and their lengths.
    var files: [(path: FilePath, byteCount: Int)] {
        disk.filePaths.map { ($0, disk.bytes($0)?.count ?? 0) }
    }
}
