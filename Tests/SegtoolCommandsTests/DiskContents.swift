// What stands on a simulated disk, for comparing; and small stores to look at.

import Varve
import VarveFormat
import VarveStorage
import VarveStorageSimulation

extension SimulatedFileSystem {
    /// All rows of the store at `path`, by id.
    func rows(_ path: String) throws -> [RecordID: Row] {
        let store = try Store.open(at: path, on: self, SimulatedRuntime(seed: 1), readOnly: true)
        defer { try? store.close() }
        var rows: [RecordID: Row] = [:]
        try store.snapshot().forEachRow { row throws(StoreError) in
            rows[row.id] = row
            return true
        }
        return rows
    }

    /// The bytes of all files, of locks only where they are asked for.
    func contents(
        below path: String = "", withLocks: Bool = false
    ) -> [String: [UInt8]] {
        var all: [String: [UInt8]] = [:]
        for file in filePaths
        where file.text.hasPrefix(path + "/") && (withLocks || file.name != FileNames.lock) {
            all[file.text] = bytes(file)
        }
        return all
    }

    /// A disk with a store `/s` of two dimensions, closed after `write` has written to it.
    static func withStore(_ write: (Store) throws -> Void) throws -> SimulatedFileSystem {
        let disk = SimulatedFileSystem(seed: 2)
        disk.keepsTrace = false
        let store = try Store.create(
            at: "/s", on: disk, SimulatedRuntime(seed: 1),
            schema: Schema(dimension: 2, metric: .euclidean, elementType: .float32))
        try write(store)
        try store.close()
        return disk
    }
}
