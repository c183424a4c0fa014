// The segments of a version, opened with their tombstones.

import VarveFormat
import VarveManifest
import VarveQuery
import VarveSegment
import VarveStorage
import VarveMutants

/// Opens the segments of versions.
struct SegmentOpening {
    let setting: Setting
    let options: Options
    let cache: PageCache
    /// Whether a damaged segment stays in its place, for those who do not need it.
    var keepsDamaged = false

    /// The segments of `manifest`, newest first.
    ///
    /// - Parameter known: Handles of an earlier version; open files are taken over from them.
    func open(_ manifest: Manifest, known: [SegmentHandle] = []) throws(StoreError)
        -> [SegmentHandle]
    {
        var handles: [SegmentHandle] = []
        var mappedByteCount = Self.mappedByteCount(of: known)
        handles.reserveCapacity(manifest.segments.count)
        for record in manifest.segments.reversed() {
            let old = known.first { $0.id == record.id }
            if let old, old.record == record {
                handles.append(old)
                continue
            }
            handles.append(try handle(record, known: old, &mappedByteCount))
        }
        return handles
    }

    /// Opens one segment and its tombstones; without them its rows cannot be told alive from dead.
    private func handle(
        _ record: SegmentRecord, known: SegmentHandle?, _ mappedByteCount: inout UInt64
    ) throws(StoreError) -> SegmentHandle {
        do throws(SegmentError) {
            let reader: SegmentReader
            if let known {
                reader = try known.reader
            } else {
                let isMapped = mappedByteCount + record.byteCount <= options.mappedByteLimit
                reader = try self.reader(record, access: isMapped ? .mapped : pages)
                if isMapped { mappedByteCount += record.byteCount }
            }
            return SegmentHandle(
                record: record, reader: .success(reader), deleted: try deleted(record))
        } catch {
            let damage = error.asDamage(of: record)
            let failure = StoreError(damage)
            guard keepsDamaged, failure.code == .corruption else { throw failure }
            setting.listener.corruption?(failure)
            return SegmentHandle(record: record, reader: .failure(damage), deleted: RowSet())
        }
    }

    /// How segments beyond the mapped share are read.
    private var pages: SegmentAccess { options.readsDirectly ? .direct(cache) : .paged(cache) }

    /// Opens one segment.
    private func reader(
        _ record: SegmentRecord, access: SegmentAccess
    ) throws(SegmentError) -> SegmentReader {
        try SegmentReader(
            fileSystem: setting.fileSystem,
            path: setting.directory.appending(FileNames.segment(record.id)), expecting: record,
            access: access)
    }

    /// Bytes of files that are mapped already.
    private static func mappedByteCount(of handles: [SegmentHandle]) -> UInt64 {
        handles.reduce(0) { sum, handle in
            let isMapped = (try? handle.reader.isMapped) ?? false
            return isMapped ? sum + handle.record.byteCount : sum
        }
    }

    /// The deleted rows of a segment as its record names them.
    private func deleted(_ record: SegmentRecord) throws(SegmentError) -> RowSet {
        guard let tombstones = record.tombstones else { return RowSet() }
        let name = FileNames.tombstones(record.id, tombstones.version)
        let bytes: [UInt8]
        do throws(StorageError) {
            bytes = try setting.fileSystem.readWholeFile(
                setting.directory.appending(name), limit: TombstoneFile.maximumByteCount)
        } catch {
            throw .storage(error)
        }
        do throws(FormatError) {
            guard
                Digest(of: bytes) == tombstones.digest
                    || Mutant.isPlanted(.skipTombstoneChecksum)
            else {
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
            throw .damaged(error.inFile(name))
        }
    }
}

extension SegmentError {
    /// The same error, where a file that a version names is missing or short: that is damage.
    func asDamage(of record: SegmentRecord) -> SegmentError {
        guard case .storage(let error) = self, error.kind == .notFound || error.kind == .endOfFile
        else { return self }
        return .damaged(
            FormatError(
                .truncated, file: FileNames.segment(record.id), section: "file", offset: 0,
                detail: "\(error)"))
    }
}
