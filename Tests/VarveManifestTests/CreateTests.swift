// A creation ends with a store or with something that is plainly none, and harms nothing foreign.

import Testing
import VarveFormat
import VarveManifest
import VarveStorage

@Suite struct CreateTests {
    private func create(
        _ disk: MemoryDisk, _ directory: FilePath = storeDirectory, resuming: Bool = false
    ) throws(ManifestError) -> ManifestStore {
        try ManifestStore.create(
            fileSystem: disk, directory: directory, manifest: .first, resuming: resuming)
    }

    @Test func `a store is made in a missing, an empty and a locked directory`() throws {
        for prepare in [
            { _ in }, { $0.entries["/store"] = .directory },
            {
                $0.entries["/store"] = .directory
                $0["/store/LOCK"] = []
            },
        ] as [(MemoryDisk) -> Void] {
            let disk = MemoryDisk()
            prepare(disk)
            let store = try create(disk)
            #expect(store.current == .first && store.nextVersion.rawValue == 2)
            let loaded = try disk.afterPowerCut().load()
            #expect(loaded.current == .first && loaded.versions.count == 1)
            #expect(throws: ManifestError.alreadyAStore(directory: storeDirectory)) {
                try create(disk)
            }
        }
    }

    @Test func `directories above the store are durable too`() throws {
        let disk = MemoryDisk()
        let deep = FilePath("/a/b/c")
        _ = try create(disk, deep)
        let loaded = try ManifestStore.load(
            fileSystem: disk.afterPowerCut(), directory: deep, readOnly: true)
        #expect(loaded.current == .first)
    }

    @Test(arguments: ["/store", "/a/b/store"])
    func `a cut anywhere leaves nothing, a skeleton, or the store`(place: String) throws {
        let disk = MemoryDisk()
        let directory = FilePath(place)
        var images: [MemoryDisk] = []
        disk.beforeCall = { images += [disk.afterPowerCut(), disk.afterKill()] }
        _ = try create(disk, directory)
        var interrupted = 0
        for image in images {
            do throws(ManifestError) {
                let loaded = try ManifestStore.load(
                    fileSystem: image, directory: directory, readOnly: false)
                #expect(loaded.current == .first)
                continue
            } catch .notAStore {
                _ = try create(image, directory)
            } catch .interruptedCreation {
                interrupted += 1
                #expect(throws: ManifestError.interruptedCreation(directory: directory)) {
                    try create(image, directory)
                }
                _ = try create(image, directory, resuming: true)
            }
            let loaded = try ManifestStore.load(
                fileSystem: image.afterPowerCut(), directory: directory, readOnly: false)
            #expect(loaded.current == .first)
        }
        #expect(interrupted > 5)
    }

    @Test(arguments: [StorageError.Kind.inputOutput, .noSpace], [false, true])
    func `any one failing call leaves what can be created again or is the store`(
        kind: StorageError.Kind, happens: Bool
    ) throws {
        var failures = 0
        while true {
            let disk = MemoryDisk()
            disk.fault = .init(index: failures, kind: kind, happens: happens)
            do throws(ManifestError) { _ = try create(disk) } catch {
                guard case .storage = error else {
                    recordUnexpected(error)
                    return
                }
                failures += 1
                disk.fault = nil
                do throws(ManifestError) { _ = try create(disk, resuming: true) } catch {
                    #expect(error == .alreadyAStore(directory: storeDirectory))
                }
                #expect(try disk.load().current == .first)
                continue
            }
            break
        }
        #expect(failures > 20)
    }

    @Test(arguments: [
        "notes.txt", "manifest-1", "log/notes.txt", "trash/x", "manifest-000002.bak", ".hidden",
        "manifest-000001", "CURRENT.tmp", "log/000001.wal",
    ])
    func `a directory with anything foreign is refused and left alone`(name: String) throws {
        let disk = MemoryDisk()
        disk.entries["/store"] = .directory
        disk.entries["/store/log"] = .directory
        disk.entries["/store/trash"] = .directory
        disk["/store/" + name] = Array("someone else's".utf8)
        for resuming in [false, true] {
            let error = #expect(throws: ManifestError.self) {
                try create(disk, resuming: resuming)
            }
            switch error {
            case .notAStore?: #expect(name != "manifest-000001")
            // A damaged manifest may be all that is left of a store.
            case .alreadyAStore?: #expect(name == "manifest-000001")
            default: recordUnexpected(error)
            }
            #expect(throws: ManifestError.self) { try disk.load(readOnly: true) }
        }
        #expect(disk.changes.isEmpty && disk["/store/" + name] == Array("someone else's".utf8))
    }

    @Test func `a file in the place of the directory is refused`() {
        let disk = MemoryDisk()
        disk["/store"] = [1]
        let error = #expect(throws: ManifestError.self) { try create(disk) }
        guard case .notAStore? = error else {
            recordUnexpected(error)
            return
        }
    }

    @Test func `a store that has lost CURRENT is not created over`() throws {
        let (disk, store) = try MemoryDisk.withStore()
        try disk.flush(store)
        disk["/store/CURRENT"] = nil
        #expect(throws: ManifestError.alreadyAStore(directory: storeDirectory)) {
            try create(disk, resuming: true)
        }
    }
}
