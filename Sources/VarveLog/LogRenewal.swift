// Puts a sealed copy in the place of a log whose bytes may be in the page cache alone.

public import VarveFormat
public import VarveStorage

/// What the name of a log ends in, behind the log's own, until it is whole and durable.
let unfinishedSuffix = ".tmp"

/// Removes what creations and renewals that were cut off have left in the log folder of the store
/// in `directory`.
///
/// - Throws: ``LogError/storage(_:)``.
public func removeUnfinishedLogs(
    _ fileSystem: any FileSystem, directory: FilePath
) throws(LogError) {
    let folder = directory.appending(FileNames.logFolder)
    do throws(StorageError) {
        for name in try fileSystem.list(folder).sorted() where name.hasSuffix(unfinishedSuffix) {
            guard FileNames.logNumber(String(name.dropLast(unfinishedSuffix.count))) != nil else {
                continue
            }
            try fileSystem.remove(folder.appending(name))
        }
    } catch {
        throw .storage(error)
    }
}

/// Removes, durably, what a creation of log `number` that failed has left.
///
/// - Throws: ``LogError/storage(_:)``; the log may be there or not.
public func removeFailedLog(
    _ fileSystem: any FileSystem, directory: FilePath, number: LogNumber
) throws(LogError) {
    let path = directory.appending(FileNames.log(number))
    let first = directory.appending(FileNames.log(number) + unfinishedSuffix)
    do throws(StorageError) {
        for path in [path, first] where try fileSystem.status(path) != nil {
            try fileSystem.remove(path)
        }
        try fileSystem.syncDirectory(path.parent)
    } catch {
        throw .storage(error)
    }
}

/// Puts a durable copy of the good records of a log in its place, and seals it.
///
/// What a reader sees of a log need not be on the disk. If its writer has died, a sync would be
/// enough; but if a sync of it had failed, the kernel may take its pages for clean, show them as
/// long as it runs, and answer the next sync without writing anything. Bytes that are written anew,
/// to another file, are dirty for certain.
///
/// May be interrupted anywhere and repeated: the name leads to the old file or to the whole copy.
/// An interrupted renewal leaves a file, which ``removeUnfinishedLogs(_:directory:)`` removes
/// before.
/// - Returns: What the next log's prologue says of it.
/// - Throws: ``LogError/storage(_:)``; the log is as it was then, or the copy stands in its place.
public func renewLog(
    _ fileSystem: any FileSystem, directory: FilePath, _ log: RecoveredLog
) throws(LogError) -> LogPredecessor {
    let path = directory.appending(FileNames.log(log.number))
    let copy = directory.appending(FileNames.log(log.number) + unfinishedSuffix)
    do throws(StorageError) {
        let source = try fileSystem.open(path, .read)
        let target = try fileSystem.open(copy, .create)
        var offset: UInt64 = 0
        while offset < log.validByteCount {
            let count = min(log.validByteCount - offset, 1 << 20)
            let bytes = try source.readBytes(count: Int(count), at: offset)
            try target.writeFully(bytes, at: offset)
            offset += count
        }
        if log.verdict != .sealed {
            let end = endRecord(of: log)
            try target.writeFully(end, at: offset)
            offset += UInt64(end.count)
        }
        try target.sync(.full)
        try target.close()
        try source.close()
        try fileSystem.rename(copy, to: path)
        try fileSystem.syncDirectory(path.parent)
        return LogPredecessor(
            number: log.number, file: log.header.file, byteCount: offset, isSealed: true)
    } catch {
        throw .storage(error)
    }
}

/// The end record that a log read back has not got; all bytes before it are durable together with
/// it.
private func endRecord(of log: RecoveredLog) -> [UInt8] {
    let offset = log.validByteCount
    let recordByteCount = LogRecordHeader.recordByteCount(payload: LogEnd.byteCount)
    let end = LogEnd(
        lastSequence: log.lastSequence, batchCount: log.batchCount,
        byteCount: offset + UInt64(recordByteCount)
    ).encoded()
    let header = LogRecordHeader(
        payloadByteCount: end.count, type: LogRecordType.end.rawValue, syncedThrough: offset)
    var writer = ByteWriter(capacity: recordByteCount)
    unsafe end.withUnsafeBytes {
        unsafe writer.appendLogRecord(header, payload: $0, offset: offset, file: log.header.file)
    }
    return writer.bytes
}
