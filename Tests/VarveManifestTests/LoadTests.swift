// Loading names the first thing that is wrong, and a read-only load writes nothing.

import Testing
import VarveFormat
import VarveManifest
import VarveStorage

@Suite struct LoadTests {
    private func storeWithFiles() throws -> (MemoryDisk, ManifestStore) {
        let (disk, store) = try MemoryDisk.withStore()
        try disk.flush(store)
        var next = store.current.next(store)
        next.segments[0].tombstones = disk.putTombstones(1, 3)
        try store.publish(next)
        return (disk, store)
    }

    @Test func `a read-only load writes nothing and publishes nothing`() throws {
        let (disk, _) = try storeWithFiles()
        disk.changes = []
        let store = try disk.load(readOnly: true)
        #expect(store.isReadOnly && disk.changes.isEmpty)
        let manifest = store.current
        #expect(throws: ManifestError.readOnly) { try store.publish(manifest.next(store)) }
        #expect(throws: ManifestError.readOnly) { try store.retire(nowMicroseconds: 0) }
        #expect(throws: ManifestError.readOnly) { try store.emptyTrash(nowMicroseconds: 0) }
        _ = try store.inventory()
        #expect(disk.changes.isEmpty)
    }

    @Test(arguments: ["segments/000001.seg", "segments/000001-000003.del", "manifest-000003"])
    func `a missing file is named`(name: String) throws {
        let (disk, _) = try storeWithFiles()
        disk["/store/" + name] = nil
        #expect(throws: ManifestError.missingFile(name: name)) { try disk.load() }
    }

    @Test(arguments: ["segments/000001.seg", "segments/000001-000003.del", "manifest-000003"])
    func `a file of another length is named`(name: String) throws {
        let (disk, _) = try storeWithFiles()
        let bytes = try #require(disk["/store/" + name])
        for other in [bytes + [0], Array(bytes.dropLast()), []] {
            disk["/store/" + name] = other
            #expect(
                throws: ManifestError.wrongLength(
                    name: name, expected: UInt64(bytes.count), found: UInt64(other.count))
            ) { try disk.load() }
        }
    }

    @Test(
        arguments: [
            ("segments/000001.seg", FileKind.segment, 1), ("manifest-000003", .manifest, 3),
            ("segments/000001-000003.del", .tombstones, 3),
        ] as [(String, FileKind, UInt64)])
    func `a file of another store, another file and a damaged header are told apart`(
        name: String, kind: FileKind, number: UInt64
    ) throws {
        let (disk, _) = try storeWithFiles()
        let bytes = try #require(disk["/store/" + name])
        let other = StoreID(low: 9, high: 9)
        let foreign = FileHeader(kind: kind, store: other, file: FileID(1), number: number)
        disk["/store/" + name] = foreign.encoded() + bytes.dropFirst(64)
        #expect(
            throws: ManifestError.foreignStore(name: name, expected: sampleStore, found: other)
        ) { try disk.load() }
        var newer = FileHeader(kind: kind, store: sampleStore, file: FileID(2), number: number)
        disk["/store/" + name] = newer.encoded() + bytes.dropFirst(64)
        expectDamage(in: name) { try disk.load() }
        newer.requiredFeatures = 1
        disk["/store/" + name] = newer.encoded() + bytes.dropFirst(64)
        if kind == .manifest {
            expectDamage(in: name) { try disk.load() }
        } else {
            let error = #expect(throws: ManifestError.self) { try disk.load() }
            guard case .tooNew? = error else { return recordUnexpected(error) }
        }
        for index in 0..<64 {
            var damaged = bytes
            damaged[index] ^= 0x10
            disk["/store/" + name] = damaged
            expectDamage(in: name) { try disk.load() }
        }
    }

    private func expectDamage(in name: String, _ body: () throws -> ManifestStore) {
        let error = #expect(throws: ManifestError.self) { try body() }
        guard case .damaged(let reason)? = error else {
            return recordUnexpected(error)
        }
        #expect(reason.file == name)
    }

    @Test func `every damaged byte of manifest and CURRENT is refused when writing`() throws {
        let (disk, _) = try storeWithFiles()
        for name in ["/store/manifest-000003", "/store/CURRENT"] {
            let bytes = try #require(disk[name])
            for index in bytes.indices {
                for bit in [0, 3, 7] as [UInt8] {
                    var damaged = bytes
                    damaged[index] ^= 1 << bit
                    disk[name] = damaged
                    #expect(throws: ManifestError.self, "\(name), byte \(index)") {
                        try disk.load()
                    }
                }
            }
            disk[name] = bytes
        }
        _ = try disk.load()
    }

    @Test func `a CURRENT of a later format is too new`() throws {
        let (disk, _) = try storeWithFiles()
        let body = "varve-current 2\n"
        let sum = String(checksum64(Array(body.utf8), seed: 0x2154_4E45_5252_5543), radix: 16)
        let padded = String(repeating: "0", count: 16 - sum.count) + sum
        disk["/store/CURRENT"] = Array((body + "checksum \(padded)\n").utf8)
        for readOnly in [false, true] {
            let error = #expect(throws: ManifestError.self) { try disk.load(readOnly: readOnly) }
            guard case .tooNew? = error else { return recordUnexpected(error) }
        }
    }

    @Test(
        arguments: [nil, [], Array("garbage\n".utf8), .init(repeating: 10, count: 5_000)]
            as [[UInt8]?])
    func `without CURRENT only a read-only load goes on, from the one end of the chain`(
        current: [UInt8]?
    ) throws {
        let (disk, store) = try storeWithFiles()
        disk["/store/CURRENT"] = current
        let error = #expect(throws: ManifestError.self) { try disk.load() }
        guard case .repairNeeded(_, let reason, let candidates)? = error else {
            return recordUnexpected(error)
        }
        #expect(candidates == [VersionNumber(3)] && (reason == nil) == (current == nil))
        let loaded = try disk.load(readOnly: true)
        #expect(loaded.current == store.current && loaded.report.choseWithoutCurrent)
        #expect(loaded.report.currentError == reason)
        // With the newest version's files gone, the one before is the end of the chain.
        disk["/store/segments/000001-000003.del"] = nil
        #expect(try disk.load(readOnly: true).current.version == VersionNumber(2))
        // Two ends are one too many.
        var other = Manifest.first
        other.version = VersionNumber(9)
        disk["/store/manifest-000009"] = try other.encoded()
        #expect(throws: ManifestError.self) { try disk.load(readOnly: true) }
        other.store = StoreID(low: 5, high: 5)
        disk["/store/manifest-000009"] = try other.encoded()
        #expect(throws: ManifestError.self) { try disk.load(readOnly: true) }
    }

    @Test func `newer versions are ignored and reported, and numbers go on above them`() throws {
        let (disk, store) = try storeWithFiles()
        var newer = store.current
        newer.version = VersionNumber(7)
        disk["/store/manifest-000007"] = try newer.encoded()
        disk["/store/manifest-000008"] = [1, 2, 3]
        disk["/store/segments/000020.seg"] = [0]
        disk["/store/log/000022.wal"] = [0]
        disk["/store/trash/000025.seg.100"] = [0]
        let loaded = try disk.load()
        #expect(loaded.current == store.current)
        #expect(loaded.report.newerVersions == [VersionNumber(7), VersionNumber(8)])
        #expect(loaded.nextVersion == VersionNumber(9) && loaded.nextFileNumber == 26)
    }

    @Test func `unknown names and missing empty folders do not matter`() throws {
        let (disk, store) = try storeWithFiles()
        disk["/store/.DS_Store"] = [1]
        disk["/store/segments/readme"] = [1]
        disk["/store/manifest-000003~"] = [1]
        disk.entries["/store/log"] = nil
        disk.entries["/store/extra"] = .directory
        #expect(try disk.load(readOnly: true).current == store.current)
        #expect(try disk.load().current == store.current)
        #expect(disk.entries["/store/log"] != nil)
    }

    @Test func `a broken history is reported and is no obstacle`() throws {
        let (disk, store) = try storeWithFiles()
        disk["/store/manifest-000002"]?[70] ^= 1
        let loaded = try disk.load()
        #expect(loaded.current == store.current && loaded.report.historyIsBroken)
        #expect(loaded.versions.count == 1)
    }

    @Test func `any one failing call gives a typed error`() throws {
        var failures = 0
        while true {
            let (disk, _) = try storeWithFiles()
            disk.fault = .init(
                index: disk.callCount + failures, kind: .inputOutput, happens: false)
            do throws(ManifestError) { _ = try disk.load() } catch {
                guard case .storage = error else { return recordUnexpected(error) }
                failures += 1
                continue
            }
            break
        }
        #expect(failures > 30)
    }
}
