// Writes one log file: records in gathered writes, syncs, and an end record at the end.

internal import Synchronization
public import VarveFormat
public import VarveStorage
internal import VarveMutants

/// One log file, open for writing.
///
/// All calls may be made from any thread; they take turns, except that ``sync()`` and
/// ``extendZeroed(to:)`` let appends go on while the disk works. The first failed write or sync
/// ends the log: every later call throws the same error, and nothing is tried again, because what
/// the file then holds is unknown until it is read anew.
public final class LogWriter: Sendable {
    /// The number in the file's name.
    public let number: LogNumber
    /// The salt of the file's checksums.
    public let fileID: FileID

    struct State {
        var length: UInt64
        var syncedThrough: UInt64
        var lastSequence: SequenceNumber
        var syncedSequence: SequenceNumber
        var batchCount: UInt64 = 0
        /// Bytes the file has for certain; zero if nothing was promised.
        var promisedByteCount: UInt64
        var failure: LogError?
        var buffer = ByteWriter()
    }

    let file: any StoredFile
    let state: Mutex<State>
    /// Bytes from the beginning of the file that the zero-fill has left for records; see
    /// LogWriter+Zeroing.swift.
    let zeroFrontier: Atomic<UInt64>
    /// Held while zeros are written and while the frontier moves.
    let zeroing = Mutex<Void>(())

    /// Bytes of records gathered before they are written.
    static let gatherByteCount = 4 << 20
    /// The most room the buffer keeps between calls.
    static let keptByteCount = 8 << 20

    private init(
        number: LogNumber, fileID: FileID, file: any StoredFile, _ prologue: LogPrologue
    ) {
        self.number = number
        self.fileID = fileID
        self.file = file
        state = Mutex(
            State(
                length: LogPrologue.endOffset, syncedThrough: LogPrologue.endOffset,
                lastSequence: prologue.lastSequence, syncedSequence: prologue.lastSequence,
                promisedByteCount: prologue.roomByteCount))
        zeroFrontier = Atomic(LogPrologue.endOffset)
    }

    /// Creates log `number` of the store in `directory`, whose log folder is there already.
    ///
    /// The file gets its name once header, prologue and room for `preallocatedByteCount` bytes are
    /// durable, so that a log is there whole or not at all; when this returns, the name is durable,
    /// too. When it throws, the file may be there or not, or under its first name, which
    /// ``removeUnfinishedLogs(_:directory:)`` looks for; its number must not be used again.
    public static func create(
        _ fileSystem: any FileSystem, directory: FilePath, number: LogNumber, store: StoreID,
        fileID: FileID, prologue: LogPrologue, preallocatedByteCount: UInt64 = 64 << 20
    ) throws(LogError) -> LogWriter {
        let path = directory.appending(FileNames.log(number))
        let firstPath = directory.appending(FileNames.log(number) + unfinishedSuffix)
        var prologue = prologue
        prologue.roomByteCount = preallocatedByteCount
        var writer = ByteWriter(capacity: Int(LogPrologue.endOffset))
        writer.append(
            contentsOf: FileHeader(
                kind: .log, store: store, file: fileID, number: number.rawValue
            ).encoded())
        let payload = prologue.encoded()
        let header = LogRecordHeader(
            payloadByteCount: payload.count, type: LogRecordType.prologue.rawValue,
            syncedThrough: 0)
        unsafe payload.withUnsafeBytes {
            unsafe writer.appendLogRecord(
                header, payload: $0, offset: UInt64(FileHeader.byteCount), file: fileID)
        }
        do throws(StorageError) {
            let first = try fileSystem.open(firstPath, .create)
            if preallocatedByteCount > 0 { try first.preallocate(0..<preallocatedByteCount) }
            try first.writeFully(writer.bytes, at: 0)
            if !Mutant.isPlanted(.dropLogCreationSync) { try first.sync(.full) }
            try first.close()
            try fileSystem.rename(firstPath, to: path)
            if !Mutant.isPlanted(.dropLogNameSync) {
                try fileSystem.syncDirectory(path.parent)
            }
            let file = try fileSystem.open(path, .readWrite)
            return LogWriter(number: number, fileID: fileID, file: file, prologue)
        } catch {
            throw .storage(error)
        }
    }

    /// Bytes of the file that hold records, from its beginning.
    public var byteCount: UInt64 { state.withLock { $0.length } }
    /// Every byte before this offset is durable.
    public var syncedThrough: UInt64 { state.withLock { $0.syncedThrough } }
    /// The last batch appended, or the last before this log.
    public var lastSequence: SequenceNumber { state.withLock { $0.lastSequence } }
    /// The last batch that is durable, or the last before this log.
    public var syncedSequence: SequenceNumber { state.withLock { $0.syncedSequence } }
    /// The error that ended the log; nil while it takes records.
    public var failure: LogError? { state.withLock { $0.failure } }

    /// Appends a batch's payload as one record; see ``append(payloads:)``.
    public func append(payload: [UInt8]) throws(LogError) {
        try append(payloads: [payload])
    }

    /// Appends batches, each one record, in as few writes as their size allows.
    ///
    /// They are durable after the next ``sync()``.
    ///
    /// Each payload begins with its sequence number, greater than all before.
    /// - Throws: ``LogError/payloadTooLarge(byteCount:)`` before anything is written, or what ended
    ///   the log.
    public func append(payloads: [[UInt8]]) throws(LogError) {
        for payload in payloads where payload.count > LogRecordHeader.maximumPayloadByteCount {
            throw .payloadTooLarge(byteCount: payload.count)
        }
        let byteCount = payloads.reduce(0) {
            $0 + LogRecordHeader.recordByteCount(payload: $1.count)
        }
        try turn { state throws(LogError) in
            try makeRoom(for: UInt64(byteCount), &state)
            for payload in payloads {
                gather(payload, .batch, &state)
                if state.buffer.count >= Self.gatherByteCount { try writeGathered(&state) }
            }
            try writeGathered(&state)
        }
    }

    /// Appends a record that says how far the file has been synced, so that damage to the last
    /// synced batch is told from a torn tail.
    ///
    /// Worth a call when writing pauses; it need not be synced.
    public func appendSyncMark() throws(LogError) {
        try turn { state throws(LogError) in
            guard state.batchCount > 0, state.syncedThrough == state.length else { return }
            try makeRoom(for: Self.spareByteCount, &state)
            gather([], .syncMark, &state)
            try writeGathered(&state)
        }
    }

    /// Makes every batch appended before the call durable.
    public func sync() throws(LogError) {
        let (length, sequence) = try turn { state in (state.length, state.lastSequence) }
        do throws(StorageError) {
            if !Mutant.isPlanted(.dropLogSync) { try file.sync(.data) }
        } catch {
            if !Mutant.isPlanted(.ignoreFailedLogSync) { throw fail(error) }
        }
        try turn { state in
            state.syncedThrough = max(state.syncedThrough, length)
            state.syncedSequence = max(state.syncedSequence, sequence)
        }
    }

    /// Ends the log in order: end record, sync, exact length, full sync, close.
    ///
    /// What has not been synced is synced before, so that the end record can say so: otherwise
    /// damage to it could not be told from a torn tail. The file is cut only once its end record is
    /// durable: a log that is short and has no end has been damaged.
    ///
    /// Gives what the next log's prologue says of it.
    public func seal() throws(LogError) -> LogPredecessor {
        let length = try turn { state throws(LogError) -> UInt64 in
            try settle(&state)
            let recordByteCount = LogRecordHeader.recordByteCount(payload: LogEnd.byteCount)
            let end = LogEnd(
                lastSequence: state.lastSequence, batchCount: state.batchCount,
                byteCount: state.length + UInt64(recordByteCount))
            gather(end.encoded(), .end, &state)
            try writeGathered(&state)
            // No zeros may be written behind the end from here on.
            claim(upTo: .max)
            do throws(StorageError) {
                let isSynced = !Mutant.isPlanted(.dropSealSync)
                if isSynced { try file.sync(.data) }
                try file.truncate(to: state.length)
                if isSynced { try file.sync(.full) }
                try file.close()
            } catch {
                state.failure = .storage(error)
                throw .storage(error)
            }
            state.syncedThrough = state.length
            state.syncedSequence = state.lastSequence
            state.failure = .closed
            return state.length
        }
        return LogPredecessor(number: number, file: fileID, byteCount: length, isSealed: true)
    }

    /// Closes the file as it is, as a crash would leave it; for a log that has failed or is not
    /// needed any more.
    public func close() throws(LogError) {
        try turn { state throws(LogError) in
            claim(upTo: .max)
            state.failure = .closed
            do throws(StorageError) {
                try file.close()
            } catch {
                state.failure = .storage(error)
                throw .storage(error)
            }
        }
    }

    // MARK: - Inside

    /// Runs `body` alone on the state, unless the log has ended.
    func turn<R: Sendable>(
        _ body: (inout sending State) throws(LogError) -> R
    ) throws(LogError) -> R {
        try state.withLock { state throws(LogError) in
            if let failure = state.failure { throw failure }
            return try body(&state)
        }
    }

    /// Ends the log because of `error`; gives the error that every call throws from now on.
    func fail(_ error: StorageError) -> LogError {
        state.withLock { state in
            if let failure = state.failure { return failure }
            state.failure = .storage(error)
            return .storage(error)
        }
    }

    /// Syncs what has been written and not been synced.
    private func settle(_ state: inout State) throws(LogError) {
        guard state.syncedThrough < state.length, !Mutant.isPlanted(.dropSealSync) else { return }
        do throws(StorageError) {
            try file.sync(.data)
        } catch {
            state.failure = .storage(error)
            throw .storage(error)
        }
        state.syncedThrough = state.length
        state.syncedSequence = state.lastSequence
    }

    func gather(_ payload: [UInt8], _ type: LogRecordType, _ state: inout State) {
        let offset = state.length + UInt64(state.buffer.count)
        let header = LogRecordHeader(
            payloadByteCount: payload.count, type: type.rawValue,
            isIgnorable: type == .syncMark, syncedThrough: state.syncedThrough)
        unsafe payload.withUnsafeBytes {
            unsafe state.buffer.appendLogRecord(header, payload: $0, offset: offset, file: fileID)
            guard type == .batch else { return }
            let sequence = unsafe BatchDecoder.sequence(of: RawSpan(_unsafeBytes: $0))
            precondition(
                sequence.map { $0 > state.lastSequence } ?? false,
                "batches come in the order of their sequence numbers")
            state.lastSequence = sequence ?? .zero
            state.batchCount += 1
        }
    }

    func writeGathered(_ state: inout State) throws(LogError) {
        guard state.buffer.count > 0 else { return }
        let end = state.length + UInt64(state.buffer.count)
        do throws(StorageError) {
            claim(upTo: end)
            try file.writeFully(state.buffer.bytes, at: state.length)
        } catch {
            state.failure = .storage(error)
            throw .storage(error)
        }
        state.length = end
        if state.buffer.count > Self.keptByteCount {
            state.buffer = ByteWriter()
        } else {
            state.buffer.removeAll()
        }
    }
}
