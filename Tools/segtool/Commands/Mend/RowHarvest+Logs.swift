// The logs of a damaged store: those that are still needed, and those that were retired.

import Varve
import VarveCheck
import VarveFormat
import VarveLog
import VarveManifest
import VarveStorage

extension RowHarvest {
    /// Hands out the operations of retired logs that lead up to the live version without a gap.
    ///
    /// Carried out before the segments' rows are written, they leave what the live version holds of
    /// the rows they are about: rows of segments override them, and lost ones stay.
    func forEachRetiredOperation(_ body: (RecordID, Row?) throws -> Void) throws {
        guard let live = image.live?.manifest else { return }
        var batches: [(sequence: UInt64, name: String)] = []
        let logs = image.entries.filter { entry in
            if case .log? = entry.file { return true }
            return false
        }.sorted { ($0.file?.name ?? "", $0.name) < ($1.file?.name ?? "", $1.name) }
        for entry in logs {
            var walk = try LogWalk(image.fileSystem, path: image.path(entry.name))
            while let item = try walk.next() {
                guard let (sequence, _) = Self.batch(item) else { continue }
                batches.append((sequence, entry.name))
            }
        }
        let known = Set(batches.map(\.sequence))
        var first = live.lastSequence.rawValue + 1
        while first > 1, known.contains(first - 1) { first -= 1 }
        var last = first - 1
        for entry in logs where first <= live.lastSequence.rawValue {
            var walk = try LogWalk(image.fileSystem, path: image.path(entry.name))
            while let item = try walk.next() {
                guard let (sequence, payload) = Self.batch(item), sequence == last + 1,
                    sequence <= live.lastSequence.rawValue
                else { continue }
                last = sequence
                try operations(payload) { id, row in
                    if row == nil { retired.remove(id) } else { retired.insert(id) }
                    try body(id, row)
                }
            }
        }
    }

    /// The sequence number and the payload of a batch.
    private static func batch(_ item: LogWalk.Item) -> (UInt64, [UInt8])? {
        guard case .record(let record, _, let payload, _) = item,
            record.type == LogRecordType.batch.rawValue, payload.count >= 8
        else { return nil }
        return (word(payload, 0), payload)
    }

    /// Hands out every operation of the logs that the live version still needs, also behind damage;
    /// a nil row deletes.
    ///
    /// A batch without operations stands for a load, whose rows are in segments of its own: those
    /// that no version in use names are handed out in its place.
    func forEachOperation(
        upTo limit: HarvestLimit = HarvestLimit(), _ body: (RecordID, Row?) throws -> Void
    ) throws {
        let live = image.live?.manifest
        let floor = live?.logFloor ?? LogNumber(0)
        var last = live?.lastSequence.rawValue ?? lastSequenceOfSegments
        var logs: [(LogNumber, StoreImage.Entry)] = []
        for entry in image.entries where entry.retiredSeconds == nil || live == nil {
            if case .log(let number)? = entry.file, number >= floor { logs.append((number, entry)) }
        }
        logs.sort { $0.0 < $1.0 }
        let readings = live.map { StoreSummary.readLogs(image, $0) } ?? []
        for (index, (number, entry)) in logs.enumerated() {
            let next = successor(of: number, logs[(index + 1)...].map(\.1))
            var (end, promised) = (next?.byteCount ?? .max, next?.lastSequence)
            var problem: LogError?
            switch readings.first(where: { $0.number == number })?.content {
            // Behind where recovery ends a log without objection, nothing was acknowledged.
            case .success(let found)?: end = min(end, found.validByteCount)
            case .failure(let error)?: problem = error
            case nil: break
            }
            var walk = try LogWalk(image.fileSystem, path: image.path(entry.name))
            while let item = try walk.next() {
                guard case .record(let record, let offset, let payload, let fix) = item,
                    offset < end
                else { continue }
                if record.type == LogRecordType.end.rawValue { promised = Self.word(payload, 0) }
                guard record.type == LogRecordType.batch.rawValue else { continue }
                if fix != nil { count.correctedBlockCount += 1 }
                guard try apply(payload, &last, limit, body) else { return }
            }
            if let problem { noteLoss(of: problem, promised, &last) }
        }
    }

    /// Counts the writes that a damaged log has lost at its end, where something says how far it
    /// had gone.
    private func noteLoss(of problem: LogError, _ promised: UInt64?, _ last: inout UInt64) {
        guard let promised else {
            count.doubts.append("\(problem): writes may be lost there or behind it")
            return
        }
        guard promised > last else { return }
        count.missingSequences.append(last + 1...promised)
        last = promised
    }

    private static func word(_ payload: [UInt8], _ at: Int) -> UInt64 {
        guard payload.count >= at + 8 else { return 0 }
        return (0..<8).reduce(UInt64(0)) { $0 | UInt64(payload[at + $1]) << UInt64($1 * 8) }
    }

    /// Where a log ends, and with which write, by the prologue of the next; nil if none says so.
    private func successor(
        of number: LogNumber, _ later: [StoreImage.Entry]
    ) -> (byteCount: UInt64, lastSequence: UInt64)? {
        for entry in later {
            guard var walk = try? LogWalk(image.fileSystem, path: image.path(entry.name)),
                case .record(_, _, let payload, _)? = try? walk.next(),
                payload.count == LogPrologue.byteCount
            else { continue }
            guard Self.word(payload, 8) == number.rawValue else { return nil }
            return (Self.word(payload, 24), Self.word(payload, 0))
        }
        return nil
    }

    /// Hands out a batch; false if it is beyond the limit, and so is all behind it.
    private func apply(
        _ payload: [UInt8], _ last: inout UInt64, _ limit: HarvestLimit,
        _ body: (RecordID, Row?) throws -> Void
    ) throws -> Bool {
        // Safety: every pattern of bits is a byte.
        guard
            let batch = try? BatchDecoder(
                unsafe payload.span.bytes, vectorByteCount: schema.vectorByteCount)
        else {
            count.doubts.append("a batch of a log cannot be read")
            return true
        }
        let sequence = batch.sequence.rawValue
        guard sequence > last else { return true }
        guard limit.includes(batch.sequence, batch.microseconds) else { return false }
        // Loads leave numbers out for the batches that might have been written meanwhile.
        if sequence > last + 1, batch.operationCount > 0 {
            count.missingSequences.append(last + 1...sequence - 1)
        }
        last = sequence
        if batch.operationCount == 0 {
            try forEachLoadedRow(batch.sequence) { try body($0.id, $0) }
            return true
        }
        count.batchCount += 1
        try operations(payload) { id, row in
            count.operationCount += 1
            try body(id, row)
        }
        return true
    }

    /// Hands out the operations of a batch; a nil row deletes.
    private func operations(
        _ payload: [UInt8], _ body: (RecordID, Row?) throws -> Void
    ) throws {
        // Safety: every pattern of bits is a byte.
        guard
            var batch = try? BatchDecoder(
                unsafe payload.span.bytes, vectorByteCount: schema.vectorByteCount)
        else { return }
        let names = batch.names.definitions
        while let operation = try batch.next() {
            switch operation {
            case .delete(let id): try body(id, nil)
            case .upsert(let id, let vector, let range):
                var attributes: [String: AttributeValue] = [:]
                for (number, value) in try batch.attributes(at: range).decoded() {
                    attributes[names[Int(number.rawValue)].name] = value
                }
                try body(
                    id,
                    Row(
                        id: id, vector: VectorText.floats(payload[vector], schema),
                        attributes: attributes))
            }
        }
    }
}
