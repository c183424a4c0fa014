// What the logs hold that no segment does, brought back into memory. Writes nothing until it begins
// a new log.

import VarveFormat
import VarveGraph
import VarveLog
import VarveManifest
import VarveMemtable
import VarveQuery
import VarveSegment
import VarveStorage
import VarveMutants

/// The state of a store on its way from its files to an engine.
struct Recovery {
    private let setting: Setting
    private let manifests: ManifestStore
    private let options: Options
    private let segments: [SegmentHandle]
    /// Logs that had to be read.
    private(set) var logCount = 0
    /// Memtables that are full, newest first.
    private var sealed: [Memtable] = []
    private var active: Memtable
    private(set) var writer: Engine.WriterState
    /// The last log.
    private var last: RecoveredLog?
    private var applier: BatchApplier

    init(
        setting: Setting, manifests: ManifestStore, options: Options, segments: [SegmentHandle]
    ) throws(StoreError) {
        self.setting = setting
        self.manifests = manifests
        self.options = options
        self.segments = segments
        let live = manifests.current
        applier = BatchApplier(schema: live.schema)
        writer = Engine.WriterState(
            log: nil, catalogue: AttributeCatalogue(live.attributes),
            lastSequence: live.lastSequence, lastMicroseconds: live.createdMicroseconds,
            nextFileNumber: manifests.nextFileNumber, spans: [:], failure: nil)
        let id = SegmentID(writer.nextFileNumber).asMemtableSource
        writer.nextFileNumber += 1
        active = try MemtableMaking.make(id, live.schema, options, atLeast: 0)
        writer.spans[id] = Engine.LogSpan(firstLog: live.logFloor)
    }

    /// The state recovered so far.
    var state: ReadState {
        ReadState(
            active: active, sealed: sealed, manifest: manifests.current, segments: segments)
    }

    /// Applies every batch of every log from the manifest's floor on, in order.
    mutating func replayLogs() throws(StoreError) {
        let live = manifests.current
        let numbers = try logNumbers(from: live.logFloor)
        logCount = numbers.count
        for (index, number) in numbers.enumerated() {
            let ending = try ending(before: numbers[(index + 1)...].first)
            let expectation = LogExpectation(store: live.store, number: number, ending: ending)
            do throws(LogError) {
                last = try replay(expectation)
            } catch {
                throw StoreError(error)
            }
            if let problem = applier.problem { throw problem }
        }
    }

    /// Begins the log that will take this process's writes: the only writing that recovery does.
    mutating func beginLog() throws(StoreError) {
        // (Loading the manifest has made the name of CURRENT durable.)
        let predecessor = try renewLastLog()
        let number = LogNumber(writer.nextFileNumber)
        writer.nextFileNumber += 1
        writer.log = try withLogErrors { () throws(LogError) in
            try LogWriter.create(
                setting.fileSystem, directory: setting.directory, number: number,
                store: manifests.current.store, fileID: FileID(setting.runtime.randomBits()),
                prologue: LogPrologue(
                    lastSequence: writer.lastSequence, predecessor: predecessor),
                preallocatedByteCount: options.logPreallocationByteCount)
        }
        if writer.spans[active.sourceID]?.sequences == nil {
            writer.spans[active.sourceID]?.firstLog = number
        }
    }

    // MARK: - Inside

    /// Makes durable what has been read of the last log.
    ///
    /// If the process had died, or a sync had failed, the end of that log may be in the page cache
    /// alone. The next log will say where it ends, and readers will see its rows: neither may
    /// become untrue. That holds for a log with an end record too, whose sync may have been cut
    /// off.
    ///
    /// - Returns: What the next log's prologue says of it.
    private func renewLastLog() throws(StoreError) -> LogPredecessor? {
        try withLogErrors { () throws(LogError) in
            try removeUnfinishedLogs(setting.fileSystem, directory: setting.directory)
            guard let last else { return nil }
            if Mutant.isPlanted(.dropLogRenewal) { return last.asPredecessor }
            return try renewLog(setting.fileSystem, directory: setting.directory, last)
        }
    }

    private func logNumbers(from floor: LogNumber) throws(StoreError) -> [LogNumber] {
        let names = try withStorageErrors { () throws(StorageError) in
            try setting.fileSystem.list(setting.directory.appending(FileNames.logFolder))
        }
        return names.compactMap(FileNames.logNumber).filter { $0 >= floor }.sorted()
    }

    /// How a log may end: as its successor's prologue says, or, for the newest, torn.
    private func ending(before next: LogNumber?) throws(StoreError) -> LogExpectation.Ending {
        guard let next, !Mutant.isPlanted(.ignoreLogSuccessor) else { return .newest() }
        return try withLogErrors { () throws(LogError) in
            .before(
                try readLogPrologue(
                    setting.fileSystem, directory: setting.directory,
                    store: manifests.current.store, number: next))
        }
    }

    private mutating func replay(
        _ expectation: LogExpectation
    ) throws(LogError) -> RecoveredLog {
        let known = writer.lastSequence
        let recovered = try recoverLog(
            setting.fileSystem, directory: setting.directory, expecting: expectation
        ) { (payload, offset) throws(LogError) in
            do throws(FormatError) {
                try apply(payload, offset: offset, log: expectation.number)
            } catch {
                throw .format(error.inFile(FileNames.log(expectation.number)))
            }
        }
        try requireNoGap(before: recovered, known: known)
        return recovered
    }

    /// Throws if a log follows writes that neither a segment nor an earlier log holds.
    private func requireNoGap(
        before log: RecoveredLog, known: SequenceNumber
    ) throws(LogError) {
        guard log.prologue.lastSequence > known else { return }
        throw .format(
            FormatError(
                .misplaced, file: FileNames.log(log.number), section: "log record",
                offset: UInt64(FileHeader.byteCount),
                detail:
                    "the log follows write \(log.prologue.lastSequence.rawValue), but segments and "
                    + "earlier logs end with \(known.rawValue): a log is missing"))
    }

    private mutating func apply(
        _ payload: RawSpan, offset: UInt64, log: LogNumber
    ) throws(FormatError) {
        guard applier.problem == nil else { return }
        _ = writer.commitTime(BatchDecoder.microseconds(of: payload) ?? 0)
        guard let sequence = BatchDecoder.sequence(of: payload), sequence > writer.lastSequence
        else { return }
        if Mutant.isPlanted(.recoverOffByOne), writer.lastSequence == manifests.current.lastSequence
        {
            writer.lastSequence = sequence
            return
        }
        let room = BatchRoom(
            payload: payload, schema: active.schema, graph: options.graphParameters)
        if !room.fits(active) {
            if active.view.operationCount > 0 {
                active.seal()
                sealed.insert(active, at: 0)
            } else {
                writer.spans[active.sourceID] = nil
            }
            let id = SegmentID(writer.nextFileNumber).asMemtableSource
            writer.nextFileNumber += 1
            do throws(StoreError) {
                active = try MemtableMaking.make(
                    id, active.schema, options, atLeast: room.byteCount)
            } catch {
                applier.problem = error
                return
            }
            writer.spans[id] = Engine.LogSpan(firstLog: log)
        }
        try applier.apply(
            payload, offset: offset, validates: true, to: active,
            older: OlderSources(sealed: sealed, segments: segments), &writer.catalogue)
        active.publish()
        writer.lastSequence = sequence
        writer.spans[active.sourceID]?.add(sequence)
    }
}
