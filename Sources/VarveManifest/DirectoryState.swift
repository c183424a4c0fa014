// What a directory is before a store is created or loaded in it.

internal import VarveFormat
internal import VarveStorage

/// What stands at the path where a store is to be.
enum DirectoryState: Hashable {
    /// Nothing.
    case missing
    /// An empty directory, but for the lock the caller may hold.
    case vacant
    /// Nothing but what an interrupted creation leaves: empty folders, a first version without
    /// rows.
    case skeleton(leftovers: [String])
    /// A store, whole or damaged.
    case store
    /// Something that is no store.
    case foreign(detail: String)
}

extension StoreDirectory {
    /// Looks at the directory and says what it is.
    func state() throws(StorageError) -> DirectoryState {
        guard let status = try fileSystem.status(path) else { return .missing }
        guard status.isDirectory else { return .foreign(detail: "it is not a directory") }
        let names = try fileSystem.list(path).sorted()
        if names.contains(FileNames.current) { return .store }
        if names.allSatisfy({ $0 == FileNames.lock }) { return .vacant }
        if let leftovers = try skeletonLeftovers(names) { return .skeleton(leftovers: leftovers) }
        if names.contains(where: { FileNames.manifestNumber($0) != nil }) { return .store }
        return .foreign(detail: "it has files, but neither CURRENT nor a manifest")
    }

    /// The folders every store has.
    static let folders = [FileNames.logFolder, FileNames.segmentFolder, FileNames.trashFolder]

    /// The files to remove before the creation can begin anew; nil if there is anything else.
    private func skeletonLeftovers(_ names: [String]) throws(StorageError) -> [String]? {
        var leftovers: [String] = []
        // The folders are durable before the first file is written. Where all are there and empty,
        // a file of ours may hold anything: a power cut can leave garbage in what was not synced.
        let mayBeGarbage = Self.folders.allSatisfy(names.contains)
        for name in names {
            guard let status = try fileSystem.status(path.appending(name)) else { return nil }
            if Self.folders.contains(name) {
                guard status.isDirectory, try fileSystem.list(path.appending(name)).isEmpty else {
                    return nil
                }
                continue
            }
            guard !status.isDirectory else { return nil }
            if name == FileNames.lock { continue }
            let isFirstVersion = name == FileNames.manifest(VersionNumber(1))
            guard isFirstVersion || name == FileNames.currentTemporary else { return nil }
            guard status.byteCount <= 1 << 20 else { return nil }
            let bytes = try fileSystem.readWholeFile(path.appending(name), limit: 1 << 20)
            let isOurs =
                isFirstVersion ? Self.isEmptyFirstVersion(bytes) : Self.isTemporaryPointer(bytes)
            guard isOurs || (mayBeGarbage && !Self.isVersionWithData(bytes)) else { return nil }
            leftovers.append(name)
        }
        return leftovers
    }

    /// Whether the bytes are a version that a store with rows has left.
    private static func isVersionWithData(_ bytes: [UInt8]) -> Bool {
        guard let manifest = try? Manifest(decoding: bytes) else { return false }
        return !manifest.segments.isEmpty || manifest.parent != nil
    }

    /// Whether the bytes are a first version without segments, or what is left of one.
    private static func isEmptyFirstVersion(_ bytes: [UInt8]) -> Bool {
        if let manifest = try? Manifest(decoding: bytes) {
            return manifest.segments.isEmpty && manifest.parent == nil
        }
        return beginsLikeHeader(bytes) || bytes.allSatisfy { $0 == 0 }
    }

    /// Whether the bytes are a CURRENT, or what is left of one.
    private static func isTemporaryPointer(_ bytes: [UInt8]) -> Bool {
        let title = Array("varve-current".utf8)
        return title.starts(with: bytes.prefix(title.count)) || bytes.allSatisfy { $0 == 0 }
    }
}
