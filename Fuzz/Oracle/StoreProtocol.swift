// What the protocol checker must know of the format: what a pointer leads to.

import VarveFormat
import VarveManifest
package import VarveStorage
package import VarveStorageSimulation

/// The place of the store in every simulation, and the rules its files are watched by.
package enum StoreProtocol {
    /// Where the store stands on the simulated disk.
    package static let root = FilePath("/store")

    /// A checker that watches the store on `disk` from now on.
    package static func watch(_ disk: SimulatedFileSystem) -> ProtocolChecker {
        ProtocolChecker(disk, root: root, pointer: FileNames.current, references: reach)
    }

    /// What the live manifest leads to: itself, its segments and tombstones, and the logs from its
    /// floor on.
    package static func reach(_ disk: SimulatedFileSystem) -> ManifestReach? {
        guard let (name, manifest) = live(disk) else { return nil }
        let logs = disk.filePaths.compactMap { path -> String? in
            guard path.parent == root.appending(FileNames.logFolder),
                let number = FileNames.logNumber(path.name), number >= manifest.logFloor
            else { return nil }
            return FileNames.log(number)
        }
        return ManifestReach(finished: [name] + manifest.files.map(\.name), growing: logs)
    }

    /// The live manifest and its name.
    static func live(_ disk: SimulatedFileSystem) -> (name: String, manifest: Manifest)? {
        guard let text = disk.bytes(root.appending(FileNames.current)),
            let pointer = try? CurrentPointer(decoding: text)
        else { return nil }
        let name = FileNames.manifest(pointer.version)
        guard let bytes = disk.bytes(root.appending(name)),
            let manifest = try? Manifest(decoding: bytes)
        else { return nil }
        return (name, manifest)
    }

    /// Declares everything the live manifest names as sealed.
    static func declareSealed(_ checker: ProtocolChecker, _ disk: SimulatedFileSystem) {
        guard let reach = reach(disk) else { return }
        for name in reach.finished { checker.declareSealed(root.appending(name)) }
    }

    /// Declares all bytes of all logs as acknowledged.
    static func declareAcknowledged(_ checker: ProtocolChecker, _ disk: SimulatedFileSystem) {
        guard let newest = reach(disk)?.growing.max() else { return }
        let path = root.appending(newest)
        checker.declareAcknowledged(path, byteCount: disk.bytes(path)?.count ?? 0)
    }

    /// Names of files that no part of the store will ever need or remove, on a disk whose store
    /// has just been flushed and closed.
    static func leaks(_ disk: SimulatedFileSystem) throws(OracleFailure) -> [String] {
        let manifests: ManifestStore
        let inventory: [InventoryEntry]
        do throws(ManifestError) {
            manifests = try ManifestStore.load(
                fileSystem: disk, directory: root, readOnly: true,
                retention: Retention(manifestCount: 4, protectingManifestCount: 1))
            inventory = try manifests.inventory()
        } catch {
            throw OracleFailure("the inventory cannot be taken: \(error)")
        }
        let obsolete = inventory.filter { $0.role == .obsolete }.map(\.file.name)
        let known = Set(
            inventory.map(\.file.name) + [FileNames.current, FileNames.lock])
        let inside = disk.filePaths.filter { $0.text.hasPrefix(root.text + "/") }
        let strangers = inside.map { String($0.text.dropFirst(root.text.count + 1)) }
            .filter { !known.contains($0) && !$0.hasPrefix(FileNames.trashFolder + "/") }
        return (obsolete + strangers).sorted()
    }
}
