// The logs: figures, records, and what recovery makes of them.

import VarveCheck
import VarveFormat
import VarveLog
import VarveManifest
import VarveStorage

extension Verb {
    @Sendable static func logStat(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let logs = StoreSummary.readLogs(image, try call.manifest(image))
        var status = ExitStatus.clean
        call.output.table(
            "logs", nil,
            [
                Column("log"), Column("role"), Column("bytes"), Column("good", "good bytes"),
                Column("synced", "synced through"), Column("batches"),
                Column("after", "after write"), Column("last", "last write"),
                Column("predecessor"), Column("ending"),
            ]
        ) { add in
            for log in logs {
                switch log.content {
                case .success(let found):
                    add([
                        .number(log.number.rawValue), roleCell(log.role), .bytes(log.byteCount),
                        .number(found.validByteCount), .number(found.syncedThrough),
                        .count(Int(found.batchCount)),
                        .number(found.prologue.lastSequence.rawValue),
                        .number(found.lastSequence.rawValue),
                        predecessorCell(found.prologue.predecessor),
                        verdictCell(found.verdict),
                    ])
                case .failure(let error):
                    status = .corruption
                    add([
                        .number(log.number.rawValue), roleCell(log.role), .bytes(log.byteCount),
                        .none, .none, .none, .none, .none, .none,
                        .mark("damaged: \(error)", .bad),
                    ])
                }
            }
        }
        return status
    }

    private static func predecessorCell(_ before: LogPredecessor?) -> Cell {
        guard let before else { return .none }
        let how = before.isSealed ? "sealed" : "cut at \(before.byteCount)"
        return .text("\(before.number.rawValue), \(how)")
    }

    private static func verdictCell(_ verdict: LogVerdict) -> Cell {
        switch verdict {
        case .sealed: .mark("sealed", .good)
        case .cleanEnd: .mark("clean end", .good)
        case .tornTail(let offset): .mark("torn at \(offset)", .odd)
        }
    }

    @Sendable static func logDump(_ call: Invocation) throws -> ExitStatus {
        let image = try call.image()
        let wanted = try call.operand(1).map { text -> LogNumber in
            guard let number = UInt64(text) else {
                throw ToolFailure.usage("a log is a number, not \(text)")
            }
            return LogNumber(number)
        }
        let from = try call.count("from", default: 0)
        let id = try call.text("id").map(rowID)
        let showsOperations = call.has("operations") || id != nil
        guard let schema = image.schema else {
            throw ToolFailure(.corruption, "no version says how long a vector is")
        }
        var status = ExitStatus.clean
        try call.output.table(
            "records", nil,
            [
                Column("log"), Column("offset"), Column("bytes"), Column("record"),
                Column("sequence"), Column("time"), Column("operations"), Column("id"),
                Column("detail"),
            ]
        ) { add in
            for entry in image.entries {
                guard case .log(let number)? = entry.file, wanted == nil || wanted == number,
                    entry.retiredSeconds == nil || wanted != nil
                else { continue }
                var walk = try LogWalk(image.fileSystem, path: image.path(entry.name))
                if let damage = walk.headerDamage {
                    status = .corruption
                    add(gapRow(number, 0, 64, "file header: \(damage)"))
                }
                while let item = try walk.next() {
                    switch item {
                    case .gap(let range, let isZero):
                        if isZero, range.upperBound == walk.byteCount { continue }
                        status = .corruption
                        add(
                            gapRow(
                                number, range.lowerBound, UInt64(range.count),
                                isZero ? "zeros" : "no record verifies here"))
                    case .record(let record, let offset, let payload, let correction):
                        if correction != nil { status = .corruption }
                        let place = LogPlace(number: number, offset: offset, record: record)
                        let rows = try logRows(
                            place, payload, correction, schema, showsOperations)
                        for row in rows where UInt64(from) <= row.sequence {
                            if let id, row.id != id { continue }
                            add(row.cells)
                        }
                    }
                }
            }
        }
        return status
    }

    /// Where a record stands.
    private struct LogPlace {
        var number: LogNumber
        var offset: UInt64
        var record: LogRecordHeader
    }

    /// A line of the dump.
    private struct LogRow {
        var sequence: UInt64
        var id: RecordID?
        var cells: [Cell]
    }

    private static func gapRow(
        _ number: LogNumber, _ offset: UInt64, _ count: UInt64, _ text: String
    ) -> [Cell] {
        [
            .number(number.rawValue), .number(offset), .number(count), .mark("gap", .bad), .none,
            .none, .none, .none, .mark(text, .bad),
        ]
    }

    private static func logRows(
        _ place: LogPlace, _ payload: [UInt8], _ correction: Damage?, _ schema: Schema,
        _ showsOperations: Bool
    ) throws -> [LogRow] {
        let head: [Cell] = [
            .number(place.number.rawValue), .number(place.offset),
            .count(place.record.recordByteCount),
        ]
        let fix: Cell = correction.map { .mark("put right: \($0)", .bad) } ?? .none
        let synced = "synced through \(place.record.syncedThrough)"
        guard place.record.type == LogRecordType.batch.rawValue else {
            let name = LogRecordType(rawValue: place.record.type).map { "\($0)" } ?? "unknown"
            let detail: Cell = correction == nil ? .text(synced) : fix
            return [
                LogRow(
                    sequence: .max, id: nil,
                    cells: head + [.text(name), .none, .none, .none, .none, detail])
            ]
        }
        // Safety: every pattern of bits is a byte.
        var batch = try BatchDecoder(
            unsafe payload.span.bytes, vectorByteCount: schema.vectorByteCount)
        let sequence = batch.sequence.rawValue
        let time = Cell.time(batch.microseconds)
        if !showsOperations {
            let detail: Cell = correction == nil ? .text(synced) : fix
            return [
                LogRow(
                    sequence: sequence, id: nil,
                    cells: head + [
                        .text("batch"), .number(sequence), time, .count(batch.operationCount),
                        .none, detail,
                    ])
            ]
        }
        var rows: [LogRow] = []
        while let operation = try batch.next() {
            let detail: Cell
            let name: String
            switch operation {
            case .delete: (name, detail) = ("delete", fix)
            case .upsert(_, let vector, let attributes):
                name = "upsert"
                let text = VectorText.short(payload[vector], schema)
                detail =
                    correction == nil
                    ? .user("\(text), \(attributes.count) bytes of attributes") : fix
            }
            rows.append(
                LogRow(
                    sequence: sequence, id: operation.id,
                    cells: head + [
                        .text(name), .number(sequence), time, .none, .id(operation.id), detail,
                    ]))
        }
        return rows
    }

    @Sendable static func logCheck(_ call: Invocation) throws -> ExitStatus {
        var request = CheckRequest()
        request.version = try call.snapshot()
        let image = try call.image()
        // Only the logs: everything else counts as read.
        request.finishedFiles = Set(
            image.entries.filter {
                if case .log? = $0.file { return $0.retiredSeconds != nil }
                return true
            }.map(\.name))
        let findings = StoreCheck(image, request).run().findings.filter {
            $0.file.hasPrefix(FileNames.logFolder + "/")
        }
        return showFindings(call, findings)
    }

    /// The id that an operand or option gives: a number, or a text, or `text:` before digits.
    static func rowID(_ text: String) throws -> RecordID {
        if text.hasPrefix("text:") { return .text(String(text.dropFirst(5))) }
        if let number = UInt64(text) { return .number(number) }
        guard RecordID.text(text).isValid else { throw ToolFailure.usage("an id is not empty") }
        return .text(text)
    }
}
