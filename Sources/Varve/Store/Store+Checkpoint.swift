// The public face: a copy of the store in another directory, at almost no cost.

import Synchronization
import VarveFormat
import VarveManifest
import VarveQuery
import VarveStorage

extension Store {
    /// Makes a second store of everything written so far, by hard links.
    ///
    /// Flushes first; segments are shared with the copy, which takes no more space until one of the
    /// two is compacted. The copy is an ordinary store of the same store id, durable when this
    /// returns. It must lie on the same file system.
    ///
    /// - Parameter path: A directory that is missing or empty.
    /// - Throws: ``StoreError``: `storeExists`, `notAStore` (something else is there),
    ///   `inputOutput` (another file system), `noSpace`, `failed`, `readOnly`, `closed`. What has
    ///   been linked is taken back then.
    public func checkpoint(at path: String) throws(StoreError) {
        try engine.checkpoint(at: FilePath(path))
    }
}

extension Engine {
    func checkpoint(at directory: FilePath) throws(StoreError) {
        try flush()
        // No file may go to the trash between looking at the version and linking what it names.
        try retiring.withLock { _ throws(StoreError) in try copyLive(to: directory) }
    }

    private func copyLive(to directory: FilePath) throws(StoreError) {
        let live = reading.load().manifest
        var first = Manifest(
            store: live.store, file: live.file, schema: live.schema,
            createdMicroseconds: runtime.wallClockMicroseconds(), options: live.options)
        first.attributes = live.attributes
        first.nextFileNumber = live.nextFileNumber
        first.logFloor = LogNumber(live.nextFileNumber)
        first.lastSequence = live.lastSequence
        let copy = try withManifestErrors { () throws(ManifestError) in
            try ManifestStore.create(
                fileSystem: fileSystem, directory: directory, manifest: first)
        }
        do {
            try link(live.files, to: directory)
        } catch {
            for file in live.files { try? fileSystem.remove(directory.appending(file.name)) }
            throw error
        }
        // Tombstone files carry the versions they were made for, and a version names none later
        // than itself.
        let version = VersionNumber(max(copy.nextVersion.rawValue, live.version.rawValue + 1))
        var next = first.successor(
            version: version, file: FileIdentity.manifest(live.store, version),
            createdMicroseconds: runtime.wallClockMicroseconds())
        next.segments = live.segments
        _ = try withManifestErrors { () throws(ManifestError) in try copy.publish(next) }
    }

    private func link(_ files: [StoreFile], to directory: FilePath) throws(StoreError) {
        try withStorageErrors { () throws(StorageError) in
            for file in files {
                try fileSystem.link(
                    self.directory.appending(file.name), to: directory.appending(file.name))
            }
            try fileSystem.syncDirectory(directory.appending(FileNames.segmentFolder))
        }
    }
}
