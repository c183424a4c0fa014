// What is no longer needed: found, moved to the trash, and removed when its time has come.

internal import VarveFormat
internal import VarveStorage

extension ManifestStore {
    /// Every numbered file in the store's folders with the part it plays, in order.
    ///
    /// Names that no store makes are left out. Reads the headers of files that nothing needs.
    ///
    /// A file that is pinned before it is made, until the version that names it is live, is never
    /// taken for one that nothing needs, whatever goes on meanwhile.
    ///
    /// - Parameter pinned: Files that readers still use or that are being written; asked for once.
    /// - Throws: ``ManifestError`` of kind `storage`.
    public func inventory(
        pinned: @autoclosure () -> Set<StoreFile> = []
    ) throws(ManifestError) -> [InventoryEntry] {
        let place = StoreDirectory(fileSystem: fileSystem, path: directory)
        let files: [StoreFile]
        do { files = try place.files() } catch { throw .storage(error) }
        // In this order: a file that was there and is not pinned any more is in a version by now.
        let pinned = pinned()
        let versions = versions
        let live = versions[0]
        let liveFiles = Set(live.files)
        let protecting = versions.prefix(retention.protectingManifestCount)
        let protected = Set(protecting.flatMap(\.files))
        let keptVersions = Set(versions.map(\.version))
        let oldestFloor = protecting.map(\.logFloor).min() ?? live.logFloor
        func role(_ file: StoreFile) -> InventoryEntry.Role? {
            if pinned.contains(file) { return .pinned }
            switch file {
            case .manifest(let number):
                if number == live.version { return .live }
                if number > live.version { return .ahead }
                return keptVersions.contains(number) ? .history : nil
            case .log(let number):
                if number >= live.logFloor { return .live }
                return number >= oldestFloor ? .history : nil
            case .segment(let number):
                if liveFiles.contains(file) { return .live }
                if number.rawValue >= live.nextFileNumber { return .ahead }
                return protected.contains(file) ? .history : nil
            case .tombstones(_, let version):
                if liveFiles.contains(file) { return .live }
                if version > live.version { return .ahead }
                return protected.contains(file) ? .history : nil
            }
        }
        do {
            return try files.map { file throws(StorageError) -> InventoryEntry in
                if let role = role(file) { return InventoryEntry(file: file, role: role) }
                let ownership = try place.ownership(
                    of: file, at: path(file.name), store: live.store)
                let isOurs = ownership == .ours || ownership == .remnant
                return InventoryEntry(file: file, role: isOurs ? .obsolete : .unverified)
            }
        } catch {
            throw .storage(error)
        }
    }

    /// Moves every obsolete file to the trash; gives the files it has moved, in order.
    ///
    /// A failure here harms nothing: a file that was to be retired is found again by the next call.
    ///
    /// - Parameters:
    ///   - nowMicroseconds: The time since 1970-01-01T00:00:00Z, from which the grace is counted.
    ///   - pinned: Files that readers still use or that are being written.
    /// - Throws: ``ManifestError``: `readOnly`, `failed` (nothing is touched any more), `storage`.
    @discardableResult
    public func retire(
        nowMicroseconds: Int64, pinned: @autoclosure () -> Set<StoreFile> = []
    ) throws(ManifestError) -> [StoreFile] {
        try requireWritable()
        var moved: [StoreFile] = []
        let seconds = nowMicroseconds / 1_000_000
        for entry in try inventory(pinned: pinned()) where entry.role == .obsolete {
            let name = RetiredName(file: entry.file, retiredSeconds: seconds).text
            do {
                try fileSystem.rename(
                    path(entry.file.name), to: path("\(FileNames.trashFolder)/\(name)"))
                moved.append(entry.file)
            } catch {
                // Another call has moved it.
                guard error.kind == .notFound else { throw .storage(error) }
            }
        }
        guard !moved.isEmpty else { return [] }
        do {
            // First where the names have gone to, so that no crash loses a file before its time.
            try fileSystem.syncDirectory(path(FileNames.trashFolder))
            for folder in StoreFile.folders where moved.contains(where: { $0.folder == folder }) {
                try fileSystem.syncDirectory(folder.isEmpty ? directory : path(folder))
            }
        } catch {
            throw .storage(error)
        }
        return moved
    }

    /// Removes the files in the trash whose grace has passed; gives them, in order.
    ///
    /// Names that ``retire(nowMicroseconds:pinned:)`` does not give, and files of other stores,
    /// stay.
    ///
    /// - Parameters:
    ///   - nowMicroseconds: The time since 1970-01-01T00:00:00Z.
    ///   - graceSeconds: The grace, in place of the store's.
    /// - Throws: ``ManifestError``: `readOnly`, `failed`, `storage`.
    @discardableResult
    public func emptyTrash(
        nowMicroseconds: Int64, graceSeconds: Int64? = nil
    ) throws(ManifestError) -> [StoreFile] {
        try requireWritable()
        let place = StoreDirectory(fileSystem: fileSystem, path: directory)
        let store = current.store
        let now = nowMicroseconds / 1_000_000
        var removed: [StoreFile] = []
        do {
            for name in try place.names(in: FileNames.trashFolder) {
                guard let retired = RetiredName(name),
                    now >= retired.retiredSeconds,
                    now - retired.retiredSeconds >= graceSeconds ?? retention.graceSeconds
                else { continue }
                let path = path("\(FileNames.trashFolder)/\(name)")
                let ownership = try place.ownership(of: retired.file, at: path, store: store)
                guard ownership == .ours || ownership == .remnant else { continue }
                try fileSystem.remove(path)
                removed.append(retired.file)
            }
        } catch {
            throw .storage(error)
        }
        return removed.sorted()
    }
}
