// The checker lets a store in order pass and names every breach of one that is not.

import Testing
import VarveStorage
import VarveStorageSimulation

/// A store as small as can be: CURRENT names a manifest, each line of which names a file; a line
/// that begins with "~" names one that is still growing.
private struct TinyStore {
    let disk = SimulatedFileSystem(seed: 1)
    let root = FilePath("/store")
    let checker: ProtocolChecker

    init() throws {
        try disk.createDirectories(FilePath("/store/segments"))
        checker = ProtocolChecker(disk, root: root, pointer: "CURRENT") { disk in
            let root = FilePath("/store")
            guard let name = disk.bytes(root.appending("CURRENT")) else { return nil }
            let manifest = String(decoding: name, as: UTF8.self)
            guard let text = disk.bytes(root.appending(manifest)) else {
                return ManifestReach(finished: [manifest])
            }
            let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
            return ManifestReach(
                finished: [manifest] + lines.filter { !$0.hasPrefix("~") }.map(String.init),
                growing: lines.filter { $0.hasPrefix("~") }.map { String($0.dropFirst()) })
        }
    }

    /// The steps of publishing a manifest, some of which a test leaves out.
    func publish(
        _ number: Int, _ files: [String], syncManifest: Bool = true, syncNames: Bool = true,
        syncPointer: Bool = true, syncRename: Bool = true
    ) throws {
        let manifest = try disk.open(root.appending("manifest-\(number)"), .create)
        try manifest.writeFully(Array((files.joined(separator: "\n") + "\n").utf8), at: 0)
        if syncManifest { try manifest.sync(.full) }
        if syncNames { try disk.syncDirectory(root) }
        let pointer = try disk.open(root.appending("CURRENT.tmp"), .create)
        try pointer.writeFully(Array("manifest-\(number)".utf8), at: 0)
        if syncPointer { try pointer.sync(.full) }
        try disk.rename(root.appending("CURRENT.tmp"), to: root.appending("CURRENT"))
        if syncRename { try disk.syncDirectory(FilePath("/store/")) }
    }

    func segment(_ name: String, syncBytes: Bool = true, syncName: Bool = true) throws {
        let path = root.appending(name)
        let file = try disk.open(path, .create)
        try file.writeFully([1, 2, 3], at: 0)
        if syncBytes { try file.sync(.full) }
        if syncName { try disk.syncDirectory(path.parent) }
    }
}

@Suite struct ProtocolCheckerTests {
    @Test func `a store in order passes`() throws {
        let store = try TinyStore()
        try store.segment("segments/1")
        try store.segment("log", syncBytes: false)
        try store.publish(1, ["segments/1", "~log"])
        try store.segment("segments/2")
        try store.publish(2, ["segments/2", "~log"])
        try store.disk.remove(store.root.appending("segments/1"))
        try store.disk.remove(store.root.appending("manifest-1"))
        store.checker.declareSealed(store.root.appending("segments/2"))
        try store.disk.open(store.root.appending("log"), .readWrite).writeFully([4], at: 3)
        #expect(store.checker.violations == [])
    }

    @Test func `a pointer to what is not durable is a breach`() throws {
        let breaches: [(String, (TinyStore) throws -> Void)] = [
            ("manifest-1", { try $0.publish(1, [], syncManifest: false) }),
            ("manifest-1", { try $0.publish(1, [], syncNames: false) }),
            ("pointer", { try $0.publish(1, [], syncPointer: false) }),
            (
                "segments/1",
                {
                    try $0.segment("segments/1", syncBytes: false)
                    try $0.publish(1, ["segments/1"])
                }
            ),
            (
                "segments/1",
                {
                    try $0.segment("segments/1", syncName: false)
                    try $0.publish(1, ["segments/1"])
                }
            ),
            ("segments/none", { try $0.publish(1, ["segments/none"]) }),
            (
                "log",
                {
                    try $0.segment("log", syncName: false)
                    try $0.publish(1, ["~log"], syncManifest: true, syncNames: false)
                }
            ),
        ]
        for (index, (word, breach)) in breaches.enumerated() {
            let store = try TinyStore()
            try breach(store)
            let violations = store.checker.violations
            #expect(violations.contains { $0.contains(word) }, "breach \(index): \(violations)")
        }
    }

    @Test func `taking a file that a manifest leads to is a breach`() throws {
        let takes: [(SimulatedFileSystem, FilePath) throws -> Void] = [
            { try $0.remove($1) }, { try $0.rename($1, to: FilePath("/trash")) },
            {
                try $0.writeFileDurably(FilePath("/new"), [])
                try $0.rename(FilePath("/new"), to: $1)
            },
        ]
        for (index, take) in takes.enumerated() {
            let store = try TinyStore()
            try store.segment("segments/1")
            try store.publish(1, ["segments/1"])
            #expect(store.checker.violations == [])
            try take(store.disk, FilePath("/store//segments/./1"))
            #expect(store.checker.violations.count == 1, "taken in way \(index)")
        }
    }

    @Test func `an old manifest counts until its successor cannot be lost`() throws {
        let store = try TinyStore()
        try store.segment("segments/1")
        try store.publish(1, ["segments/1"])
        try store.publish(2, [], syncRename: false)
        try store.disk.remove(store.root.appending("segments/1"))
        #expect(store.checker.violations.count == 1)
        try store.disk.syncDirectory(store.root)
        try store.disk.remove(store.root.appending("manifest-1"))
        #expect(store.checker.violations.count == 1)
        try store.disk.remove(store.root.appending("manifest-2"))
        #expect(store.checker.violations.count == 2)
    }

    @Test func `writing to a sealed file is a breach, under any name`() throws {
        let store = try TinyStore()
        try store.segment("a")
        let file = try store.disk.open(store.root.appending("a"), .readWrite)
        store.checker.declareSealed(store.root.appending("a"))
        try store.disk.rename(store.root.appending("a"), to: store.root.appending("b"))
        try file.writeFully([1], at: 0)
        try file.truncate(to: 1)
        try file.preallocate(0..<100)
        #expect(store.checker.violations.count == 3)
        store.checker.declareSealed(store.root.appending("none"))
        #expect(store.checker.violations.count == 4)
    }

    @Test func `acknowledging what is not durable is a breach`() throws {
        let store = try TinyStore()
        try store.segment("log")
        let log = store.root.appending("log")
        store.checker.declareAcknowledged(log, byteCount: 3)
        try store.disk.open(log, .readWrite).writeFully([4], at: 3)
        store.checker.declareAcknowledged(log, byteCount: 3)
        #expect(store.checker.violations == [])
        store.checker.declareAcknowledged(log, byteCount: 4)
        #expect(store.checker.violations.count == 1)
        try store.segment("nameless", syncName: false)
        store.checker.declareAcknowledged(store.root.appending("nameless"), byteCount: 3)
        #expect(store.checker.violations.count == 2)
    }
}
