// Only what nothing needs and what is this store's goes, and not before its time.

import Testing
import VarveFormat
import VarveManifest
import VarveStorage

@Suite struct RetireTests {
    private func names(_ disk: MemoryDisk) -> [String] {
        disk.entries.compactMap { path, entry in
            guard case .file = entry else { return nil }
            return String(path.dropFirst("/store/".count))
        }.sorted()
    }

    /// A store in which segment 1 has been merged into segment 2 at version 3.
    private func merged() throws -> (MemoryDisk, ManifestStore) {
        let (disk, store) = try MemoryDisk.withStore()
        _ = disk.put(.log(LogNumber(1)), kind: .log, number: 1, id: 3)
        try disk.flush(store)
        var next = store.current.next(store)
        next.segments = [disk.putSegment(2)]
        next.nextFileNumber = 3
        next.logFloor = LogNumber(2)
        try store.publish(next)
        return (disk, store)
    }

    @Test func `files of kept versions stay, then go to the trash, then go`() throws {
        let (disk, store) = try merged()
        for expected in [3, 4] {
            #expect(store.current.version.rawValue == UInt64(expected))
            // Version 1 knew log 1, version 2 segment 1; each goes with the last version that knew
            // it.
            #expect(try store.retire(nowMicroseconds: 1_000_000_000).isEmpty)
            try store.publish(store.current.next(store))
        }
        #expect(
            try store.retire(nowMicroseconds: 1_000_000_000) == [.manifest(VersionNumber(1))])
        try store.publish(store.current.next(store))
        let moved = try store.retire(nowMicroseconds: 2_000_000_000)
        #expect(
            moved == [.manifest(VersionNumber(2)), .log(LogNumber(1)), .segment(SegmentID(1))])
        #expect(disk["/store/trash/000001.seg.2000"] != nil)
        #expect(try store.retire(nowMicroseconds: 3_000_000_000).isEmpty)
        // An hour of grace, each file for itself; a clock that goes back removes nothing.
        #expect(try store.emptyTrash(nowMicroseconds: 0).isEmpty)
        #expect(
            try store.emptyTrash(nowMicroseconds: 4_600_000_000) == [.manifest(VersionNumber(1))])
        #expect(try store.emptyTrash(nowMicroseconds: 5_599_000_000).isEmpty)
        #expect(try store.emptyTrash(nowMicroseconds: 5_600_000_000).count == 3)
        #expect(
            names(disk) == [
                "CURRENT", "manifest-000003", "manifest-000004", "manifest-000005",
                "manifest-000006", "segments/000002.seg",
            ])
        #expect(try disk.afterPowerCut().load().versions.count == 4)
    }

    @Test func `a store that protects only its live version gives room back at once`() throws {
        let (disk, _) = try merged()
        let store = try ManifestStore.load(
            fileSystem: disk, directory: storeDirectory, readOnly: false,
            retention: Retention(protectingManifestCount: 1, graceSeconds: 0))
        #expect(
            try store.retire(nowMicroseconds: 5_000_000) == [
                .log(LogNumber(1)), .segment(SegmentID(1)),
            ])
        #expect(try store.emptyTrash(nowMicroseconds: 5_000_000).count == 2)
        #expect(store.versions.count == 3)
    }

    @Test func `every file has its role`() throws {
        let (disk, store) = try merged()
        var next = store.current.next(store)
        next.nextFileNumber = 30
        next.segments[0].tombstones = disk.putTombstones(2, 4)
        try store.publish(next)
        _ = disk.putTombstones(2, 3)  // written for a version that was given up
        _ = disk.putTombstones(2, 5)  // for the next version
        _ = disk.putSegment(10)  // the output of an interrupted merge
        _ = disk.putSegment(11)  // still being written
        _ = disk.putSegment(31)  // newer than the version
        _ = disk.put(.log(LogNumber(2)), kind: .log, number: 2, id: 4)
        disk["/store/segments/000012.seg"] = Array("not ours".utf8)
        disk["/store/segments/000013.seg"] = [UInt8](repeating: 0, count: 5_000)
        disk["/store/segments/000014.seg"] = []
        disk["/store/segments/000015.seg"] = [0x89, 0x56, 0x52]
        let foreign = FileHeader(
            kind: .segment, store: StoreID(low: 1, high: 1), file: FileID(1), number: 16)
        disk["/store/segments/000016.seg"] = foreign.encoded()
        disk["/store/manifest-000099"] = [1]
        disk["/store/segments/notes.txt"] = [1]
        let roles = try store.inventory(pinned: [.segment(SegmentID(11))])
        #expect(
            roles.map { "\($0.file.name) \($0.role.rawValue)" } == [
                "manifest-000001 history", "manifest-000002 history", "manifest-000003 history",
                "manifest-000004 live", "manifest-000099 ahead", "log/000001.wal history",
                "log/000002.wal live", "segments/000001.seg history", "segments/000002.seg live",
                "segments/000010.seg obsolete", "segments/000011.seg pinned",
                "segments/000012.seg unverified", "segments/000013.seg obsolete",
                "segments/000014.seg obsolete", "segments/000015.seg obsolete",
                "segments/000016.seg unverified", "segments/000031.seg ahead",
                "segments/000002-000003.del obsolete", "segments/000002-000004.del live",
                "segments/000002-000005.del ahead",
            ])
        let moved = try store.retire(nowMicroseconds: 0, pinned: [.segment(SegmentID(11))])
        #expect(moved == roles.filter { $0.role == .obsolete }.map(\.file))
        let loaded = try disk.afterKill().load()
        #expect(loaded.current == store.current)
    }

    @Test func `the remnant of an interrupted publication goes with the next version`() throws {
        let (disk, store) = try merged()
        var remnant = store.current
        remnant.version = VersionNumber(4)
        disk["/store/manifest-000004"] = try remnant.encoded()
        let loaded = try disk.load()
        #expect(try loaded.retire(nowMicroseconds: 0).isEmpty)
        try loaded.publish(loaded.current.next(loaded))
        #expect(loaded.current.version == VersionNumber(5))
        #expect(try loaded.retire(nowMicroseconds: 0) == [.manifest(VersionNumber(4))])
    }

    @Test func `the trash gives up only what is this store's`() throws {
        let (disk, store) = try merged()
        let foreign = FileHeader(
            kind: .segment, store: StoreID(low: 1, high: 1), file: FileID(1), number: 16)
        let kept: [String: [UInt8]] = [
            "000016.seg.5": foreign.encoded(), "notes.5": [1], "000001.seg": [],
            "000001.seg.05": [],
            "000001.seg.+5": [], "000007.seg.5": Array("another program's file".utf8),
            "manifest-1.5": [], "000001.seg.-5": [],
        ]
        for (name, bytes) in kept { disk["/store/trash/" + name] = bytes }
        disk["/store/trash/000003.seg.5"] = []
        #expect(
            try store.emptyTrash(nowMicroseconds: 1 << 50) == [.segment(SegmentID(3))])
        for (name, bytes) in kept { #expect(disk["/store/trash/" + name] == bytes, "\(name)") }
    }

    @Test(arguments: [false, true])
    func `any one failing call loses nothing that is needed`(happens: Bool) throws {
        var failures = 0
        while true {
            let (disk, _) = try merged()
            let store = try ManifestStore.load(
                fileSystem: disk, directory: storeDirectory, readOnly: false,
                retention: Retention(
                    manifestCount: 1, protectingManifestCount: 1, graceSeconds: 0))
            disk.fault = .init(
                index: disk.callCount + failures, kind: .inputOutput, happens: happens)
            do throws(ManifestError) {
                try store.retire(nowMicroseconds: 5_000_000)
                try store.emptyTrash(nowMicroseconds: 5_000_000)
                break
            } catch {
                guard case .storage = error else { return recordUnexpected(error) }
            }
            failures += 1
            disk.fault = nil
            #expect(store.failure == nil)
            for image in [disk.afterKill(), disk.afterPowerCut()] {
                #expect(try image.load().current == store.current)
            }
            try store.retire(nowMicroseconds: 5_000_000)
            try store.emptyTrash(nowMicroseconds: 5_000_000)
            #expect(names(disk) == ["CURRENT", "manifest-000003", "segments/000002.seg"])
        }
        #expect(failures > 30)
    }
}
