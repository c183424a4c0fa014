// Rows that go by themselves: which they are, and what is kept of them.

import Synchronization
import VarveCompaction
import VarveFilter
import VarveFormat
import VarveMemtable
import VarveQuery
import VarveSegment
import VarveStorage

extension Engine {
    /// Which rows readers of now do not see; nil while no row of the store has ever had an expiry.
    var expiryRule: ExpiryRule? {
        names.load().expiryID.map {
            ExpiryRule(attribute: $0, nowMicroseconds: runtime.wallClockMicroseconds())
        }
    }

    /// The rows of a segment that have expired, deleted ones included.
    func expiredRows(of handle: SegmentHandle) throws(SegmentError) -> RowSet {
        guard let rule = expiryRule, let table = try handle.reader.expiry(rule.attribute) else {
            return RowSet()
        }
        return table.expired(at: rule.nowMicroseconds)
    }

    /// How many rows of a segment have expired; none where it cannot be read.
    func expiredRowCount(of handle: SegmentHandle) -> Int {
        guard let rule = expiryRule, let table = try? handle.reader.expiry(rule.attribute) else {
            return 0
        }
        return table.expiredCount(at: rule.nowMicroseconds)
    }

    // MARK: - Maximum size

    /// The rows of a segment to be dropped next so that the store keeps to its maximum size, those
    /// written first; nil if it does.
    ///
    /// Looks at every row of every segment; asked only while the store is too large.
    func oversize() throws(SegmentError) -> (segment: SegmentID, rows: RowSet)? {
        let limit = options.retention.maximumByteCount
        let handles = reading.load().segments
        let liveByteCount = handles.reduce(0.0) { $0 + $1.liveByteCount }
        guard limit > 0, liveByteCount > Double(limit), let written = names.load().writtenID
        else { return nil }
        // A tenth less, so that not every flush rewrites a segment.
        var excess = liveByteCount - Double(limit) * 0.9
        var rows: [(moment: Int64, handle: Int, row: UInt32)] = []
        for (index, handle) in handles.enumerated() {
            let column = try handle.reader.attributes().column(written)
            for row in 0..<UInt32(handle.record.rowCount)
            where !handle.deleted.contains(RowOrdinal(row)) {
                guard case .date(let moment)? = column?.value(of: RowOrdinal(row)) else {
                    // Written before there was a maximum: before all others.
                    rows.append((.min, index, row))
                    continue
                }
                rows.append((moment, index, row))
            }
        }
        rows.sort { ($0.moment, $0.handle, $0.row) < ($1.moment, $1.handle, $1.row) }
        var oldest = [[UInt32]](repeating: [], count: handles.count)
        for (_, index, row) in rows {
            guard excess > 0 else { break }
            excess -= handles[index].liveByteCount / Double(max(1, handles[index].liveRowCount))
            oldest[index].append(row)
        }
        guard let most = oldest.indices.max(by: { oldest[$0].count < oldest[$1].count }),
            !oldest[most].isEmpty
        else { return nil }
        return (handles[most].id, RowSet(ordinals: oldest[most]))
    }

    // MARK: - Archive

    /// Writes the rows that a merge drops although nobody has deleted them into a file of the
    /// archive, durably; nothing without an archive or such rows.
    func archive(_ job: CompactionJob) throws(StoreError) {
        let folder = options.retention.archivePath
        guard !folder.isEmpty, job.goneRows.contains(where: { !$0.isEmpty }) else { return }
        try withStorageErrors { () throws(StorageError) in
            try fileSystem.createDirectories(FilePath(folder))
        }
        let path = folder + "/" + FileNames.archive(job.output)
        try withStorageErrors { () throws(StorageError) in
            // An earlier attempt at the same merge.
            if try fileSystem.status(FilePath(path)) != nil {
                try fileSystem.remove(FilePath(path))
            }
        }
        let snapshot = Snapshot(engine: self)
        let lines = try OutputFile(fileSystem, path)
        do throws(StoreError) {
            for (number, input) in job.inputs.enumerated() {
                try archive(job.goneRows[number], of: input.record.id, snapshot, lines)
            }
            try lines.finish()
        } catch {
            lines.abandon()
            throw error
        }
    }

    private func archive(
        _ gone: RowSet, of segment: SegmentID, _ snapshot: Snapshot, _ lines: OutputFile
    ) throws(StoreError) {
        let view = snapshot.view
        guard let index = view.state.segments.firstIndex(where: { $0.id == segment }) else {
            return
        }
        let handle = view.state.segments[index]
        let memtables = view.memtables
        for ordinal in gone.ordinals {
            let row = RowOrdinal(ordinal)
            // Who deletes a row does not want it kept.
            guard !handle.deleted.contains(row),
                !memtables.contains(where: { $0.isMarked(segment, row) })
            else { continue }
            let place = RowPlace.segment(index, row)
            let id = try withSegmentErrors { () throws(SegmentError) in try view.id(of: place) }
            lines.pending.appendJSONLine(
                Row(
                    id: id, vector: try snapshot.reader.vector(at: place),
                    attributes: try snapshot.reader.attributes(at: place)))
            try lines.drain()
        }
    }
}

extension SegmentHandle {
    /// Bytes of its file that live rows take, about.
    fileprivate var liveByteCount: Double {
        Double(record.byteCount) * Double(liveRowCount) / Double(max(1, record.rowCount))
    }
}

extension Store {
    /// Writes the rows of an archive directory, oldest files first, without their expiry.
    ///
    /// Rows of the store with the same ids are replaced. May be repeated.
    ///
    /// - Returns: Rows imported.
    /// - Throws: as ``importRows(from:batchRowCount:observer:)``.
    @discardableResult
    public func importArchive(from path: String) throws(StoreError) -> Int {
        let names = try withStorageErrors { () throws(StorageError) in
            try engine.fileSystem.list(FilePath(path))
        }
        var count = 0
        for name in names.filter(FileNames.isArchive).sorted() {
            var transfer = Import(self, batchRowCount: 1_000, observer: nil)
            transfer.stripsRetention = true
            count += try transfer.read(.jsonLines(path: path + "/" + name))
        }
        return count
    }
}
