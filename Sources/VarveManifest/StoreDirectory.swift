// Reading manifests and checking that the files they name are there and theirs.

internal import VarveFormat
internal import VarveStorage
internal import VarveMutants

/// What the beginning of a file says about whose it is.
enum Ownership: Hashable {
    /// The header is whole and names this store.
    case ours
    /// The header is whole and names another store.
    case foreign
    /// Nothing has been written but zeros or a part of the header: the remnant of an interrupted
    /// creation.
    case remnant
    /// Anything else.
    case unknown
}

/// Reads what stands in a store's directory; writes nothing.
struct StoreDirectory {
    let fileSystem: any FileSystem
    let path: FilePath

    /// All bytes of the manifest `version`, however damaged.
    func manifestBytes(_ version: VersionNumber) throws(ManifestError) -> [UInt8] {
        let name = FileNames.manifest(version)
        do {
            return try fileSystem.readWholeFile(
                path.appending(name), limit: Manifest.maximumByteCount)
        } catch {
            if error.kind == .notFound { throw .missingFile(name: name) }
            guard error.kind == .tooLarge else { throw .storage(error) }
            throw .damaged(
                FormatError(
                    .invalidValue, file: name, section: "manifest", offset: 0,
                    detail: "more than \(Manifest.maximumByteCount) bytes"))
        }
    }

    /// The manifest `version`, verified by itself.
    func manifest(_ version: VersionNumber) throws(ManifestError) -> (Manifest, Digest) {
        let bytes = try manifestBytes(version)
        let name = FileNames.manifest(version)
        let manifest: Manifest
        do { manifest = try Manifest(decoding: bytes) } catch {
            throw ManifestError(error.inFile(name))
        }
        guard manifest.version == version else {
            throw .damaged(
                FormatError(
                    .misplaced, file: name, section: "file header", offset: 40,
                    detail: "the file of version \(manifest.version.rawValue)"))
        }
        return (manifest, Digest(of: bytes))
    }

    /// The manifest that `pointer` names, verified against it.
    func manifest(_ pointer: CurrentPointer) throws(ManifestError) -> Manifest {
        let name = FileNames.manifest(pointer.version)
        let bytes = try manifestBytes(pointer.version)
        guard UInt64(bytes.count) == pointer.byteCount else {
            throw .wrongLength(
                name: name, expected: pointer.byteCount, found: UInt64(bytes.count))
        }
        if Digest(of: bytes) != pointer.digest, !Mutant.isPlanted(.skipManifestChecksum) {
            let header = try? FileHeader(decoding: bytes, expecting: .manifest)
            if let header, header.store != pointer.store {
                throw .foreignStore(name: name, expected: pointer.store, found: header.store)
            }
            throw .damaged(
                FormatError(
                    .checksumMismatch, file: name, section: "manifest", offset: 0,
                    detail: "the digest is not the one CURRENT names"))
        }
        let (manifest, _) = try manifest(pointer.version)
        guard manifest.store == pointer.store else {
            throw .foreignStore(name: name, expected: pointer.store, found: manifest.store)
        }
        return manifest
    }

    /// Checks that every file `manifest` names, but those in `known`, is there and is that file.
    ///
    /// - Throws: ``ManifestError`` naming the first file that is not.
    func verifyFiles(
        of manifest: Manifest, except known: Set<StoreFile> = []
    ) throws(ManifestError) {
        for segment in manifest.segments {
            let file = StoreFile.segment(segment.id)
            if !known.contains(file) {
                try verify(file, segment.file, segment.byteCount, of: manifest.store)
            }
            guard let tombstones = segment.tombstones else { continue }
            let deleted = StoreFile.tombstones(segment.id, tombstones.version)
            if !known.contains(deleted) {
                try verify(deleted, tombstones.file, tombstones.byteCount, of: manifest.store)
            }
        }
    }

    private func verify(
        _ file: StoreFile, _ id: FileID, _ byteCount: UInt64, of store: StoreID
    ) throws(ManifestError) {
        let header: FileHeader
        do {
            guard let status = try fileSystem.status(path.appending(file.name)),
                !status.isDirectory
            else {
                throw ManifestError.missingFile(name: file.name)
            }
            guard status.byteCount == byteCount else {
                throw ManifestError.wrongLength(
                    name: file.name, expected: byteCount, found: status.byteCount)
            }
            header = try FileHeader(
                decoding: try beginning(path.appending(file.name)), expecting: file.headerKind)
        } catch let error as ManifestError {
            throw error
        } catch let error as FormatError {
            throw ManifestError(error.inFile(file.name))
        } catch let error as StorageError {
            throw .storage(error)
        } catch {
            fatalError("no other error is thrown")
        }
        guard header.store == store else {
            throw .foreignStore(name: file.name, expected: store, found: header.store)
        }
        guard header.file == id, header.number == file.headerNumber else {
            throw .damaged(
                FormatError(
                    .misplaced, file: file.name, section: "file header", offset: 32,
                    detail: "another file stands in its place"))
        }
    }

    /// The first bytes of a file, as many as a header has or fewer if there are fewer.
    func beginning(_ path: FilePath) throws(StorageError) -> [UInt8] {
        let file = try fileSystem.open(path, .read)
        let byteCount = min(try file.byteCount(), UInt64(FileHeader.byteCount))
        let bytes = try file.readBytes(count: Int(byteCount), at: 0)
        try file.close()
        return bytes
    }

    /// Whose file stands at `path`, by its first bytes.
    func ownership(
        of file: StoreFile, at path: FilePath, store: StoreID
    ) throws(StorageError) -> Ownership {
        let bytes = try beginning(path)
        if let header = try? FileHeader(decoding: bytes, expecting: file.headerKind) {
            return header.store == store ? .ours : .foreign
        }
        let isPart = bytes.count < FileHeader.byteCount && Self.beginsLikeHeader(bytes)
        return isPart || bytes.allSatisfy({ $0 == 0 }) ? .remnant : .unknown
    }

    /// Whether the first bytes are those of a header, as far as they go.
    static func beginsLikeHeader(_ bytes: [UInt8]) -> Bool {
        FileHeader.magic.starts(with: bytes.prefix(FileHeader.magic.count))
    }

    /// The names in a folder, sorted; none if there is no such folder.
    func names(in folder: String) throws(StorageError) -> [String] {
        let path = folder.isEmpty ? path : path.appending(folder)
        guard let status = try fileSystem.status(path), status.isDirectory else { return [] }
        return try fileSystem.list(path).sorted()
    }

    /// The numbered files in all folders, in order.
    func files() throws(StorageError) -> [StoreFile] {
        var files: [StoreFile] = []
        for folder in StoreFile.folders {
            for name in try names(in: folder) {
                if let file = StoreFile(folder: folder, name: name) { files.append(file) }
            }
        }
        return files.sorted()
    }
}

extension FileHeader {
    /// Reads and verifies a header from the beginning of an array.
    init(decoding bytes: [UInt8], expecting kind: FileKind) throws(FormatError) {
        // Safety: every pattern of bits is a byte.
        try self.init(decoding: unsafe bytes.span.bytes, expecting: kind)
    }
}
