// What it means where the records end: in order, torn by a crash, or damaged.

internal import VarveMutants

extension LogScan {
    /// Bytes of a window behind the last record: large, so that looking for proofs runs at memory
    /// speed.
    static let scanByteCount = 256 << 10

    /// Handles a place where no good record stands; `defect` is nil for zeros and for the end of
    /// the file.
    mutating func meetHole(_ defect: FormatError?) throws(FormatError) -> LogScanStep {
        let known: UInt64
        switch expectation.ending {
        case .newest(let syncedByteCount):
            known = syncedByteCount
        case .before(let prologue):
            known = prologue.predecessor?.byteCount ?? .max
        }
        guard offset >= known, expectation.successorFacts == nil else {
            throw defect
                ?? error(.truncated, at: offset, "the records end here, \(known) bytes are due")
        }
        // A log is cut to its length only once its end record is durable.
        guard fileByteCount >= promisedByteCount || Mutant.isPlanted(.ignoreLogRoom) else {
            let missing = "the file has \(fileByteCount) of \(promisedByteCount) bytes and no end"
            guard var damage = defect else { throw error(.truncated, at: offset, missing) }
            damage.detail += "; \(missing)"
            throw damage
        }
        state = .tail(hole: offset, defect: defect, isZero: true)
        wantedByteCount = Self.scanByteCount
        return .more
    }

    /// Ends the reading of a log that a crash had cut, where the next log says so.
    mutating func finishCut(_ facts: LogPredecessor) throws(FormatError) -> LogScanStep {
        try checkLastSequence()
        return finish(
            facts.byteCount == fileByteCount ? .cleanEnd : .tornTail(at: facts.byteCount))
    }

    /// Looks through the bytes behind the last good record.
    ///
    /// All zeros are room that was never used. Anything else is a torn tail, unless a record header
    /// behind the hole says that bytes past the beginning of the hole had been synced: then
    /// something durable has been damaged.
    mutating func stepTail(
        _ window: RawSpan, hole: UInt64, defect: FormatError?, isZero: Bool
    ) throws(FormatError) -> LogScanStep {
        var isZero = isZero
        var position = 0
        let last = window.byteCount - LogRecordHeader.byteCount
        while position <= last {
            let word = Self.word(window, at: position)
            if word != 0 || Self.word(window, at: position + 8) != 0 {
                isZero = isZero && word == 0
                try refuseProof(window, at: position, hole: hole, defect: defect)
            }
            position += 8
        }
        if offset + UInt64(window.byteCount) < fileByteCount {
            offset += UInt64(position)
            state = .tail(hole: hole, defect: defect, isZero: isZero)
            return .more
        }
        isZero = isZero && Self.isZero(window, from: min(position, window.byteCount))
        return finish(isZero ? .cleanEnd : .tornTail(at: hole))
    }

    /// Throws if a good record header stands at `position` and proves that the bytes at `hole` had
    /// been synced.
    private func refuseProof(
        _ window: RawSpan, at position: Int, hole: UInt64, defect: FormatError?
    ) throws(FormatError) {
        let here = offset + UInt64(position)
        let claimed = Self.word(window, at: position + 8)
        // Cheap tests first: nearly all words fail them.
        guard claimed > hole, claimed <= here, !Mutant.isPlanted(.ignoreSyncedThrough),
            Self.word(window, at: position) & 0xFFFF_FFFF
                <= UInt64(LogRecordHeader.maximumPayloadByteCount),
            case .header(let record) = try LogRecordHeader.read(
                window, at: position, offset: here, file: file)
        else { return }
        let proof = "the record at \(here) proves that \(record.syncedThrough) bytes were synced"
        guard var damage = defect else {
            throw error(.checksumMismatch, at: hole, "no record here, but \(proof)")
        }
        damage.detail += "; \(proof)"
        throw damage
    }

    /// Looks behind the end record: a crash may have left the zeros that were there for records to
    /// come.
    mutating func stepAfterEnd(_ window: RawSpan) throws(FormatError) -> LogScanStep {
        if let facts = expectation.successorFacts {
            if !facts.isSealed, facts.byteCount == offset { return try finishCut(facts) }
            guard facts.isSealed, facts.byteCount == offset, fileByteCount == offset else {
                throw error(
                    .invalidValue, at: offset,
                    "\(fileByteCount) bytes, sealed at \(offset); the next log says "
                        + "\(facts.byteCount) bytes")
            }
            try checkLastSequence()
            return finish(.sealed)
        }
        if case .newest(let syncedByteCount) = expectation.ending,
            validByteCount < syncedByteCount
        {
            throw error(
                .invalidValue, at: offset, "sealed here, but \(syncedByteCount) bytes are due")
        }
        guard Self.isZero(window, from: 0) else {
            throw error(.invalidValue, at: offset, "bytes behind the end record")
        }
        offset += UInt64(window.byteCount)
        return offset == fileByteCount ? finish(.sealed) : .more
    }

    private func checkLastSequence() throws(FormatError) {
        guard case .before(let prologue) = expectation.ending,
            prologue.lastSequence != lastSequence
        else { return }
        throw error(
            .invalidValue, at: validByteCount,
            "ends with sequence number \(lastSequence.rawValue), the next log says "
                + "\(prologue.lastSequence.rawValue)")
    }

    /// The eight bytes at `position`, which must lie inside the window.
    @inline(__always)
    private static func word(_ window: RawSpan, at position: Int) -> UInt64 {
        precondition(position >= 0 && position + 8 <= window.byteCount)
        // Safety: the bytes are there; any bits are a number.
        return UInt64(
            littleEndian: unsafe window.unsafeLoadUnaligned(
                fromByteOffset: position, as: UInt64.self))
    }

    private static func isZero(_ window: RawSpan, from start: Int) -> Bool {
        var position = start
        while position + 8 <= window.byteCount {
            guard word(window, at: position) == 0 else { return false }
            position += 8
        }
        while position < window.byteCount {
            // Safety: the byte is there; any bits are a number.
            guard unsafe window.unsafeLoad(fromByteOffset: position, as: UInt8.self) == 0 else {
                return false
            }
            position += 1
        }
        return true
    }
}
