// A store's directory as it lies on the disk, healthy or not. Writes nothing.

public import VarveFormat
public import VarveManifest
public import VarveStorage

/// What stands in a store's directory, read without believing any of it.
public struct StoreImage: Sendable {
    /// What CURRENT says.
    public enum Pointer: Hashable, Sendable {
        case whole(CurrentPointer)
        case damaged(FormatError)
        case missing
    }

    /// A version on the disk.
    public struct Version: Sendable {
        /// Its number, by the file's name.
        public var number: VersionNumber
        /// What it says, or what is wrong with it.
        public var content: Result<Manifest, FormatError>
        /// The digest of its file; of a damaged one put right, as it should be.
        public var digest: Digest
        /// Bytes of its file.
        public var byteCount: UInt64
        /// A version of these parts.
        public init(
            number: VersionNumber, content: Result<Manifest, FormatError>, digest: Digest,
            byteCount: UInt64
        ) {
            self.number = number
            self.content = content
            self.digest = digest
            self.byteCount = byteCount
        }

        /// What is wrong with it, where that is one flipped bit.
        public var damage: Damage?
        /// What it said before one bit flipped.
        public var mended: Manifest?
        /// The version, perhaps with one bit put right; nil if it is damaged beyond that.
        public var manifest: Manifest? { (try? content.get()) ?? mended }
    }

    /// A file in the directory.
    public struct Entry: Sendable {
        /// The name relative to the store's directory.
        public var name: String
        /// Its bytes.
        public var byteCount: UInt64
        /// Which file of a store it is, or was before it was retired; nil for others.
        public var file: StoreFile?
        /// When it was retired, in seconds since 1970; nil for files that are not in the trash.
        public var retiredSeconds: Int64?
        /// What it is to the live version.
        public var role: FileRole
    }

    /// Where repairs in place set the originals aside.
    public static let quarantineFolder = "quarantine"

    /// Where files are read from.
    public let fileSystem: any FileSystem
    /// The store's directory.
    public let directory: FilePath
    /// What CURRENT says.
    public let pointer: Pointer
    /// What CURRENT says, perhaps with one bit put right; nil if that cannot be told.
    public let mendedPointer: CurrentPointer?
    /// The manifests on the disk, oldest first.
    public let versions: [Version]
    /// The version taken for the live one; nil if there is none that can be read.
    public let live: Version?
    /// Whether ``live`` is the one CURRENT names.
    public let isLiveByPointer: Bool
    /// Every file, by folder and name.
    public let entries: [Entry]

    /// Reads the directory at `directory`.
    ///
    /// - Parameter version: The version to take for the live one; nil for what CURRENT says, or,
    ///   where that cannot be read, the newest whole version that no other one follows.
    /// - Throws: ``StorageError`` if the directory or a manifest cannot be read.
    public init(
        _ fileSystem: any FileSystem, _ directory: FilePath, version: VersionNumber? = nil
    ) throws(StorageError) {
        self.fileSystem = fileSystem
        self.directory = directory
        var found: [Entry] = []
        for folder in ["", FileNames.logFolder, FileNames.segmentFolder, FileNames.trashFolder] {
            found += try Self.entries(fileSystem, directory, folder)
        }
        pointer = try Self.readPointer(fileSystem, directory)
        mendedPointer = Self.mend(pointer, fileSystem, directory)
        var versions: [Version] = []
        for case (.manifest(let number), let entry) in found.map({ ($0.file, $0) })
        where entry.retiredSeconds == nil {
            versions.append(try Self.readVersion(fileSystem, directory, number, entry.byteCount))
        }
        versions.sort { $0.number < $1.number }
        self.versions = versions
        (live, isLiveByPointer) = Self.choose(versions, mendedPointer, version)
        let roles = FileRoles(live: live, versions: versions)
        entries = found.map { entry in
            var entry = entry
            entry.role = roles.role(of: entry)
            return entry
        }
    }

    /// The entry called `name`; nil if there is none.
    public func entry(_ name: String) -> Entry? { entries.first { $0.name == name } }

    /// The whole version of that number; nil if it is missing or damaged.
    public func manifest(_ number: VersionNumber) -> Manifest? {
        versions.first { $0.number == number }?.manifest
    }

    /// The store id that most whole manifests carry.
    public var store: StoreID? {
        if let live = live?.manifest { return live.store }
        if let pointer = mendedPointer { return pointer.store }
        return versions.last { $0.manifest != nil }?.manifest?.store
    }

    /// The schema of the newest version that can be read.
    public var schema: Schema? {
        live?.manifest?.schema ?? versions.last { $0.manifest != nil }?.manifest?.schema
    }

    /// The path of a name relative to the store's directory.
    public func path(_ name: String) -> FilePath { directory.appending(name) }
}

extension StoreImage {
    private static func entries(
        _ fileSystem: any FileSystem, _ directory: FilePath, _ folder: String
    ) throws(StorageError) -> [Entry] {
        let path = folder.isEmpty ? directory : directory.appending(folder)
        guard let status = try fileSystem.status(path), status.isDirectory else {
            if folder.isEmpty { throw StorageError(.notFound, call: "stat", path: path) }
            return []
        }
        var entries: [Entry] = []
        for name in try fileSystem.list(path).sorted() {
            guard let status = try fileSystem.status(path.appending(name)) else { continue }
            let whole = folder.isEmpty ? name : folder + "/" + name
            let folders = [
                FileNames.logFolder, FileNames.segmentFolder, FileNames.trashFolder,
                quarantineFolder,
            ]
            if status.isDirectory {
                guard !folder.isEmpty || !folders.contains(name) else { continue }
                entries.append(
                    Entry(
                        name: whole + "/", byteCount: 0, file: nil, retiredSeconds: nil,
                        role: .stranger))
                continue
            }
            let retired = folder == FileNames.trashFolder ? RetiredName(name) : nil
            entries.append(
                Entry(
                    name: whole, byteCount: status.byteCount,
                    file: retired?.file ?? StoreFile(folder: folder, name: name),
                    retiredSeconds: retired?.retiredSeconds, role: .stranger))
        }
        return entries
    }

    private static func readPointer(
        _ fileSystem: any FileSystem, _ directory: FilePath
    ) throws(StorageError) -> Pointer {
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try fileSystem.readWholeFile(
                directory.appending(FileNames.current), limit: 4_096)
        } catch {
            if error.kind == .notFound { return .missing }
            guard error.kind == .tooLarge else { throw error }
            return .damaged(
                FormatError(
                    .invalidValue, file: FileNames.current, section: "CURRENT", offset: 0,
                    detail: "more than 4,096 bytes"))
        }
        do throws(FormatError) { return .whole(try CurrentPointer(decoding: bytes)) } catch {
            return .damaged(error.inFile(FileNames.current))
        }
    }

    private static func readVersion(
        _ fileSystem: any FileSystem, _ directory: FilePath, _ number: VersionNumber,
        _ byteCount: UInt64
    ) throws(StorageError) -> Version {
        let name = FileNames.manifest(number)
        func damaged(_ error: FormatError, _ digest: Digest) -> Version {
            Version(
                number: number, content: .failure(error.inFile(name)), digest: digest,
                byteCount: byteCount)
        }
        guard byteCount <= UInt64(Manifest.maximumByteCount) else {
            return damaged(
                FormatError(
                    .invalidValue, section: "manifest", offset: 0,
                    detail: "more than \(Manifest.maximumByteCount) bytes"),
                Digest(low: 0, high: 0))
        }
        let bytes = try fileSystem.readWholeFile(
            directory.appending(name), limit: Manifest.maximumByteCount)
        let digest = Digest(of: bytes)
        do throws(FormatError) {
            let manifest = try Manifest(decoding: bytes)
            guard manifest.version == number else {
                throw FormatError(
                    .misplaced, section: "file header", offset: 40,
                    detail: "the file of version \(manifest.version.rawValue)")
            }
            return Version(
                number: number, content: .success(manifest), digest: digest, byteCount: byteCount)
        } catch {
            var version = damaged(error, digest)
            guard error.kind != .tooNew else { return version }
            var copy = bytes
            let damage = BitFlipSearch.damage(ofWhole: &copy, .manifest)
            guard let right = BitFlipSearch.mended(bytes, damage),
                let manifest = try? Manifest(decoding: right), manifest.version == number
            else { return version }
            version.damage = damage
            version.mended = manifest
            version.digest = Digest(of: right)
            return version
        }
    }

    /// What CURRENT says, with one bit put right where that is what is wrong.
    private static func mend(
        _ pointer: Pointer, _ fileSystem: any FileSystem, _ directory: FilePath
    ) -> CurrentPointer? {
        switch pointer {
        case .whole(let whole): return whole
        case .missing: return nil
        case .damaged(let error):
            guard error.kind != .tooNew,
                var bytes = try? fileSystem.readWholeFile(
                    directory.appending(FileNames.current),
                    limit: CurrentPointer.maximumByteCount)
            else { return nil }
            var flips = BitFlipSearch()
            let range = bytes.indices
            let found = flips.flip(in: &bytes, range) {
                (try? CurrentPointer(decoding: $0)) != nil
            }
            guard let found else { return nil }
            bytes[found.index] ^= 1 << UInt8(found.bit)
            return try? CurrentPointer(decoding: bytes)
        }
    }

    private static func choose(
        _ versions: [Version], _ pointer: CurrentPointer?, _ wanted: VersionNumber?
    ) -> (Version?, Bool) {
        if let wanted { return (versions.first { $0.number == wanted }, false) }
        if let pointer,
            let named = versions.first(where: { $0.number == pointer.version })
        {
            return (named, true)
        }
        let whole = versions.filter { $0.manifest != nil }
        let followed = Set(whole.compactMap { $0.manifest?.parent?.digest })
        return (whole.last { !followed.contains($0.digest) } ?? whole.last, false)
    }
}
