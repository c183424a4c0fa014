// Merging segments in the background, a step at a time.

import Synchronization
import VarveCompaction
import VarveFormat
import VarveGraph
import VarveManifest
import VarveQuery
import VarveSegment
import VarveStorage

extension Engine {
    private static var giveWayNanoseconds: UInt64 { 2_000_000 }
    private static var retryNanoseconds: UInt64 { 2_000_000_000 }

    /// The step of the worker that merges.
    func compactorStep() -> WorkerStep {
        if isStopping.load(ordering: .acquiring) {
            endCompaction()
            return .finished
        }
        if hasFailed.load(ordering: .acquiring) { return .idle }
        // Searches, writes and flushes come first.
        if !isCompactorPolite.exchange(true, ordering: .relaxed) { runtime.enterBackground() }
        return compactionStep()
    }

    /// Makes one step of the merge under way, or begins the next.
    func compactionStep() -> WorkerStep {
        compacting.withLock { job in
            let (isPaused, isCancelled) = compaction.withLock { ($0.isPaused, $0.isCancelled) }
            if isCancelled { giveUp(&job) }
            if isPaused { return .idle }
            if job == nil {
                do throws(StoreError) {
                    job = try beginCompaction()
                } catch {
                    note(error)
                    listener.backgroundFailure?(error)
                    return postpone(by: Self.retryNanoseconds)
                }
            }
            guard let current = job else { return restBeforeNext() }
            if mustGiveWay { return .sleep(nanoseconds: Self.giveWayNanoseconds) }
            return advance(current, &job)
        }
    }

    /// Gives up what is under way and what has been asked for; the end of the compactor.
    func endCompaction() {
        compacting.withLock { job in giveUp(&job) }
        let requests = compaction.withLock { state in
            defer { state.requests = [] }
            return state.requests
        }
        for request in requests {
            request.end(.storeClosed)
        }
        progress.open()
    }

    /// Flushes come first, unless segments pile up.
    private var mustGiveWay: Bool {
        let state = reading.load()
        return state.sealed.count >= 2
            && state.segments.count < 2 * options.compaction.segmentLimit
    }

    private func postpone(by nanoseconds: UInt64) -> WorkerStep {
        let now = runtime.monotonicNanoseconds()
        compaction.withLock { $0.resumeNanoseconds = now + nanoseconds }
        return .sleep(nanoseconds: nanoseconds)
    }

    /// How long nothing is to be done: until the next flush or request, or until a failure is
    /// worth another try.
    private func restBeforeNext() -> WorkerStep {
        let now = runtime.monotonicNanoseconds()
        let resume = compaction.withLock { $0.resumeNanoseconds }
        return resume > now ? .sleep(nanoseconds: resume - now) : .idle
    }

    // MARK: - Beginning

    /// Begins what the first request needs, or else what the rules find due; nil if there is
    /// nothing.
    private func beginCompaction() throws(StoreError) -> CompactionJob? {
        while let request = compaction.withLock({ $0.requests.first }) {
            do throws(StoreError) {
                if let plan = plan(for: request) { return try begin(plan, for: request) }
                end(request)
            } catch {
                end(request, error)
                throw error
            }
        }
        guard options.compaction.isAutomatic,
            runtime.monotonicNanoseconds() >= compaction.withLock({ $0.resumeNanoseconds })
        else { return nil }
        let facts = segmentFacts()
        if let plan = options.compaction.picker.pick(facts, freeByteCount: freeForCompaction()) {
            return try begin(plan, for: nil)
        }
        let excess = try withSegmentErrors { () throws(SegmentError) in try oversize() }
        guard let excess else { return nil }
        let plan = CompactionPlan(
            merging: facts.filter { $0.id == excess.segment }, reason: .size)
        return try begin(plan, for: nil, dropping: excess)
    }

    private func plan(for request: CompactionRequest) -> CompactionPlan? {
        let (picker, facts) = (options.compaction.picker, segmentFacts())
        switch request.work {
        case .due: return picker.pick(facts, freeByteCount: freeForCompaction())
        case .all: return picker.everything(facts, freeByteCount: freeForCompaction())
        case .purge(let ids):
            let next = facts.first { ids.contains($0.id) && $0.deadShare > 0 }
            return next.map { CompactionPlan(merging: [$0], reason: .demand) }
        }
    }

    /// Ends a request, which may have been cancelled meanwhile.
    private func end(_ request: CompactionRequest, _ failure: StoreError? = nil) {
        compaction.withLock { state in state.requests.removeAll { $0 === request } }
        request.end(failure)
        progress.open()
    }

    /// What the picker may know, but for segments that cannot be read.
    func segmentFacts() -> [SegmentFacts] {
        let damaged = compaction.withLock { $0.damaged }
        return reading.load().segments.reversed().compactMap { handle in
            damaged.contains(handle.id) ? nil : facts(of: handle)
        }
    }

    /// What the picker may know of one segment.
    func facts(of handle: SegmentHandle) -> SegmentFacts {
        SegmentFacts(
            id: handle.id, rowCount: handle.record.rowCount,
            deletedRowCount: handle.deleted.count,
            expiredRowCount: expiredRowCount(of: handle), byteCount: handle.record.byteCount,
            tombstoneByteCount: handle.record.tombstones?.byteCount ?? 0)
    }

    /// Bytes a merge may take: of what is free beyond the reserve, a part stays for scratch files.
    private func freeForCompaction() -> UInt64 {
        guard let free = try? fileSystem.freeByteCount(directory) else { return .max }
        return (free - min(free, options.lowSpaceByteCount)) / 5 * 4
    }

    private func begin(
        _ plan: CompactionPlan, for request: CompactionRequest?,
        dropping excess: (segment: SegmentID, rows: RowSet)? = nil
    ) throws(StoreError) -> CompactionJob? {
        let handles = reading.load().segments
        var inputs: [MergeInput] = []
        var gone: [RowSet] = []
        for id in plan.inputs {
            guard let handle = handles.first(where: { $0.id == id }) else { continue }
            try withSegmentErrors { () throws(SegmentError) in
                var rows = try expiredRows(of: handle)
                if let excess, excess.segment == id { rows.formUnion(excess.rows) }
                rows.subtract(handle.deleted)
                inputs.append(
                    MergeInput(
                        reader: try handle.reader, record: handle.record,
                        dropped: handle.deleted.union(rows)))
                gone.append(rows)
            }
        }
        guard !inputs.isEmpty else { return nil }
        let (output, definitions) = try writing.withLock { state throws(StoreError) in
            if let failure = state.failure { throw failure }
            let output = SegmentID(state.nextFileNumber)
            state.nextFileNumber += 1
            // Before a manifest can be published that has this number behind it.
            compaction.withLock { _ = $0.files.insert(.segment(output)) }
            return (output, state.catalogue.definitions)
        }
        let store = manifests.current.store
        let first = inputs.map(\.record.firstSequence).min() ?? .zero
        let last = inputs.map(\.record.lastSequence).max() ?? first
        let flushPlan = FlushPlan(
            store: store, directory: directory, id: output,
            file: FileIdentity.segment(store, output), sequences: first...last,
            attributes: definitions, includesWalk: options.walkBlocks)
        let merge: SegmentMerge
        do throws(SegmentError) {
            merge = try SegmentMerge(
                inputs, flushPlan, mergeSettings, fileSystem: fileSystem, runtime: runtime,
                pulse: WorkPulse { [weak self] in self?.compactionBeat(byteCount: $0) ?? false })
        } catch {
            unpin(output)
            noteDamage(error, of: inputs)
            throw StoreError(error)
        }
        let job = CompactionJob(
            plan: plan, inputs: inputs, goneRows: gone, output: output, merge: merge,
            request: request,
            startNanoseconds: runtime.monotonicNanoseconds())
        let status = job.status
        compaction.withLock { $0.running = status }
        listener.compactionBegan?(status)
        return job
    }

    private var mergeSettings: MergeSettings {
        var graph = options.graphParameters
        graph.fillsLists = true
        var settings = MergeSettings(
            graph: graph, memoryByteLimit: options.mergeByteLimit)
        settings.scratchByteLimit = options.mergeScratchByteLimit
        settings.recallPenalty = options.compaction.recallPenalty
        return settings
    }

    // MARK: - Going on

    private func advance(_ current: CompactionJob, _ job: inout CompactionJob?) -> WorkerStep {
        let threads = options.compaction.threadCount
        do throws(StoreError) {
            let step = try withSegmentErrors { () throws(SegmentError) in
                do throws(SegmentError) {
                    return try current.merge.step(
                        threadCount: threads == 0 ? options.threadCount : threads)
                } catch {
                    noteDamage(error, of: current.inputs)
                    throw error
                }
            }
            current.byteCount += UInt64(step.byteCount)
            let status = current.status
            compaction.withLock { $0.running = status }
            guard let outcome = current.merge.outcome else {
                listener.compactionProgressed?(status)
                return rest(after: step.byteCount)
            }
            try archive(current)
            try publish(current, outcome)
            finish(current, outcome, &job)
            return .again
        } catch {
            if error.code == .cancelled {
                // Whoever has cancelled it has told the callers.
                giveUp(&job)
                return .again
            }
            note(error)
            giveUp(&job)
            listener.backgroundFailure?(error)
            if let request = current.request { end(request, error) }
            return postpone(by: Self.retryNanoseconds)
        }
    }

    /// Between two pieces of a long step: rests while merging is paused, gives way to flushes and
    /// keeps to the rate; says whether to go on.
    private func compactionBeat(byteCount: Int) -> Bool {
        while !isStopping.load(ordering: .acquiring) && !hasFailed.load(ordering: .acquiring) {
            let (isPaused, isCancelled) = compaction.withLock { ($0.isPaused, $0.isCancelled) }
            if isCancelled { return false }
            // A step made by hand has nobody to rest for.
            guard !options.compaction.isStepped, isPaused || mustGiveWay else {
                if case .sleep(let nanoseconds) = rest(after: byteCount) {
                    runtime.sleep(nanoseconds: nanoseconds)
                }
                return true
            }
            runtime.sleep(nanoseconds: Self.giveWayNanoseconds)
        }
        return false
    }

    /// Keeps to the rate.
    private func rest(after byteCount: Int) -> WorkerStep {
        let rate = options.compaction.bytesPerSecond
        guard rate > 0, byteCount > 0 else { return .again }
        return .sleep(
            nanoseconds: UInt64(Double(byteCount) / Double(rate) * 1_000_000_000))
    }

    private func finish(
        _ current: CompactionJob, _ outcome: MergeOutcome, _ job: inout CompactionJob?
    ) {
        job = nil
        unpin(current.output)
        compaction.withLock { $0.running = nil }
        counters.mergeCount.add(1)
        counters.compactedByteCount.add(outcome.writtenByteCount)
        let event = current.event(outcome, now: runtime.monotonicNanoseconds())
        if let refused = outcome.refused {
            counters.refusedMergeCount.add(1)
            listener.compactionRefused?(
                CompactionRefusal(
                    inputs: event.inputs, sourceRecall: refused.sourceRecall,
                    outputRecall: refused.outputRecall))
        }
        current.request?.add { report in
            report.mergeCount += 1
            report.inputCount += event.inputs.count
            report.rowCount += event.rowCount
            report.droppedRowCount += event.droppedRowCount
            report.writtenByteCount += event.byteCount
            report.freedByteCount += event.freedByteCount
            report.distanceCount += outcome.distanceCount
        }
        listener.compacted?(event)
        retire()
        releaseUnusedMemory()
        progress.open()
    }

    /// Drops the merge under way, with what it has written.
    private func giveUp(_ job: inout CompactionJob?) {
        if let current = job {
            // After a failure the version on the disk may be one that names the file.
            if !hasFailed.load(ordering: .acquiring) { current.merge.abandon() }
            unpin(current.output)
            job = nil
        }
        compaction.withLock { state in
            state.running = nil
            state.isCancelled = false
        }
        progress.open()
    }

    /// Segments that a merge or a flush writes now, or has written and not yet published.
    var unpublishedSegments: Set<SegmentID> {
        let files = compaction.withLock { $0.files }
        return Set(
            files.compactMap {
                if case .segment(let id) = $0 { id } else { nil }
            })
    }

    private func unpin(_ output: SegmentID) {
        compaction.withLock { _ = $0.files.remove(.segment(output)) }
    }

    /// Remembers which input is damaged: merges without it go on.
    private func noteDamage(_ error: SegmentError, of inputs: [MergeInput]) {
        guard case .damaged(let damage) = error else { return }
        for input in inputs where damage.file == FileNames.segment(input.record.id) {
            compaction.withLock { _ = $0.damaged.insert(input.record.id) }
        }
    }
}
