// The logs: read as recovery reads them, and what happened where it would stop.

import VarveFormat
import VarveLog
import VarveManifest
import VarveStorage

extension StoreCheck {
    /// Every log from the live version's floor on, in order; older ones by themselves.
    func checkLogs() {
        guard let store = image.store else { return }
        let live = image.live?.manifest
        var numbers: [LogNumber] = []
        for entry in image.entries where entry.retiredSeconds == nil {
            if case .log(let number)? = entry.file { numbers.append(number) }
        }
        numbers.sort()
        var last = live?.lastSequence ?? .zero
        for (index, number) in numbers.enumerated() {
            let name = FileNames.log(number)
            guard isDue(name) else { continue }
            let role = image.entry(name)?.role ?? .obsolete
            let ending = ending(before: numbers[(index + 1)...].first, store)
            if request.level < .checksums {
                checkBeginning(number, role, store)
                continue
            }
            guard willRead(name, Int(image.entry(name)?.byteCount ?? 0)) else { return }
            guard let log = check(number, role, ending, store) else { continue }
            // Logs that lead from an older version to the live one may be gone; and where the
            // live one cannot be read, nobody knows which write comes first.
            if let live, number >= live.logFloor, request.version == nil {
                checkOrder(log, &last, role)
            }
        }
    }

    private enum Ending {
        case expected(LogExpectation.Ending)
        case unreadable
    }

    /// How a log may end, by the prologue of the one after it, as recovery decides it.
    private func ending(before next: LogNumber?, _ store: StoreID) -> Ending {
        guard let next else { return .expected(.newest()) }
        do throws(LogError) {
            return .expected(
                .before(
                    try readLogPrologue(
                        image.fileSystem, directory: image.directory, store: store, number: next)))
        } catch {
            return .unreadable
        }
    }

    private func checkBeginning(_ number: LogNumber, _ role: FileRole, _ store: StoreID) {
        do throws(LogError) {
            _ = try readLogPrologue(
                image.fileSystem, directory: image.directory, store: store, number: number)
        } catch {
            add(error, role, number)
        }
        end(FileNames.log(number))
    }

    /// Reads one log; nil if it is damaged.
    private func check(
        _ number: LogNumber, _ role: FileRole, _ ending: Ending, _ store: StoreID
    ) -> RecoveredLog? {
        let name = FileNames.log(number)
        var expected = LogExpectation.Ending.newest()
        if case .expected(let known) = ending { expected = known }
        let vectorByteCount = image.schema?.vectorByteCount
        do throws(LogError) {
            let log = try recoverLog(
                image.fileSystem, directory: image.directory,
                expecting: LogExpectation(store: store, number: number, ending: expected)
            ) { (payload, offset) throws(LogError) in
                report.checksumCount += 1
                guard let vectorByteCount else { return }
                do throws(FormatError) {
                    try Self.readAll(payload, offset, vectorByteCount)
                } catch {
                    throw .format(error.inFile(name))
                }
            }
            end(name)
            addTail(log, role, ending)
            return log
        } catch {
            add(error, role, number)
            end(name)
            return nil
        }
    }

    /// Reads all operations of a batch.
    static func readAll(
        _ payload: RawSpan, _ offset: UInt64, _ vectorByteCount: Int
    ) throws(FormatError) {
        var batch = try BatchDecoder(
            payload, vectorByteCount: vectorByteCount, baseOffset: offset)
        while try batch.next() != nil {}
    }

    private func addTail(_ log: RecoveredLog, _ role: FileRole, _ ending: Ending) {
        // Where the next log says so, the cut is known and settled.
        guard case .tornTail(let offset) = log.verdict,
            case .expected(.newest) = ending
        else { return }
        let name = FileNames.log(log.number)
        var finding = Finding(
            .oddity, .tornTail, role: role, file: name, section: "log record", offset: offset,
            byteCount: log.fileByteCount - offset,
            detail: "the log ends in a record that was being written; nothing acknowledged is lost")
        if let damage = singleFlip(name, offset) {
            finding.damage = damage
            finding.detail =
                "the last record is whole but for one bit; opening would drop it as torn"
            // Recovery cannot know: it takes the record for one that was being written. Where the
            // byte is zero, nobody can: a write that was cut short may have left it so.
            if byte(of: damage, name) != 0 {
                (finding.severity, finding.kind) = (.corruption, .checksum)
            }
            explain(&finding, name)
        }
        add(finding)
    }

    /// The byte that a flipped bit stands in, as it is on the disk.
    private func byte(of damage: Damage, _ name: String) -> UInt8? {
        switch damage {
        case .bitFlip(let offset, _), .checksumFlip(let offset, _):
            let file = try? image.fileSystem.open(image.path(name), .read)
            return (try? file?.readBytes(count: 1, at: offset))?.first
        default: return nil
        }
    }

    /// The one bit that keeps the record at `place` from verifying; nil if it is not that.
    private func singleFlip(_ name: String, _ place: UInt64) -> Damage? {
        guard var walk = try? LogWalk(image.fileSystem, path: image.path(name)) else { return nil }
        while let item = try? walk.next() {
            if case .record(_, let offset, _, let correction) = item, offset == place {
                return correction
            }
        }
        return nil
    }

    /// Logs follow each other and the segments without a gap.
    private func checkOrder(
        _ log: RecoveredLog, _ last: inout SequenceNumber, _ role: FileRole
    ) {
        if log.prologue.lastSequence > last {
            add(
                Finding(
                    .corruption, .sequence, role: role, file: FileNames.log(log.number),
                    section: "log prologue", offset: UInt64(FileHeader.byteCount),
                    detail: "follows write \(log.prologue.lastSequence.rawValue), but segments and "
                        + "earlier logs end with \(last.rawValue): a log is missing"))
        }
        last = max(last, log.lastSequence)
    }

    /// A log that recovery would refuse: where, why, and what is left behind the damage.
    private func add(_ error: LogError, _ role: FileRole, _ number: LogNumber) {
        let name = FileNames.log(number)
        switch error {
        case .storage(let error): add(error, role, name)
        case .payloadTooLarge, .closed: preconditionFailure("reading does not write")
        case .format(let error):
            var finding = Finding(error, role: role, file: name)
            explain(&finding, name)
            add(finding)
        }
    }

    /// Walks over the whole log to find the cause of a finding, and the ids behind it.
    private func explain(_ finding: inout Finding, _ name: String) {
        guard var walk = try? LogWalk(image.fileSystem, path: image.path(name)) else { return }
        finding.damage = walk.headerDamage
        while let item = try? walk.next() {
            switch item {
            case .record(let record, let offset, let payload, let correction):
                if let correction, offset <= finding.offset {
                    finding.damage = finding.damage ?? correction
                    finding.byteCount = UInt64(record.recordByteCount)
                }
                if offset >= finding.offset { addRows(payload, record, &finding) }
            case .gap(let range, let isZero):
                guard range.contains(finding.offset) || range.lowerBound >= finding.offset else {
                    continue
                }
                if range.contains(finding.offset) { finding.byteCount = UInt64(range.count) }
                if finding.damage == nil { finding.damage = gapDamage(range, isZero, name) }
            }
        }
    }

    private func gapDamage(_ range: Range<UInt64>, _ isZero: Bool, _ name: String) -> Damage? {
        if isZero { return .zeroed(range) }
        guard let file = try? image.fileSystem.open(image.path(name), .read),
            let bytes = try? file.readBytes(
                count: Int(min(UInt64(range.count), 1 << 20)), at: range.lowerBound)
        else { return nil }
        return BitFlipSearch.zeroRun(bytes, at: range.lowerBound).map { .zeroed($0) } ?? .unknown
    }

    private func addRows(
        _ payload: [UInt8], _ record: LogRecordHeader, _ finding: inout Finding
    ) {
        guard record.type == LogRecordType.batch.rawValue, let schema = image.schema,
            // Safety: every pattern of bits is a byte.
            var batch = try? BatchDecoder(
                unsafe payload.span.bytes, vectorByteCount: schema.vectorByteCount)
        else { return }
        while let operation = try? batch.next() {
            finding.rowCount += 1
            if finding.ids.count < request.idLimit { finding.ids.append(operation.id) }
        }
    }
}
