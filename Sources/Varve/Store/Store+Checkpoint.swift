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
    ///   been made is taken back then. A crash leaves either the whole copy or no store.
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
        let copy = try withCopyErrors { () throws(ManifestError) in
            try ManifestStore.create(
                fileSystem: fileSystem, directory: directory, manifest: first, resuming: true,
                isPublished: false)
        }
        // Tombstone files carry the versions they were made for, and a version names none later
        // than itself.
        let version = VersionNumber(max(copy.nextVersion.rawValue, live.version.rawValue + 1))
        var next = first.successor(
            version: version, file: FileIdentity.manifest(live.store, version),
            createdMicroseconds: runtime.wallClockMicroseconds())
        next.segments = live.segments
        do throws(StoreError) {
            try link(live.files, to: directory)
            _ = try withCopyErrors { () throws(ManifestError) in try copy.publish(next) }
        } catch {
            takeBack(next, in: directory)
            throw error
        }
    }

    /// Runs `body`, which writes the copy's manifests: that they have failed is no failure of this
    /// store.
    private func withCopyErrors<R>(
        _ body: () throws(ManifestError) -> R
    ) throws(StoreError) -> R {
        do {
            return try body()
        } catch {
            if case .failed(let cause) = error { throw StoreError(cause) }
            throw StoreError(error)
        }
    }

    /// Removes what has been made of a copy, as far as the disk allows, unless it may be a store.
    private func takeBack(_ version: Manifest, in directory: FilePath) {
        let current = directory.appending(FileNames.current)
        do throws(StorageError) {
            guard try fileSystem.status(current) == nil else { return }
        } catch {
            return
        }
        var names = version.files.map(\.name)
        names += [FileNames.manifest(version.version), FileNames.currentTemporary]
        for name in names { try? fileSystem.remove(directory.appending(name)) }
        for folder in [FileNames.logFolder, FileNames.segmentFolder, FileNames.trashFolder] {
            try? fileSystem.removeDirectory(directory.appending(folder))
        }
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
