// A new store, from nothing to a live first version.

public import VarveFormat
public import VarveStorage
internal import VarveMutants

extension ManifestStore {
    /// Creates a store in a directory that is missing or empty (but for its lock file).
    ///
    /// Durable when it returns, together with every directory it has made. Until CURRENT has its
    /// name there is no store; a creation that was cut off before is told apart from anything else.
    ///
    /// - Parameters:
    ///   - manifest: Version 1, without segments and parent.
    ///   - resuming: Whether to begin anew where a creation was cut off: removes that creation's
    ///     own empty files. Without it such a directory is refused.
    ///   - isPublished: Whether the first version becomes live. If not, only folders are made, and
    ///     there is no store until the next version is published, as its first one on the disk.
    /// - Throws: ``ManifestError``: `alreadyAStore`, `notAStore` (something else is there, and
    ///   stays), `interruptedCreation`, `damaged` (the manifest contradicts itself), `storage`.
    public static func create(
        fileSystem: any FileSystem, directory: FilePath, manifest: Manifest,
        retention: Retention = Retention(), resuming: Bool = false, isPublished: Bool = true
    ) throws(ManifestError) -> ManifestStore {
        precondition(
            manifest.version == VersionNumber(1) && manifest.parent == nil
                && manifest.segments.isEmpty, "a store begins with an empty version 1")
        let bytes: [UInt8]
        do { bytes = try manifest.encoded() } catch { throw ManifestError(error) }
        let place = StoreDirectory(fileSystem: fileSystem, path: directory)
        do {
            switch try place.state() {
            case .missing, .vacant: break
            case .skeleton(let leftovers):
                guard resuming else {
                    throw ManifestError.interruptedCreation(directory: directory)
                }
                for name in leftovers { try fileSystem.remove(directory.appending(name)) }
            case .store: throw ManifestError.alreadyAStore(directory: directory)
            case .foreign(let detail):
                throw ManifestError.notAStore(directory: directory, detail: detail)
            }
            try place.makeDurableFolders()
            if isPublished { try place.makeLive(manifest, bytes) }
        } catch let error as ManifestError {
            throw error
        } catch let error as StorageError {
            throw .storage(error)
        } catch {
            fatalError("no other error is thrown")
        }
        let state = State(
            versions: [manifest], digest: Digest(of: bytes), highestVersion: manifest.version,
            nextFileNumber: manifest.nextFileNumber, failure: nil)
        return ManifestStore(
            fileSystem: fileSystem, directory: directory, retention: retention, isReadOnly: false,
            state: state, report: LoadReport())
    }
}

extension StoreDirectory {
    /// Makes the directory and its folders where they are missing, all of them durable by name.
    func makeDurableFolders() throws(StorageError) {
        // A run that was cut off may have made the last directory that exists without making it
        // durable.
        var existing = path
        while try fileSystem.status(existing) == nil, existing.parent != existing {
            existing = existing.parent
        }
        do {
            try fileSystem.syncDirectory(existing.parent)
        } catch  where error.kind == .notPermitted {
            // A directory that this process may not even open was not made by it.
        }
        try fileSystem.createDirectories(path)
        for folder in Self.folders where try fileSystem.status(path.appending(folder)) == nil {
            try fileSystem.createDirectory(path.appending(folder))
        }
        try fileSystem.syncDirectory(path)
    }

    /// Writes a version and points CURRENT to it: file, directory, pointer, name, directory.
    func makeLive(_ manifest: Manifest, _ bytes: [UInt8]) throws(StorageError) {
        try prepare(manifest, bytes)
        try commit()
    }

    /// Writes the version's file and the pointer that will be CURRENT; readers see no change yet.
    func prepare(_ manifest: Manifest, _ bytes: [UInt8]) throws(StorageError) {
        let name = FileNames.manifest(manifest.version)
        try write(path.appending(name), bytes, droppingSyncIf: .dropManifestSync)
        // The name must be durable before anything durable can point to it.
        if !Mutant.isPlanted(.dropManifestNameSync) { try fileSystem.syncDirectory(path) }
        let pointer = CurrentPointer(
            version: manifest.version, byteCount: UInt64(bytes.count), digest: Digest(of: bytes),
            store: manifest.store)
        let temporary = path.appending(FileNames.currentTemporary)
        if try fileSystem.status(temporary) != nil { try fileSystem.remove(temporary) }
        try write(temporary, pointer.encoded(), droppingSyncIf: .dropPointerSync)
    }

    private func write(
        _ path: FilePath, _ bytes: [UInt8], droppingSyncIf mutant: Mutant
    ) throws(StorageError) {
        guard !Mutant.isPlanted(mutant) else {
            return try fileSystem.open(path, .create).writeFully(bytes, at: 0)
        }
        try fileSystem.writeFileDurably(path, bytes)
    }

    /// Gives the prepared pointer its name and makes that durable.
    func commit() throws(StorageError) {
        if Mutant.isPlanted(.unlinkBeforeRename),
            try fileSystem.status(path.appending(FileNames.current)) != nil
        {
            try fileSystem.remove(path.appending(FileNames.current))
        }
        try fileSystem.rename(
            path.appending(FileNames.currentTemporary), to: path.appending(FileNames.current))
        if !Mutant.isPlanted(.dropPointerNameSync) { try fileSystem.syncDirectory(path) }
    }
}
