// A bulk load from its reservation to its publication.

import Synchronization
import VarveCompaction
import VarveFormat
import VarveLog
import VarveManifest
import VarveMemtable
import VarveQuery
import VarveSegment
import VarveStorage
import VarveMutants

/// What the engine knows of the bulk load that is under way.
struct LoadState {
    /// Whether there is one; only one at a time.
    var isRunning = false
    /// Files that the load has written, or is about to, and that no version names yet.
    var files: Set<StoreFile> = []
}

/// A finished load on its way into a version.
final class LoadPublication: Sendable {
    /// The load's place among all writes.
    let sequence: SequenceNumber
    let segments: [LoadedSegment]
    /// The live rows of older segments that the load replaces, as far as they have been looked for.
    let replaced: [SegmentID: RowSet]
    /// Live rows that were replaced; set by the publication.
    let replacedRowCount = Mutex<Int>(0)

    init(_ load: BulkLoad, replaced: [SegmentID: RowSet]) {
        sequence = load.sequence
        segments = load.segments
        self.replaced = replaced
    }
}

extension Engine {
    /// Numbers left free below a load's own for the batches that are written while it runs.
    private static var reservedSequenceCount: UInt64 { 1 << 32 }

    /// Loads the rows that `next` gives, until it gives none.
    func bulkLoad(
        totalRowCount: Int?, segmentRowCount: Int?, observer: TransferObserver?,
        next: () throws(StoreError) -> Row?
    ) throws(StoreError) -> BulkLoadReport {
        try requireWritable()
        guard segmentRowCount ?? 1 >= 1 else {
            throw StoreError(.invalidArgument, "a segment has at least one row")
        }
        try beginLoad()
        defer { endLoad() }
        let sequence = writing.withLock { state in
            SequenceNumber(state.lastSequence.rawValue + Self.reservedSequenceCount)
        }
        var load = BulkLoad(
            self, sequence: sequence, totalRowCount: totalRowCount,
            segmentRowCount: segmentRowCount, observer: observer)
        do throws(StoreError) {
            while let row = try next() { try load.append(row) }
            try load.finish()
            return try publish(load)
        } catch {
            abandonLoad()
            throw error
        }
    }

    /// Waits for the load before.
    ///
    /// A store that is closed once a load has begun waits for its end.
    private func beginLoad() throws(StoreError) {
        var hasBegun = false
        progress.wait {
            if isClosed.load(ordering: .acquiring) { return true }
            hasBegun = loading.withLock { state in
                guard !state.isRunning else { return false }
                state.isRunning = true
                return true
            }
            return hasBegun
        }
        guard hasBegun else { throw .storeClosed }
    }

    private func endLoad() {
        loading.withLock { $0 = LoadState() }
        progress.open()
    }

    /// Removes what an unpublished load has written.
    private func abandonLoad() {
        // After a failure the version on the disk may be one that names the files.
        guard !hasFailed.load(ordering: .acquiring) else { return }
        let files = loading.withLock { $0.files }
        for file in files.sorted() { try? fileSystem.remove(directory.appending(file.name)) }
    }

    /// A number for the next segment of the load, and the store's ids of the names that the load
    /// knows.
    ///
    /// The file is safe from being retired from here on.
    func beginSegment(
        with names: AttributeCatalogue
    ) throws(StoreError) -> (SegmentID, [AttributeDefinition], [AttributeID]) {
        guard let all = AttributeNames(names.definitions) else {
            preconditionFailure("a catalogue has each name once")
        }
        let begun = try writing.withLock { state throws(StoreError) in
            if let failure = state.failure { throw failure }
            do throws(AttributeCatalogue.Refusal) {
                let table = try state.catalogue.resolve(all)
                let id = SegmentID(state.nextFileNumber)
                state.nextFileNumber += 1
                // Before a manifest can be published that has this number behind it.
                loading.withLock { _ = $0.files.insert(.segment(id)) }
                return (id, state.catalogue.definitions, table)
            } catch {
                throw error.storeError
            }
        }
        return begun
    }

    // MARK: - Publishing

    /// Brings a finished load into the order of all writes, and before readers.
    private func publish(_ load: BulkLoad) throws(StoreError) -> BulkLoadReport {
        var report = BulkLoadReport(sequence: visibleSequence)
        report.readRowCount = load.rowCount
        guard !load.segments.isEmpty else { return report }
        // Most of the work is done while others write: what they have written until now becomes
        // segments, and replaced rows are looked for there.
        try flush()
        var replaced: [SegmentID: RowSet] = [:]
        for handle in reading.load().segments {
            replaced[handle.id] = try withSegmentErrors { () throws(SegmentError) in
                try LoadedSegment.rows(of: handle, replacedBy: load.segments)
            }
        }
        let publication = LoadPublication(load, replaced: replaced)
        let request = CommitRequest(engine: self, publication: publication)
        try commits.commit(request, byteCount: 0)
        guard let outcome = request.outcome else {
            preconditionFailure("a commit returned without an outcome")
        }
        report.sequence = try outcome.get()
        for segment in load.segments {
            report.rowCount += segment.record.rowCount - segment.deleted.count
            report.byteCount += segment.record.byteCount
        }
        report.segmentCount = load.segments.count
        report.replacedRowCount = publication.replacedRowCount.withLock { $0 }
        return report
    }

    /// Publishes a load; called by the leader of the group commit, so that nobody else writes.
    func publishOutcome(
        of load: LoadPublication
    ) -> Result<SequenceNumber, StoreError> {
        do throws(StoreError) {
            // Whatever a memtable holds was written before the load.
            try sealActive(ifAtLeast: 1)
            progress.wait {
                reading.load().sealed.isEmpty || hasFailed.load(ordering: .acquiring)
                    || isOutOfSpace.load(ordering: .acquiring)
            }
            try requireWritable()
            guard reading.load().sealed.isEmpty else {
                throw StoreError(.noSpace, "the disk is full; the load was given up")
            }
            try takePlace(load.sequence)
            try editing.withLock { _ throws(StoreError) in try edit(load) }
            return .success(load.sequence)
        } catch {
            note(error)
            return .failure(error)
        }
    }

    /// Gives the load's number out: an empty batch in the log stands for the load, so that the
    /// numbers of logs go on without a gap at their seams.
    private func takePlace(_ sequence: SequenceNumber) throws(StoreError) {
        var encoder = BatchEncoder(vectorByteCount: schema.vectorByteCount)
        var empty = encoder.finish()
        try writing.withLock { state throws(StoreError) in
            if let failure = state.failure { throw failure }
            guard sequence > state.lastSequence, let log = state.log else {
                throw StoreError(
                    .tooLarge, "more than 2^32 batches were written while the load ran")
            }
            empty.assign(
                sequence, microseconds: state.commitTime(runtime.wallClockMicroseconds()))
            do throws(LogError) {
                if !Mutant.isPlanted(.dropLoadPlace) { try log.append(payloads: [empty.bytes]) }
                try log.sync()
            } catch {
                throw fail(StoreError(error), &state)
            }
            state.lastSequence = sequence
        }
        counters.logSyncCount.add(1)
    }

    /// Publishes the version with the load's segments; under ``editing``.
    private func edit(_ load: LoadPublication) throws(StoreError) {
        let current = reading.load()
        precondition(
            current.sealed.isEmpty && current.active.view.operationCount == 0,
            "nothing is older than a load and not in a segment")
        var deleted: [SegmentID: RowSet] = [:]
        var replacedRowCount = 0
        for handle in current.segments {
            let rows = try replacedRows(of: handle, load)
            guard !rows.isEmpty, !Mutant.isPlanted(.forgetReplacedByLoad) else { continue }
            replacedRowCount += rows.count
            deleted[handle.id] = handle.deleted.union(rows)
        }
        let next = try version(with: load, deleted: deleted)
        let published: Manifest
        do throws(StoreError) {
            published = try publish(next)
        } catch {
            // Only then it is unknown which version is live.
            guard error.code == .failed else { throw error }
            throw writing.withLock { fail(error, &$0) }
        }
        try show(published, load)
        counters.rowCount.add(load.segments.reduce(0) { $0 + UInt64($1.record.rowCount) })
        load.replacedRowCount.withLock { $0 = replacedRowCount }
    }

    /// The rows of a segment that are live and replaced by the load.
    private func replacedRows(
        of handle: SegmentHandle, _ load: LoadPublication
    ) throws(StoreError) -> RowSet {
        if let known = load.replaced[handle.id] { return known.subtracting(handle.deleted) }
        return try withSegmentErrors { () throws(SegmentError) in
            try LoadedSegment.rows(of: handle, replacedBy: load.segments)
        }
    }

    /// The version after the live one that has the load's segments, the newest last.
    private func version(
        with load: LoadPublication, deleted: [SegmentID: RowSet]
    ) throws(StoreError) -> Manifest {
        let live = manifests.current
        var next = try successor(of: live, deleted: deleted)
        next.segments.removeAll { $0.liveCount == 0 }
        for segment in load.segments {
            var record = segment.record
            if !segment.deleted.isEmpty {
                try writeTombstones(segment.deleted, of: &record, in: next)
            }
            if record.liveCount > 0 { next.segments.append(record) }
        }
        try withStorageErrors { () throws(StorageError) in
            try fileSystem.syncDirectory(directory.appending(FileNames.segmentFolder))
        }
        let (definitions, nextFileNumber, floor) = writing.withLock { state in
            let floor = state.spans.values.map(\.firstLog).min()
            return (state.catalogue.definitions, state.nextFileNumber, floor)
        }
        next.attributes = definitions
        next.nextFileNumber = max(next.nextFileNumber, nextFileNumber)
        next.logFloor = max(live.logFloor, floor ?? live.logFloor)
        next.lastSequence = max(live.lastSequence, load.sequence)
        return next
    }

    /// Lets readers see a published load.
    private func show(_ published: Manifest, _ load: LoadPublication) throws(StoreError) {
        let handles = try openPublished(published, known: reading.load().segments)
        writing.withLock { state in
            let current = reading.load()
            if state.catalogue.definitions.count > names.load().definitions.count {
                names.store(NameTable(state.catalogue.definitions))
            }
            reading.store(
                ReadState(
                    active: current.active, sealed: current.sealed, manifest: published,
                    segments: handles))
        }
        counters.visibleSequence.store(load.sequence.rawValue, ordering: .releasing)
    }
}
