// Reads logs back after a close or a crash; writes nothing at all.

public import VarveFormat
public import VarveStorage

/// Reads a log of the store in `directory` and hands the payload of every batch to `body`, in
/// order, with its offset in the file.
///
/// Reads in windows: memory is bounded by the largest record (64 MiB), whatever the file holds.
/// Writes nothing, so it may be interrupted and repeated. A payload is valid only during its call;
/// its sequence number is checked, the rest is for ``BatchDecoder``.
/// - Throws: ``LogError/storage(_:)`` if the file cannot be read, ``LogError/format(_:)`` with the
///   file's name for damage to what had been durable, or what `body` throws.
public func recoverLog(
    _ fileSystem: any FileSystem, directory: FilePath, expecting expectation: LogExpectation,
    _ body: (_ payload: RawSpan, _ offset: UInt64) throws(LogError) -> Void
) throws(LogError) -> RecoveredLog {
    var reading = try LogReading(fileSystem, directory, expectation)
    while true {
        let offset = reading.scan.offset
        switch try reading.step() {
        case .more: continue
        case .batch(_, let payload):
            let bytes = reading.window.bytes.extracting(payload)
            try body(bytes, offset + UInt64(payload.lowerBound))
        case .finished(let verdict):
            return RecoveredLog(reading.scan, verdict)
        }
    }
}

/// Reads header and prologue of a log, without its records.
///
/// The prologue says which log comes before and where that one ends, which
/// ``LogExpectation/Ending/before(_:)`` asks for.
public func readLogPrologue(
    _ fileSystem: any FileSystem, directory: FilePath, store: StoreID, number: LogNumber
) throws(LogError) -> LogPrologue {
    let expectation = LogExpectation(store: store, number: number, ending: .newest())
    var reading = try LogReading(fileSystem, directory, expectation)
    while true {
        if let prologue = reading.scan.prologue { return prologue }
        _ = try reading.step()
    }
}

/// A scan and the file it reads from.
private struct LogReading {
    let name: String
    let window: LogWindow
    var scan: LogScan

    init(
        _ fileSystem: any FileSystem, _ directory: FilePath, _ expectation: LogExpectation
    ) throws(LogError) {
        name = FileNames.log(expectation.number)
        do throws(StorageError) {
            let file = try fileSystem.open(directory.appending(name), .read)
            let fileByteCount = try file.byteCount()
            window = LogWindow(file, fileByteCount: fileByteCount)
            scan = LogScan(expecting: expectation, fileByteCount: fileByteCount)
        } catch {
            throw .storage(error)
        }
    }

    /// One step of the scan; what it names stands in the window until the next.
    mutating func step() throws(LogError) -> LogScanStep {
        do throws(StorageError) {
            try window.fill(from: scan.offset, byteCount: scan.wantedByteCount)
        } catch {
            throw .storage(error)
        }
        let window = window
        do throws(FormatError) {
            return try scan.step(window.bytes)
        } catch {
            throw .format(error.inFile(name))
        }
    }
}
