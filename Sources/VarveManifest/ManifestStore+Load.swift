// From a directory to its live version, or to the reason why there is none.

internal import VarveFormat
public import VarveStorage
internal import VarveMutants

extension ManifestStore {
    /// Loads the live version of the store in `directory`.
    ///
    /// The version is verified by length, digest and store id. Newer versions are ignored and
    /// reported. Read-only loading writes nothing; otherwise every file the version names must be
    /// there with the right length and header, and missing folders are made.
    ///
    /// - Throws: ``ManifestError``: `notAStore`, `interruptedCreation`, `repairNeeded`,
    ///   `missingFile`, `wrongLength`, `foreignStore`, `tooNew`, `damaged`, `storage`.
    public static func load(
        fileSystem: any FileSystem, directory: FilePath, readOnly: Bool,
        retention: Retention = Retention()
    ) throws(ManifestError) -> ManifestStore {
        let place = StoreDirectory(fileSystem: fileSystem, path: directory)
        try place.requireStore()
        var report = LoadReport()
        let live: Manifest
        let digest: Digest
        switch try place.readCurrent() {
        case .success(let pointer):
            live = try place.manifest(pointer)
            digest = pointer.digest
            // A reader learns of a missing or short file when it needs it; the others it can read.
            if !readOnly { try place.verifyFiles(of: live) }
        case .failure(let missing):
            let heads = try place.chainHeads()
            guard readOnly, heads.count == 1, let (head, headDigest) = heads.first else {
                throw .repairNeeded(
                    directory: directory, reason: missing.reason,
                    candidates: heads.map(\.0.version))
            }
            report.choseWithoutCurrent = true
            report.currentError = missing.reason
            (live, digest) = (head, headDigest)
        }
        var state = State(
            versions: [live], digest: digest, highestVersion: live.version,
            nextFileNumber: live.nextFileNumber, failure: nil)
        do {
            // This also makes the name of CURRENT durable if an interrupted publication has not:
            // the files of older versions may go from now on.
            if !readOnly, !Mutant.isPlanted(.dropPointerRenewal) {
                try place.makeDurableFolders()
            }
            for file in try place.files() {
                state.note(file)
                if case .manifest(let number) = file, number > live.version {
                    report.newerVersions.append(number)
                }
            }
            for name in try place.names(in: FileNames.trashFolder) {
                if let retired = RetiredName(name) { state.note(retired.file) }
            }
        } catch {
            throw .storage(error)
        }
        state.versions += try place.history(of: live, retention, &report)
        return ManifestStore(
            fileSystem: fileSystem, directory: directory, retention: retention,
            isReadOnly: readOnly, state: state, report: report)
    }
}

extension ManifestStore.State {
    /// Keeps the counters above the numbers of a file that is on disk.
    fileprivate mutating func note(_ file: StoreFile) {
        switch file {
        case .manifest(let number): highestVersion = max(highestVersion, number)
        case .tombstones(_, let number): highestVersion = max(highestVersion, number)
        case .log(let number): raise(number.rawValue)
        case .segment(let number): raise(number.rawValue)
        }
    }

    private mutating func raise(_ number: UInt64) {
        guard !Mutant.isPlanted(.reuseFileNumber) else { return }
        if number < .max { nextFileNumber = max(nextFileNumber, number + 1) }
    }
}

extension StoreDirectory {
    /// Why CURRENT gives no version.
    struct NoPointer: Error {
        /// What is wrong with its text; nil if it is missing.
        var reason: FormatError?
    }

    /// Refuses a directory that holds no store.
    func requireStore() throws(ManifestError) {
        let state: DirectoryState
        do { state = try self.state() } catch { throw .storage(error) }
        switch state {
        case .store: return
        case .missing: throw .notAStore(directory: path, detail: "there is no such directory")
        case .vacant: throw .notAStore(directory: path, detail: "the directory is empty")
        case .skeleton: throw .interruptedCreation(directory: path)
        case .foreign(let detail): throw .notAStore(directory: path, detail: detail)
        }
    }

    /// Reads CURRENT; a text that cannot be read is no error yet, one of a later format is.
    func readCurrent() throws(ManifestError) -> Result<CurrentPointer, NoPointer> {
        let bytes: [UInt8]
        do {
            bytes = try fileSystem.readWholeFile(path.appending(FileNames.current), limit: 4_096)
        } catch {
            if error.kind == .notFound { return .failure(NoPointer(reason: nil)) }
            guard error.kind == .tooLarge else { throw .storage(error) }
            bytes = [UInt8](repeating: 0, count: 4_097)
        }
        do { return .success(try CurrentPointer(decoding: bytes)) } catch {
            let error = error.inFile(FileNames.current)
            guard error.kind != .tooNew else { throw .tooNew(error) }
            return .failure(NoPointer(reason: error))
        }
    }

    /// The whole versions of one store, with all their files, that no other such version follows.
    ///
    /// None if manifests of several stores lie about.
    func chainHeads() throws(ManifestError) -> [(Manifest, Digest)] {
        var candidates: [(Manifest, Digest)] = []
        let files: [StoreFile]
        do { files = try self.files() } catch { throw .storage(error) }
        for case .manifest(let number) in files {
            do {
                let candidate = try manifest(number)
                try verifyFiles(of: candidate.0)
                candidates.append(candidate)
            } catch {
                if case .storage = error { throw error }
            }
        }
        guard Set(candidates.map(\.0.store)).count <= 1 else { return [] }
        let followed = Set(candidates.compactMap(\.0.parent?.digest))
        return candidates.filter { !followed.contains($0.1) }
    }

    /// The versions before `live` that are to be kept, newest first, as far as the chain is whole.
    func history(
        of live: Manifest, _ retention: Retention, _ report: inout LoadReport
    ) throws(ManifestError) -> [Manifest] {
        var versions: [Manifest] = []
        var link = live.parent
        while let parent = link, versions.count + 1 < retention.manifestCount {
            do {
                let (manifest, digest) = try manifest(parent.version)
                guard digest == parent.digest, manifest.store == live.store else {
                    report.historyIsBroken = true
                    break
                }
                versions.append(manifest)
                link = manifest.parent
            } catch {
                if case .storage = error { throw error }
                report.historyIsBroken = true
                break
            }
        }
        return versions
    }
}
