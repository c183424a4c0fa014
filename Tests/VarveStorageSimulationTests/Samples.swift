// What several tests of the simulated disk need.

import VarveStorage
import VarveStorageSimulation

/// The path of `name` in the root of a simulated disk.
func at(_ name: String) -> FilePath { FilePath("/" + name) }

/// `count` times `value`.
func bytes(_ value: UInt8, _ count: Int) -> [UInt8] { [UInt8](repeating: value, count: count) }

/// The error `body` throws; nil if it throws none.
func storageError(_ body: () throws -> Void) -> StorageError? {
    do {
        try body()
        return nil
    } catch {
        return error as? StorageError
    }
}

extension SimulatedFileSystem {
    /// A file with `content`, not synced and its name neither.
    func write(_ name: String, _ content: [UInt8]) throws {
        let file = try open(at(name), .create)
        try file.writeFully(content, at: 0)
    }

    /// A file with `content`, synced, its name too.
    func writeDurably(_ name: String, _ content: [UInt8]) throws {
        try writeFileDurably(at(name), content)
        try syncDirectory(at(name).parent)
    }

    /// The names a crash of this policy leaves in the root, sorted.
    func namesAfter(_ policy: CrashPolicy, seed: UInt64 = 1) throws -> [String] {
        try crash(policy, seed: seed).list(at("")).sorted()
    }
}
