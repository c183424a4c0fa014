// A finished merge takes the place of its sources.

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
    /// Publishes the version in which the output of a merge stands for its inputs.
    ///
    /// Rows that were deleted while the merge ran are deleted in the output from its first version
    /// on. The output stands where the newest of its inputs stood: whatever knows an id of its rows
    /// and is newer holds a newer row of that id, and only then.
    func publish(_ job: CompactionJob, _ outcome: MergeOutcome) throws(StoreError) {
        try editing.withLock { _ throws(StoreError) in
            let ids = Set(job.inputs.map(\.record.id))
            let handles = reading.load().segments
            let live = manifests.current
            guard live.segments.contains(where: { ids.contains($0.id) }) else {
                // All their rows have died, and others have dropped them.
                return job.merge.abandon()
            }
            let deleted = deletedSince(job, outcome, handles)
            var next = try successor(of: live, deleted: [:])
            try replace(ids, by: outcome.written?.record, deleted: deleted, in: &next)
            let published: Manifest
            do throws(StoreError) {
                published = try publish(next, replacing: ids)
            } catch {
                // Only then it is unknown which version is live.
                guard error.code == .failed else { throw error }
                throw writing.withLock { fail(error, &$0) }
            }
            try show(published, job, outcome, known: handles.filter { !ids.contains($0.id) })
        }
    }

    /// The rows of the output that the version of now has as deleted.
    private func deletedSince(
        _ job: CompactionJob, _ outcome: MergeOutcome, _ handles: [SegmentHandle]
    ) -> RowSet {
        var ordinals: [UInt32] = []
        for (number, input) in job.inputs.enumerated() {
            let handle = handles.first { $0.id == input.record.id }
            // A segment that is gone had no live row left.
            let rows =
                handle?.deleted
                ?? RowSet(RowOrdinal(0)..<RowOrdinal(UInt32(input.record.rowCount)))
            rows.forEach { row in
                if let place = outcome.ordinals.place(of: row, input: number) {
                    ordinals.append(place.rawValue)
                }
            }
        }
        if Mutant.isPlanted(.forgetMergeDeletes) { return RowSet() }
        return RowSet(ordinals: ordinals)
    }

    private func replace(
        _ ids: Set<SegmentID>, by output: SegmentRecord?, deleted: RowSet,
        in next: inout Manifest
    ) throws(StoreError) {
        let newest = next.segments.lastIndex { ids.contains($0.id) } ?? 0
        let place = next.segments[..<newest].filter { !ids.contains($0.id) }.count
        next.segments.removeAll { ids.contains($0.id) }
        if var record = output, deleted.count < record.rowCount {
            if !deleted.isEmpty { try writeTombstones(deleted, of: &record, in: next) }
            next.segments.insert(
                record,
                at: Mutant.isPlanted(.misplaceMergeOutput) ? next.segments.count : place)
        }
        try withStorageErrors { () throws(StorageError) in
            try fileSystem.syncDirectory(directory.appending(FileNames.segmentFolder))
        }
        let (definitions, nextFileNumber) = writing.withLock {
            ($0.catalogue.definitions, $0.nextFileNumber)
        }
        next.attributes = definitions
        next.nextFileNumber = max(next.nextFileNumber, nextFileNumber)
    }

    /// Lets readers see the version, and has what memtables have deleted of the inputs be deleted
    /// of the output.
    private func show(
        _ published: Manifest, _ job: CompactionJob, _ outcome: MergeOutcome,
        known: [SegmentHandle]
    ) throws(StoreError) {
        let handles = try openPublished(published, known: known)
        writing.withLock { _ in
            let current = reading.load()
            for memtable in [current.active] + current.sealed
            where !Mutant.isPlanted(.forgetMarksAtMerge) {
                for (number, input) in job.inputs.enumerated() {
                    memtable.translateMarks(from: input.record.id, to: job.output) {
                        outcome.ordinals.place(of: $0, input: number)
                    }
                }
            }
            reading.store(
                ReadState(
                    active: current.active, sealed: current.sealed, manifest: published,
                    segments: handles))
        }
    }
}
