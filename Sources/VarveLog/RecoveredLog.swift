// What reading a log has found out about it.

public import VarveFormat

/// A log after it has been read to its end.
public struct RecoveredLog: Hashable, Sendable {
    /// The log's number.
    public var number: LogNumber
    /// How it ends.
    public var verdict: LogVerdict
    /// The file's header.
    public var header: FileHeader
    /// The log's prologue.
    public var prologue: LogPrologue
    /// Bytes of the file.
    public var fileByteCount: UInt64
    /// Bytes from the beginning to the end of the last good record.
    public var validByteCount: UInt64
    /// The highest synced-through offset of a good record.
    public var syncedThrough: UInt64
    /// Batches handed out.
    public var batchCount: UInt64
    /// The last sequence number in this log, or before it if it has no batch.
    public var lastSequence: SequenceNumber
    /// Records of a type this version does not know and may skip.
    public var skippedRecordCount: UInt64

    /// What the prologue of the next log says of this one.
    public var asPredecessor: LogPredecessor {
        LogPredecessor(
            number: number, file: header.file, byteCount: validByteCount,
            isSealed: verdict == .sealed && validByteCount == fileByteCount)
    }

    init(_ scan: LogScan, _ verdict: LogVerdict) {
        number = scan.expectation.number
        self.verdict = verdict
        guard let header = scan.header, let prologue = scan.prologue else {
            preconditionFailure("a log that was read to its end has a beginning")
        }
        self.header = header
        self.prologue = prologue
        fileByteCount = scan.fileByteCount
        validByteCount = scan.validByteCount
        syncedThrough = scan.syncedThrough
        batchCount = scan.batchCount
        lastSequence = scan.lastSequence
        skippedRecordCount = scan.skippedRecordCount
    }
}
