// Small stores on a disk in memory.

import Testing
import VarveFormat
import VarveManifest
import VarveStorage

let storeDirectory = FilePath("/store")
let sampleStore = StoreID(low: 11, high: 22)

extension Manifest {
    /// The first version of the sample store.
    static var first: Manifest {
        Manifest(
            store: sampleStore, file: FileID(1),
            schema: Schema(dimension: 4, metric: .cosine, elementType: .float32),
            createdMicroseconds: 1_000_000, options: [StoredOption(key: "a", value: "b")])
    }

    /// A version to be published next, without changes.
    func next(_ store: ManifestStore) -> Manifest {
        let version = store.nextVersion
        return successor(
            version: version, file: FileID(version.rawValue * 1_000), createdMicroseconds: 2)
    }
}

extension MemoryDisk {
    /// A disk with a store of version 1.
    static func withStore() throws -> (MemoryDisk, ManifestStore) {
        let disk = MemoryDisk()
        let store = try ManifestStore.create(
            fileSystem: disk, directory: storeDirectory, manifest: .first)
        return (disk, store)
    }

    func load(readOnly: Bool = false) throws(ManifestError) -> ManifestStore {
        try ManifestStore.load(
            fileSystem: self, directory: storeDirectory, readOnly: readOnly)
    }

    /// Puts a file there that begins with the header `file` must have.
    func put(_ file: StoreFile, kind: FileKind, number: UInt64, id: UInt64) -> [UInt8] {
        let header = FileHeader(
            kind: kind, store: sampleStore, file: FileID(id), number: number)
        let bytes = header.encoded() + [UInt8](repeating: 7, count: 100)
        self["/store/" + file.name] = bytes
        return bytes
    }

    /// Puts a segment there and gives its record.
    func putSegment(_ number: UInt64) -> SegmentRecord {
        let bytes = put(
            .segment(SegmentID(number)), kind: .segment, number: number, id: number + 500)
        return SegmentRecord(
            id: SegmentID(number), file: FileID(number + 500), byteCount: UInt64(bytes.count),
            digest: Digest(of: bytes), rowCount: 10, firstSequence: SequenceNumber(1),
            lastSequence: SequenceNumber(2))
    }

    /// Puts tombstones there and gives their record.
    func putTombstones(_ segment: UInt64, _ version: UInt64) -> TombstoneRecord {
        let file = TombstoneFile(
            store: sampleStore, file: FileID(segment * 7 + version), segment: SegmentID(segment),
            version: VersionNumber(version), rowCount: 10, rows: [RowOrdinal(3)])
        let (bytes, record) = file.encoded()
        self["/store/" + FileNames.tombstones(SegmentID(segment), VersionNumber(version))] = bytes
        return record
    }

    /// Publishes a version with one more segment, as a flush does.
    @discardableResult
    func flush(_ store: ManifestStore) throws -> Manifest {
        var next = store.current.next(store)
        let number = store.nextFileNumber
        next.segments.append(putSegment(number))
        next.nextFileNumber = number + 1
        next.lastSequence = SequenceNumber(2)
        return try store.publish(next)
    }
}

/// Records that a test has met another error than it expects.
func recordUnexpected(_ error: (any Error)?, at location: SourceLocation = #_sourceLocation) {
    Issue.record("unexpected: \(String(describing: error))", sourceLocation: location)
}
