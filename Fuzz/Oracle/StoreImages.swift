// A small store of every file kind, to take bytes from.

import Varve
package import VarveFormat
import VarveStorage
import VarveStorageSimulation

/// The store whose files fuzzers begin with; the same every time.
package enum StoreImages {
    static let schema = Schema(dimension: 4, metric: .euclidean, elementType: .float32)

    static var options: Options {
        var options = Options()
        options.memoryBudgetByteCount = Options.minimumMemoryBudgetByteCount
        options.memtableByteLimit = 192 << 10
        options.maxDegree = 8
        options.buildWidth = 16
        options.threadCount = 1
        options.lowSpaceByteCount = 0
        return options
    }

    private static let made = Result { try make() }

    private static func make() throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem(seed: 5)
        disk.keepsTrace = false
        let store = try Store.create(
            at: StoreProtocol.root.text, on: disk, SimulatedRuntime(seed: 5), schema: schema,
            options: options)
        for part in 0..<3 {
            var batch = WriteBatch()
            for row in 0..<12 {
                batch.upsert(
                    id: row % 3 == 0 ? .text("row-\(row)") : .number(UInt64(row + part * 5)),
                    vector: (0..<4).map { Float((row * 7 + $0 * 3 + part) % 17) },
                    attributes: ["n": .int(Int64(row)), "tags": .strings(["a", "b\(part)"])])
            }
            batch.delete(id: .number(UInt64(part + 1)))
            try store.write(batch)
            if part < 2 { try store.flush() }
        }
        try store.close()
        return disk
    }

    /// A copy of the store's disk.
    static func disk() throws -> SimulatedFileSystem {
        let copy = try made.get().crash(.keepAll, seed: 1)
        copy.keepsTrace = false
        return copy
    }

    /// The bytes of the files whose names `isWanted`.
    static func files(_ isWanted: (String) -> Bool) throws -> [[UInt8]] {
        let disk = try made.get()
        return disk.filePaths.filter { isWanted($0.name) }.compactMap { disk.bytes($0) }
    }

    /// The paths of its files.
    static let paths = (try? made.get())?.filePaths ?? []

    /// The id of the store.
    static let store =
        (try? made.get()).flatMap { StoreProtocol.live($0)?.manifest.store }
        ?? StoreID(low: 0, high: 0)

    /// The number of its newest log.
    static let logNumber = paths.compactMap { FileNames.logNumber($0.name) }.max()?.rawValue ?? 1

    /// A segment of 90 rows that has everything a segment may have, and its record.
    package static let segment = Result { try makeSegment() }

    private static func makeSegment() throws -> (bytes: [UInt8], record: SegmentRecord) {
        let disk = SimulatedFileSystem(seed: 6)
        disk.keepsTrace = false
        let store = try Store.create(
            at: StoreProtocol.root.text, on: disk, SimulatedRuntime(seed: 6), schema: schema,
            options: options)
        var batch = WriteBatch()
        for row in 0..<90 {
            batch.upsert(
                id: row % 3 == 0 ? .text("row-\(row)") : .number(UInt64(row)),
                vector: (0..<4).map { Float((row * 7 + $0 * 31 + row * row) % 101) },
                attributes: [
                    "n": .int(Int64(row)), "share": .double(Double(row) / 7),
                    "name": .string("n\(row % 9)"), "tags": .strings(["a", "b\(row % 3)"]),
                ])
        }
        try store.write(batch)
        try store.flush()
        try store.close()
        guard let record = StoreProtocol.live(disk)?.manifest.segments.first,
            let bytes = disk.bytes(StoreProtocol.root.appending(FileNames.segment(record.id)))
        else { throw StorageError(.notFound, call: "flush", path: StoreProtocol.root) }
        return (bytes, record)
    }
}

/// Files of rows that can be imported.
enum TransferSeeds {
    @Sendable static func lines() -> [[UInt8]] {
        [
            """
            {"id": 7, "vector": [1, 2, 3, 4], "attributes": {"size": 3, "name": "x"}}
            {"id": "a", "vector": [0.5, 2e3, -3, 4]}
            """
        ].map { Array($0.utf8) }
    }

    @Sendable static func fbin() -> [[UInt8]] {
        [[2, 0, 0, 0, 4, 0, 0, 0] + [UInt8](repeating: 63, count: 32)]
    }

    @Sendable static func npy() -> [[UInt8]] {
        let text = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 4), }"
        var head = Array(text.utf8)
        head += [UInt8](repeating: 32, count: 117 - head.count) + [10]
        return [
            [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(head.count), 0] + head
                + [UInt8](repeating: 63, count: 32)
        ]
    }
}
