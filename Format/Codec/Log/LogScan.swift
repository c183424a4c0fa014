// Reads a log record by record and decides how it ends. No I/O: whoever has the bytes hands them
// in.

/// What a step of a ``LogScan`` has found.
public enum LogScanStep: Hashable, Sendable {
    /// Nothing to hand out; the scan has moved on.
    case more
    /// A batch; its payload stands at this place of the window.
    case batch(SequenceNumber, payload: Range<Int>)
    /// The log ends here.
    case finished(LogVerdict)
}

/// The reading of one log, as a state machine over windows of its bytes.
///
/// Give ``step(_:)`` a window that begins at ``offset`` and has ``wantedByteCount`` bytes, or all
/// that the file has left, until it answers ``LogScanStep/finished(_:)``. Every batch it hands out
/// is whole, in order, and not behind a hole. What damage means is decided by the table in
/// Format/Specification/log.md: it is a torn tail only where nothing proves that the place had been
/// synced, and an error otherwise.
public struct LogScan: Sendable {
    enum State {
        case beginning
        case records
        /// Behind the last good record: looking for a proof that there was more.
        case tail(hole: UInt64, defect: FormatError?, isZero: Bool)
        /// Behind the end record: only zeros may follow.
        case afterEnd
        case finished
    }

    /// What the log must be.
    public let expectation: LogExpectation
    /// Bytes of the file.
    public let fileByteCount: UInt64
    /// Where the next window must begin.
    public internal(set) var offset: UInt64 = 0
    /// Bytes the next window must have, unless the file ends before.
    public internal(set) var wantedByteCount: Int
    /// The file's header, once read.
    public private(set) var header: FileHeader?
    /// The log's prologue, once read.
    public private(set) var prologue: LogPrologue?
    /// The last sequence number so far, of this log or before it.
    public private(set) var lastSequence = SequenceNumber.zero
    /// Batches handed out so far.
    public private(set) var batchCount: UInt64 = 0
    /// Records of unknown type that could be skipped.
    public private(set) var skippedRecordCount: UInt64 = 0
    /// The highest synced-through offset of a good record so far.
    public private(set) var syncedThrough: UInt64 = 0
    /// Bytes the file was promised to have for as long as it has no end record.
    public private(set) var promisedByteCount: UInt64 = 0
    /// Bytes from the beginning of the file to the end of the last good record.
    public private(set) var validByteCount: UInt64 = 0

    var state = State.beginning
    var file: FileID { header?.file ?? FileID(0) }

    /// A reading of a file of `fileByteCount` bytes, from its beginning.
    public init(expecting expectation: LogExpectation, fileByteCount: UInt64) {
        self.expectation = expectation
        self.fileByteCount = fileByteCount
        wantedByteCount = Int(LogPrologue.endOffset)
    }

    /// Reads on in `window`, which begins at ``offset``.
    ///
    /// - Throws: ``FormatError`` for damage that is no torn tail, and for a log of another store,
    ///   number or format.
    public mutating func step(_ window: RawSpan) throws(FormatError) -> LogScanStep {
        let left = fileByteCount - offset
        precondition(UInt64(window.byteCount) <= left, "the window reaches past the file")
        precondition(
            window.byteCount >= wantedByteCount || UInt64(window.byteCount) == left,
            "the window is too small")
        switch state {
        case .beginning: return try stepBeginning(window)
        case .records: return try stepRecord(window)
        case .tail(let hole, let defect, let isZero):
            return try stepTail(window, hole: hole, defect: defect, isZero: isZero)
        case .afterEnd: return try stepAfterEnd(window)
        case .finished: preconditionFailure("the scan is finished")
        }
    }

    mutating func finish(_ verdict: LogVerdict) -> LogScanStep {
        state = .finished
        return .finished(verdict)
    }

    func error(
        _ kind: FormatError.Kind, at offset: UInt64, _ detail: String
    ) -> FormatError {
        FormatError(kind, section: "log record", offset: offset, detail: detail)
    }

    // MARK: - Header and prologue

    private mutating func stepBeginning(_ window: RawSpan) throws(FormatError) -> LogScanStep {
        if case .before(let prologue) = expectation.ending {
            guard let facts = prologue.predecessor, facts.number == expectation.number else {
                throw error(.misplaced, at: 0, "the next log does not say that it follows this one")
            }
        }
        header = try readBeginning(window)
        validByteCount = LogPrologue.endOffset
        syncedThrough = LogPrologue.endOffset
        moveToRecord(at: LogPrologue.endOffset)
        return .more
    }

    private mutating func readBeginning(_ window: RawSpan) throws(FormatError) -> FileHeader {
        guard window.byteCount >= Int(LogPrologue.endOffset) else {
            throw error(.truncated, at: fileByteCount, "the file ends before its first record")
        }
        let header = try FileHeader(
            decoding: window.extracting(0..<FileHeader.byteCount), expecting: .log)
        guard header.store == expectation.store else {
            throw error(.misplaced, at: 16, "a log of another store")
        }
        guard header.number == expectation.number.rawValue else {
            throw error(
                .misplaced, at: 40,
                "the file says log \(header.number), its name says \(expectation.number.rawValue)")
        }
        if let facts = expectation.successorFacts, facts.file != header.file {
            throw error(.misplaced, at: 32, "the next log was written after another file")
        }
        let place = FileHeader.byteCount
        let offset = UInt64(place)
        let reading = try LogRecordHeader.read(
            window, at: place, offset: offset, file: header.file)
        guard case .header(let record) = reading else {
            throw error(.checksumMismatch, at: offset, "header checksum of the prologue")
        }
        guard record.type == LogRecordType.prologue.rawValue,
            record.payloadByteCount == LogPrologue.byteCount
        else {
            throw error(.invalidValue, at: offset, "the first record is not a prologue")
        }
        guard record.verifiesPayload(window, at: place, offset: offset, file: header.file) else {
            throw error(.checksumMismatch, at: offset, "payload checksum of the prologue")
        }
        let start = place + LogRecordHeader.byteCount
        let prologue = try LogPrologue(
            decoding: window.extracting(start..<start + LogPrologue.byteCount),
            baseOffset: UInt64(start))
        self.prologue = prologue
        promisedByteCount = prologue.roomByteCount
        lastSequence = prologue.lastSequence
        return header
    }

    // MARK: - Records

    private mutating func moveToRecord(at offset: UInt64) {
        self.offset = offset
        wantedByteCount = LogRecordHeader.byteCount
        state = .records
    }

    private mutating func stepRecord(_ window: RawSpan) throws(FormatError) -> LogScanStep {
        if let facts = expectation.successorFacts, !facts.isSealed, offset >= facts.byteCount {
            return try finishCut(facts)
        }
        guard window.byteCount >= LogRecordHeader.byteCount else {
            return try meetHole(
                window.byteCount == 0
                    ? nil : error(.truncated, at: offset, "the file ends in a record's header"))
        }
        switch try LogRecordHeader.read(window, at: 0, offset: offset, file: file) {
        case .zeros:
            return try meetHole(nil)
        case .mismatch:
            return try meetHole(
                error(.checksumMismatch, at: offset, "header checksum does not match"))
        case .header(let record):
            guard record.recordByteCount <= window.byteCount else {
                guard UInt64(record.recordByteCount) <= fileByteCount - offset else {
                    return try meetHole(
                        error(.truncated, at: offset, "the file ends in a record's payload"))
                }
                wantedByteCount = record.recordByteCount
                return .more
            }
            guard record.verifiesPayload(window, at: 0, offset: offset, file: file) else {
                return try meetHole(
                    error(.checksumMismatch, at: offset, "payload checksum does not match"))
            }
            return try take(record, window)
        }
    }

    /// Handles a record whose checksums are right.
    private mutating func take(
        _ record: LogRecordHeader, _ window: RawSpan
    ) throws(FormatError) -> LogScanStep {
        guard record.syncedThrough >= syncedThrough else {
            throw error(
                .invalidValue, at: offset,
                "synced through \(record.syncedThrough), earlier \(syncedThrough)")
        }
        let start = LogRecordHeader.byteCount
        let payload = start..<start + record.payloadByteCount
        let end = offset + UInt64(record.recordByteCount)
        let recordOffset = offset
        var step = LogScanStep.more
        var isEnd = false
        switch LogRecordType(rawValue: record.type) {
        case .batch:
            let sequence = BatchDecoder.sequence(of: window.extracting(payload))
            guard let sequence, sequence > lastSequence else {
                throw error(
                    .invalidValue, at: offset,
                    "sequence number \(sequence?.rawValue ?? 0) after \(lastSequence.rawValue)")
            }
            lastSequence = sequence
            batchCount += 1
            step = .batch(sequence, payload: payload)
        case .end:
            try check(
                LogEnd(
                    decoding: window.extracting(payload), baseOffset: offset + UInt64(start)),
                endsAt: end)
            isEnd = true
        case .syncMark:
            break
        case .room:
            try takeRoom(window.extracting(payload), at: offset + UInt64(start))
        case .prologue:
            throw error(.invalidValue, at: offset, "a second prologue")
        case nil:
            guard record.isIgnorable else {
                throw error(.tooNew, at: offset, "record type \(record.type) is unknown")
            }
            skippedRecordCount += 1
        }
        if let facts = expectation.successorFacts, end > facts.byteCount {
            throw error(
                .invalidValue, at: recordOffset,
                "a record up to \(end), but the next log says that \(facts.byteCount) bytes count")
        }
        syncedThrough = record.syncedThrough
        validByteCount = end
        moveToRecord(at: end)
        if isEnd {
            state = .afterEnd
            wantedByteCount = Self.scanByteCount
        }
        return step
    }

    /// Handles a record that promises a longer file.
    private mutating func takeRoom(
        _ payload: RawSpan, at offset: UInt64
    ) throws(FormatError) {
        var reader = ByteReader(payload, section: "log record", baseOffset: offset)
        let byteCount = try reader.readUInt64()
        try reader.expectEnd()
        guard byteCount > promisedByteCount else {
            throw error(
                .invalidValue, at: offset,
                "room for \(byteCount) bytes, earlier \(promisedByteCount)")
        }
        promisedByteCount = byteCount
    }

    private func check(_ end: LogEnd, endsAt offset: UInt64) throws(FormatError) {
        guard end.lastSequence == lastSequence, end.batchCount == batchCount,
            end.byteCount == offset
        else {
            throw error(
                .invalidValue, at: self.offset,
                "the end record says \(end.batchCount) batches up to sequence number "
                    + "\(end.lastSequence.rawValue) in \(end.byteCount) bytes; found \(batchCount) "
                    + "up to \(lastSequence.rawValue) in \(offset)")
        }
    }
}
