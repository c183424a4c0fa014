// Logs built record by record in memory, and read back without a file.

import VarveFormat

/// The bytes of a log in the making.
struct LogImage {
    static let store = StoreID(low: 0x0102, high: 0x0304)
    static let file = FileID(0x1234_5678_9ABC_DEF0)

    var writer = ByteWriter()
    var number: UInt64
    var file: FileID
    /// What the next record says of how far the file has been synced.
    var syncedThrough = LogPrologue.endOffset
    var lastSequence: UInt64
    var batchCount: UInt64 = 0

    init(
        number: UInt64 = 1, file: FileID = Self.file,
        prologue: LogPrologue = LogPrologue(lastSequence: .zero)
    ) {
        self.number = number
        self.file = file
        lastSequence = prologue.lastSequence.rawValue
        let header = FileHeader(kind: .log, store: Self.store, file: file, number: number)
        writer.append(contentsOf: header.encoded())
        append(.prologue, prologue.encoded(), syncedThrough: 0)
    }

    var bytes: [UInt8] { writer.bytes }
    var end: UInt64 { UInt64(writer.count) }

    mutating func append(
        _ type: UInt8, _ payload: [UInt8], isIgnorable: Bool = false, syncedThrough: UInt64? = nil
    ) {
        let header = LogRecordHeader(
            payloadByteCount: payload.count, type: type, isIgnorable: isIgnorable,
            syncedThrough: syncedThrough ?? self.syncedThrough)
        unsafe payload.withUnsafeBytes {
            unsafe writer.appendLogRecord(header, payload: $0, offset: end, file: file)
        }
    }

    mutating func append(_ type: LogRecordType, _ payload: [UInt8], syncedThrough: UInt64? = nil) {
        append(
            type.rawValue, payload, isIgnorable: type == .syncMark, syncedThrough: syncedThrough)
    }

    /// Appends a batch whose payload is its sequence number and `extra` bytes.
    mutating func appendBatch(extra: Int = 5, syncedThrough: UInt64? = nil) {
        lastSequence += 1
        batchCount += 1
        append(.batch, Self.payload(lastSequence, extra), syncedThrough: syncedThrough)
    }

    /// Notes that all bytes so far have been synced.
    mutating func sync() { syncedThrough = end }

    mutating func appendEnd() {
        let size = UInt64(LogRecordHeader.recordByteCount(payload: LogEnd.byteCount))
        let record = LogEnd(
            lastSequence: SequenceNumber(lastSequence), batchCount: batchCount,
            byteCount: end + size)
        append(.end, record.encoded())
    }

    static func payload(_ sequence: UInt64, _ extra: Int = 5) -> [UInt8] {
        var writer = ByteWriter()
        writer.append(sequence)
        writer.append(contentsOf: repeatElement(UInt8(truncatingIfNeeded: sequence), count: extra))
        return writer.bytes
    }

    static func newest(synced: UInt64 = 0, number: UInt64 = 1) -> LogExpectation {
        LogExpectation(
            store: store, number: LogNumber(number), ending: .newest(syncedByteCount: synced))
    }

    static func before(
        byteCount: UInt64, sequence: UInt64, isSealed: Bool, file: FileID = Self.file
    ) -> LogExpectation {
        let facts = LogPredecessor(
            number: LogNumber(1), file: file, byteCount: byteCount, isSealed: isSealed)
        return LogExpectation(
            store: store, number: LogNumber(1),
            ending: .before(
                LogPrologue(lastSequence: SequenceNumber(sequence), predecessor: facts)))
    }
}

/// What a scan of some bytes has come to.
struct ScanResult: Equatable {
    var verdict: LogVerdict
    var payloads: [[UInt8]]
    var validByteCount: UInt64
    var skippedRecordCount: UInt64
}

/// Scans `bytes`, handing in exactly the windows that are asked for, or everything at once.
func scanLog(
    _ bytes: [UInt8], _ expectation: LogExpectation, wholeWindows: Bool = false
) throws(FormatError) -> ScanResult {
    var scan = LogScan(expecting: expectation, fileByteCount: UInt64(bytes.count))
    var payloads: [[UInt8]] = []
    while true {
        let start = Int(scan.offset)
        let end = wholeWindows ? bytes.count : min(start + scan.wantedByteCount, bytes.count)
        let window = Array(bytes[start..<end])
        switch try unsafe scan.step(window.span.bytes) {
        case .more: continue
        case .batch(_, let payload): payloads.append(Array(window[payload]))
        case .finished(let verdict):
            return ScanResult(
                verdict: verdict, payloads: payloads, validByteCount: scan.validByteCount,
                skippedRecordCount: scan.skippedRecordCount)
        }
    }
}
