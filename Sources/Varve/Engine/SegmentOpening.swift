// The segments of a version, opened with their tombstones.

import VarveFormat
import VarveManifest
import VarveQuery
import VarveSegment
import VarveStorage

/// Opens the segments of versions.
struct SegmentOpening {
    let setting: Setting
    let options: Options
    let cache: PageCache

    /// The segments of `manifest`, newest first.
    ///
    /// - Parameter known: Handles of an earlier version; open files are taken over from them.
    func open(_ manifest: Manifest, known: [SegmentHandle] = []) throws(StoreError)
        -> [SegmentHandle]
    {
        var handles: [SegmentHandle] = []
        handles.reserveCapacity(manifest.segments.count)
        for record in manifest.segments.reversed() {
            let old = known.first { $0.id == record.id }
            if let old, old.record == record {
                handles.append(old)
                continue
            }
            let reader: SegmentReader
            if let old { reader = old.reader } else { reader = try self.reader(record) }
            handles.append(
                SegmentHandle(
                    record: record, reader: reader, deleted: try deleted(record)))
        }
        return handles
    }

    /// Opens one segment, in the way the memory budget allows.
    func reader(_ record: SegmentRecord) throws(StoreError) -> SegmentReader {
        try withSegmentErrors { () throws(SegmentError) in
            try SegmentReader(
                fileSystem: setting.fileSystem,
                path: setting.directory.appending(FileNames.segment(record.id)),
                expecting: record, access: access(record))
        }
    }

    private func access(_ record: SegmentRecord) -> SegmentAccess {
        options.mapsSegments ? .mapped : .paged(cache)
    }

    /// The deleted rows of a segment as its record names them.
    private func deleted(_ record: SegmentRecord) throws(StoreError) -> RowSet {
        guard let tombstones = record.tombstones else { return RowSet() }
        let name = FileNames.tombstones(record.id, tombstones.version)
        let bytes = try withStorageErrors { () throws(StorageError) in
            try setting.fileSystem.readWholeFile(
                setting.directory.appending(name), limit: TombstoneFile.maximumByteCount)
        }
        do throws(FormatError) {
            guard Digest(of: bytes) == tombstones.digest else {
                throw FormatError(
                    .checksumMismatch, section: "tombstones", offset: 0,
                    detail: "the file's digest is not the one in the manifest")
            }
            let file = unsafe try TombstoneFile(decoding: bytes.span.bytes)
            guard file.segment == record.id, file.rowCount == record.rowCount else {
                throw FormatError(
                    .misplaced, section: "tombstones", offset: 0,
                    detail: "tombstones of segment \(file.segment.rawValue)")
            }
            return file.rows
        } catch {
            throw StoreError(error.inFile(name))
        }
    }
}
