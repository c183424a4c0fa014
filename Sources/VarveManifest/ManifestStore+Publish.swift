// How the next version becomes the live one.

internal import Synchronization
public import VarveFormat
internal import VarveStorage
internal import VarveMutants

extension ManifestStore {
    /// Makes `next` the live version; durable when it returns.
    ///
    /// Its parent is filled in here. Order: the manifest's file, the directory, `CURRENT.tmp`, the
    /// rename to CURRENT, the directory again. Files it names must be durable before, names
    /// included.
    ///
    /// - Returns: The version as it was published.
    /// - Throws: ``ManifestError``: `refused`, `damaged` (it contradicts itself), `missingFile`,
    ///   `wrongLength`, `foreignStore`, `readOnly` and `noSpace` change nothing, and another
    ///   attempt may follow (with a new number after `noSpace`); after `failed` there is none:
    ///   which version is live is known only after loading again.
    @discardableResult
    public func publish(_ next: Manifest) throws(ManifestError) -> Manifest {
        let outcome = publishing.withLock { _ -> Result<Manifest, ManifestError> in
            do throws(ManifestError) { return .success(try publishAlone(next)) } catch {
                return .failure(error)
            }
        }
        return try outcome.get()
    }

    private func publishAlone(_ proposed: Manifest) throws(ManifestError) -> Manifest {
        try requireWritable()
        let (live, digest) = withState { ($0.versions[0], $0.digest) }
        try requireSuccessor(proposed, of: live)
        var next = proposed
        next.parent = ManifestParent(version: live.version, digest: digest)
        let bytes: [UInt8]
        do { bytes = try next.encoded() } catch { throw ManifestError(error) }
        let place = StoreDirectory(fileSystem: fileSystem, path: directory)
        try place.verifyFiles(of: next, except: Set(live.files))
        withState { $0.highestVersion = max($0.highestVersion, next.version) }
        do { try place.prepare(next, bytes) } catch {
            guard error.kind == .noSpace else { throw fail(error) }
            do { try place.abandon(next.version) } catch { throw fail(error) }
            throw .noSpace(error)
        }
        if Mutant.isPlanted(.retireBeforePublish) {
            for number in live.logFloor.rawValue..<next.logFloor.rawValue {
                try? fileSystem.remove(path(FileNames.log(LogNumber(number))))
            }
        }
        // From here on the new version may be live, whatever a call says.
        do { try place.commit() } catch { throw fail(error) }
        let newDigest = Digest(of: bytes)
        let kept = retention.manifestCount
        withState { state in
            state.versions.insert(next, at: 0)
            state.versions.removeLast(max(0, state.versions.count - kept))
            state.digest = newDigest
        }
        return next
    }

    /// Remembers that nothing can be published any more.
    private func fail(_ error: StorageError) -> ManifestError {
        withState { $0.failure = error }
        return .failed(error)
    }

    private func requireSuccessor(
        _ next: Manifest, of live: Manifest
    ) throws(ManifestError) {
        func require(
            _ condition: Bool, _ detail: @autoclosure () -> String
        ) throws(ManifestError) {
            guard condition else { throw .refused(detail: detail()) }
        }
        try require(next.store == live.store, "another store")
        try require(next.schema == live.schema, "another schema")
        try require(
            next.version >= nextVersion,
            "version \(next.version.rawValue), at least \(nextVersion.rawValue) expected")
        try require(next.file != live.file, "the file id of the live version")
        try require(next.logFloor >= live.logFloor, "the log floor goes back")
        try require(next.nextFileNumber >= live.nextFileNumber, "the next file number goes back")
        try require(next.lastSequence >= live.lastSequence, "the last sequence number goes back")
        try require(
            next.attributes.starts(with: live.attributes), "attributes are missing or changed")
    }
}

extension StoreDirectory {
    /// Removes what ``prepare(_:_:)`` has written of a version that will not become live.
    func abandon(_ version: VersionNumber) throws(StorageError) {
        for name in [FileNames.currentTemporary, FileNames.manifest(version)]
        where try fileSystem.status(path.appending(name)) != nil {
            try fileSystem.remove(path.appending(name))
        }
    }
}
