// From a sealed memtable to a published version, and from there to readers.

import Synchronization
import VarveCompaction
import VarveFormat
import VarveManifest
import VarveMemtable
import VarveQuery
import VarveSegment
import VarveStorage
import VarveMutants

extension Engine {
    /// Turns the oldest sealed memtable into a segment of a new version.
    ///
    /// The builder's. Steps: finish the graph; write the segment, sync and verify it; write the
    /// tombstones that the memtable's marks add up to; publish the manifest; let readers see the
    /// segment in the memtable's place; retire what nobody needs any more. A crash or a failure
    /// between any two of them loses nothing: the logs are still needed by the last manifest that
    /// is durable.
    func flush(_ memtable: Memtable) throws(StoreError) {
        let start = runtime.monotonicNanoseconds()
        let facts = writing.withLock { state in
            (state.spans[memtable.sourceID]?.sequences, state.catalogue.definitions)
        }
        guard let sequences = facts.0 else {
            preconditionFailure("a sealed memtable holds at least one write")
        }
        let store = manifests.current.store
        counters.flushingSince.store(start, ordering: .relaxed)
        counters.flushingRowCount.store(UInt64(memtable.view.rowCount), ordering: .relaxed)
        defer { counters.flushingRowCount.store(0, ordering: .relaxed) }
        let sealed = try withStorageErrors { () throws(StorageError) in
            try memtable.finishGraph(runtime: runtime, threadCount: options.threadCount)
        }
        let plan = FlushPlan(
            store: store, directory: directory, id: memtable.segmentID,
            file: FileIdentity.segment(store, memtable.segmentID), sequences: sequences,
            attributes: facts.1, includesWalk: options.walkBlocks)
        // Others publish versions and retire files meanwhile.
        compaction.withLock { _ = $0.files.insert(.segment(memtable.segmentID)) }
        defer { compaction.withLock { _ = $0.files.remove(.segment(memtable.segmentID)) } }
        let written = try withSegmentErrors { () throws(SegmentError) in
            try writeSegment(
                of: sealed, plan, fileSystem: fileSystem, runtime: runtime,
                threadCount: options.threadCount)
        }
        let record = written?.record
        try editing.withLock { _ throws(StoreError) in
            let next = try nextManifest(
                after: manifests.current, adding: record, memtable, sequences)
            try install(try publish(next), in: memtable, sealed)
        }
        noteFlush(
            rowCount: sealed.rowCount, nanoseconds: runtime.monotonicNanoseconds() - start)
        counters.flushCount.add(1)
        counters.flushedByteCount.add(record?.byteCount ?? 0)
        listener.flushed?(
            FlushEvent(
                segment: record?.id, rowCount: sealed.rowCount, byteCount: record?.byteCount ?? 0,
                recall: written?.recall,
                nanoseconds: runtime.monotonicNanoseconds() - start))
        compaction.withLock { _ = $0.files.remove(.segment(memtable.segmentID)) }
        retire()
        if memtable.publishedByteCount >= Self.largeMemtableByteCount { releaseUnusedMemory() }
    }

    /// Memtables from this size on leave enough behind to give it back.
    private static var largeMemtableByteCount: Int { 1 << 20 }

    /// The version in which `memtable` is a segment, and its marks are tombstones; its tombstone
    /// files are durable.
    private func nextManifest(
        after live: Manifest, adding record: SegmentRecord?, _ memtable: Memtable,
        _ sequences: ClosedRange<SequenceNumber>
    ) throws(StoreError) -> Manifest {
        let view = memtable.view
        let handles = reading.load().segments
        var deleted: [SegmentID: RowSet] = [:]
        for segment in live.segments {
            let marks = view.marks(on: segment.id)
            guard !marks.isEmpty, let handle = handles.first(where: { $0.id == segment.id })
            else { continue }
            var rows = Mutant.isPlanted(.dropTombstonesEarly) ? RowSet() : handle.deleted
            for mark in marks { rows.insert(mark.ordinal) }
            deleted[segment.id] = rows
        }
        var next = try successor(of: live, deleted: deleted)
        next.segments.removeAll { $0.liveCount == 0 }
        if let record { next.segments.append(record) }
        let (definitions, nextFileNumber, floor) = writing.withLock { state in
            let floors = state.spans.filter { $0.key != memtable.sourceID }.map(\.value.firstLog)
            return (state.catalogue.definitions, state.nextFileNumber, floors.min())
        }
        next.attributes = definitions
        next.nextFileNumber = max(next.nextFileNumber, nextFileNumber)
        next.logFloor = max(live.logFloor, floor ?? live.logFloor)
        if Mutant.isPlanted(.raiseLogFloor) {
            next.logFloor = LogNumber(next.logFloor.rawValue + 1)
        }
        next.lastSequence = max(live.lastSequence, sequences.upperBound)
        return next
    }

    /// The version after `live` in which the rows in `deleted` are the deleted ones of those
    /// segments, with the options in force; the tombstone files are durable.
    func successor(
        of live: Manifest, deleted: [SegmentID: RowSet]
    ) throws(StoreError) -> Manifest {
        let version = manifests.nextVersion
        var next = live.successor(
            version: version, file: FileIdentity.manifest(live.store, version),
            createdMicroseconds: runtime.wallClockMicroseconds())
        next.options = mergedOptions(live.options)
        for index in next.segments.indices {
            guard let rows = deleted[next.segments[index].id] else { continue }
            try writeTombstones(rows, of: &next.segments[index], in: next)
        }
        guard !deleted.isEmpty, !Mutant.isPlanted(.dropTombstoneNameSync) else { return next }
        try withStorageErrors { () throws(StorageError) in
            try fileSystem.syncDirectory(directory.appending(FileNames.segmentFolder))
        }
        return next
    }

    /// Writes the tombstones of a segment as of the version of `next`, durable but for the name.
    func writeTombstones(
        _ rows: RowSet, of segment: inout SegmentRecord, in next: Manifest
    ) throws(StoreError) {
        let (id, version) = (segment.id, next.version)
        let file = TombstoneFile(
            store: next.store, file: FileIdentity.tombstones(next.store, id, version),
            segment: id, version: version, rowCount: segment.rowCount, rows: rows)
        let (bytes, tombstones) = file.encoded()
        try withStorageErrors { () throws(StorageError) in
            let path = directory.appending(FileNames.tombstones(id, version))
            if try fileSystem.status(path) != nil { try fileSystem.remove(path) }
            if Mutant.isPlanted(.dropTombstoneSync) {
                try fileSystem.open(path, .create).writeFully(bytes, at: 0)
            } else {
                try fileSystem.writeFileDurably(path, bytes)
            }
        }
        segment.tombstones = tombstones
    }

    /// The options in force over those stored; keys this version does not know stay.
    private func mergedOptions(_ stored: [StoredOption]) -> [StoredOption] {
        let mine = options.stored()
        let others = stored.filter { option in !mine.contains { $0.key == option.key } }
        return mine + others
    }

    /// Makes a version durable and live.
    ///
    /// - Parameter merged: Segments that a merge replaces, which tells of them itself.
    func publish(
        _ next: Manifest, replacing merged: Set<SegmentID> = []
    ) throws(StoreError) -> Manifest {
        let before = manifests.current.segments
        let published = try withManifestErrors { () throws(ManifestError) in
            try manifests.publish(next)
        }
        counters.publishedVersionCount.add(1)
        let kept = Set(published.segments.map(\.id))
        let dropped = before.filter { !kept.contains($0.id) && !merged.contains($0.id) }
        if !dropped.isEmpty {
            listener.compacted?(
                CompactionEvent(
                    inputs: dropped.map(\.id), output: nil,
                    droppedRowCount: dropped.reduce(0) { $0 + $1.rowCount },
                    freedByteCount: dropped.reduce(0) { $0 + $1.byteCount }))
        }
        return published
    }

    /// Opens the segments of a version that is live on the disk, but for those in `known`.
    ///
    /// - Throws: What is in the way; the store has failed then, since this process does not have
    ///   the version that the disk has.
    func openPublished(
        _ published: Manifest, known: [SegmentHandle]
    ) throws(StoreError) -> [SegmentHandle] {
        let opening = SegmentOpening(
            setting: Setting(
                fileSystem: fileSystem, runtime: runtime, directory: directory),
            options: options, cache: cache)
        do throws(StoreError) {
            return try opening.open(published, known: known)
        } catch {
            throw writing.withLock { fail(error, &$0) }
        }
    }

    /// Lets readers see the published version, in which a segment stands for `memtable`.
    private func install(
        _ published: Manifest, in memtable: Memtable, _ sealed: SealedMemtable
    ) throws(StoreError) {
        let handles = try openPublished(published, known: reading.load().segments)
        writing.withLock { state in
            let current = reading.load()
            let newer = [current.active] + current.sealed.filter { $0 !== memtable }
            // What newer memtables have deleted of this one, they have now deleted of the segment.
            for other in newer where !Mutant.isPlanted(.forgetMarksAtFlush) {
                other.translateMarks(
                    from: memtable.sourceID, to: memtable.segmentID
                ) { sealed.ordinal($0) }
            }
            state.spans[memtable.sourceID] = nil
            reading.store(
                ReadState(
                    active: current.active, sealed: Array(newer.dropFirst()), manifest: published,
                    segments: handles))
        }
        endStall()
    }

    /// Moves what nothing needs any more to the trash.
    func retire() {
        guard !Mutant.isPlanted(.dropRetirement) else { return }
        do throws(ManifestError) {
            let now = runtime.wallClockMicroseconds()
            try retiring.withLock { _ throws(ManifestError) in
                _ = try manifests.retire(
                    nowMicroseconds: now,
                    pinned: loading.withLock { $0.files }.union(compaction.withLock { $0.files }))
            }
        } catch {
            // It is found again by the next flush; the store itself does not depend on it.
            listener.backgroundFailure?(StoreError(error))
        }
    }
}
