// A version becomes live in one step, whatever fails and whenever the power goes.

import Testing
import VarveFormat
import VarveManifest
import VarveStorage

@Suite struct PublishTests {
    @Test func `files, names and the pointer become durable in this order`() throws {
        let (disk, store) = try MemoryDisk.withStore()
        disk.changes = []
        try store.publish(store.current.next(store))
        #expect(
            disk.changes.filter { !$0.hasPrefix("write") } == [
                "create manifest-000002", "sync manifest-000002", "syncdir ",
                "create CURRENT.tmp", "sync CURRENT.tmp", "rename CURRENT.tmp to CURRENT",
                "syncdir ",
            ])
    }

    @Test func `a published version is loaded, with its parent`() throws {
        let (disk, store) = try MemoryDisk.withStore()
        let digest = store.currentDigest
        let published = try disk.flush(store)
        #expect(published.parent == ManifestParent(version: VersionNumber(1), digest: digest))
        #expect(store.current == published && store.versions.map(\.version.rawValue) == [2, 1])
        for disk in [disk.afterKill(), disk.afterPowerCut()] {
            let loaded = try disk.load()
            #expect(loaded.current == published && loaded.currentDigest == store.currentDigest)
            #expect(loaded.versions == store.versions && loaded.report == LoadReport())
            #expect(loaded.nextVersion.rawValue == 3 && loaded.nextFileNumber == 2)
        }
    }

    @Test func `a power cut before any call leaves the old or the new version`() throws {
        let (disk, store) = try MemoryDisk.withStore()
        var images: [MemoryDisk] = []
        disk.beforeCall = { images += [disk.afterPowerCut(), disk.afterKill()] }
        let published = try store.publish(store.current.next(store))
        disk.beforeCall = nil
        var seen: Set<UInt64> = []
        for image in images {
            let loaded = try image.load()
            seen.insert(loaded.current.version.rawValue)
            // And a store that has come back goes on.
            try loaded.publish(loaded.current.next(loaded))
            #expect(try image.afterPowerCut().load().current == loaded.current)
        }
        #expect(seen == [1, 2])
        #expect(try disk.afterPowerCut().load().current == published)
    }

    @Test(
        arguments: [StorageError.Kind.inputOutput, .noSpace], [false, true])
    func `any one failing call leaves the old or the new version`(
        kind: StorageError.Kind, happens: Bool
    ) throws {
        var failures = 0
        var clean = 0
        while true {
            let (disk, store) = try MemoryDisk.withStore()
            try disk.flush(store)
            let old = store.current
            disk.fault = .init(index: disk.callCount + failures, kind: kind, happens: happens)
            guard let error = failedPublish(store) else { break }
            disk.fault = nil
            failures += 1
            if case .noSpace = error {
                clean += 1
                #expect(store.failure == nil && store.current == old)
                #expect(disk["/store/CURRENT.tmp"] == nil && disk["/store/manifest-000003"] == nil)
                #expect(store.nextVersion.rawValue == 4)
                try store.publish(store.current.next(store))
            } else if case .failed(let reason) = error {
                #expect(store.failure == reason)
                #expect(throws: ManifestError.failed(reason)) {
                    try store.publish(old.next(store))
                }
                #expect(throws: ManifestError.failed(reason)) {
                    try store.retire(nowMicroseconds: 0)
                }
                #expect(throws: ManifestError.failed(reason)) {
                    try store.emptyTrash(nowMicroseconds: 0)
                }
            }
            for image in [disk.afterKill(), disk.afterPowerCut()] {
                let loaded = try image.load()
                let version = loaded.current.version.rawValue
                #expect((2...4).contains(version), "call \(failures)")
                try loaded.publish(loaded.current.next(loaded))
            }
            // What a new process has been shown is not taken back by a power cut.
            let shown = try disk.load()
            #expect(try disk.afterPowerCut().load().current == shown.current, "call \(failures)")
        }
        #expect(failures > 12)
        #expect((clean > 8) == (kind == .noSpace), "\(clean) of \(failures)")
    }

    private func failedPublish(_ store: ManifestStore) -> ManifestError? {
        do throws(ManifestError) {
            try store.publish(store.current.next(store))
            return nil
        } catch {
            return error
        }
    }

    @Test func `what does not follow the live version is refused and nothing written`() throws {
        let (disk, store) = try MemoryDisk.withStore()
        var first = store.current.next(store)
        first.attributes = [AttributeDefinition(name: "a", type: .int)]
        first.nextFileNumber = 10
        first.logFloor = LogNumber(5)
        first.lastSequence = SequenceNumber(5)
        try store.publish(first)
        let spoil: [(inout Manifest) -> Void] = [
            { $0.store = StoreID(low: 1, high: 1) }, { $0.schema.dimension = 5 },
            { $0.version = VersionNumber(2) }, { $0.file = FileID(2_000) },
            { $0.logFloor = LogNumber(4) }, { $0.nextFileNumber = 9 },
            { $0.lastSequence = SequenceNumber(4) }, { $0.attributes = [] },
            { $0.attributes[0].type = .bool },
        ]
        disk.changes = []
        for change in spoil {
            var next = store.current.next(store)
            change(&next)
            let error = #expect(throws: ManifestError.self) { try store.publish(next) }
            guard case .refused? = error else {
                recordUnexpected(error)
                continue
            }
        }
        var contradicting = store.current.next(store)
        contradicting.options = [StoredOption(key: "", value: "")]
        #expect(throws: ManifestError.self) { try store.publish(contradicting) }
        var dangling = store.current.next(store)
        dangling.segments = [disk.putSegment(3)]
        disk["/store/segments/000003.seg"] = nil
        #expect(throws: ManifestError.missingFile(name: "segments/000003.seg")) {
            try store.publish(dangling)
        }
        #expect(disk.changes.isEmpty && store.failure == nil)
        try store.publish(store.current.next(store))
    }
}
