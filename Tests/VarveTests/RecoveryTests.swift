// Openings after crashes that once went wrong.

import Testing
import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

/// A store on a simulated disk, and what a test does to it.
private struct Scene {
    let disk: SimulatedFileSystem
    static let path = "/store"

    init() throws {
        disk = SimulatedFileSystem(seed: 1)
        let schema = Schema(dimension: 4, metric: .euclidean, elementType: .float32)
        let store = try Store.create(
            at: Self.path, on: disk, SimulatedRuntime(seed: 1), schema: schema)
        try store.upsert(id: 1, vector: [1, 2, 3, 4])
        try store.close()
    }

    init(_ disk: SimulatedFileSystem) { self.disk = disk }

    func open() throws -> Store {
        try Store.open(at: Self.path, on: disk, SimulatedRuntime(seed: 2))
    }

    var newestLog: FilePath? { disk.filePaths.filter { $0.name.hasSuffix(".wal") }.last }
}

@Suite struct RecoveryTests {
    @Test(arguments: [0, 100, 136])
    func `a log that never began does not keep the store from opening, ever`(
        byteCount: Int
    ) throws {
        let scene = try Scene()
        try scene.open().close()
        let newest = try #require(scene.newestLog)
        // What a power cut leaves of a log that was being created.
        scene.disk.damage(newest, .zero(0..<200))
        scene.disk.damage(newest, .truncate(byteCount: byteCount))
        for round in 2..<6 as Range<UInt64> {
            let store = try scene.open()
            #expect(try store.count() == Int(round) - 1)
            try store.upsert(id: .number(round), vector: [0, 0, 0, Float(round)])
            try store.close()
        }
    }
}
