// A directory for one test, removed when the test is over.

import VarveStorage

/// An empty directory below the system's place for temporary files.
final class ScratchDirectory: Sendable {
    let path: FilePath
    let disk = PosixFileSystem()

    init() throws {
        path = FilePath("/tmp/varve-test-\(String(SystemRuntime().randomBits(), radix: 36))")
        try disk.createDirectory(path)
    }

    deinit { Self.removeAll(path, disk) }

    /// A path inside.
    func file(_ name: String) -> FilePath { path.appending(name) }

    private static func removeAll(_ path: FilePath, _ disk: PosixFileSystem) {
        for name in (try? disk.list(path)) ?? [] {
            let inner = path.appending(name)
            if (try? disk.status(inner))??.isDirectory == true {
                removeAll(inner, disk)
            } else {
                try? disk.remove(inner)
            }
        }
        try? disk.removeDirectory(path)
    }
}

/// Bytes that depend on a seed and nothing else.
func patternBytes(_ count: Int, seed: UInt64) -> [UInt8] {
    var state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493
    return (0..<count).map { _ in
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt8(truncatingIfNeeded: state >> 33)
    }
}

/// The error `body` throws; nil if it throws none.
func storageError(_ body: () throws -> Void) -> StorageError? {
    do {
        try body()
        return nil
    } catch {
        return error as? StorageError
    }
}
