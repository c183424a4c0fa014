// A store, its logs and batches, all from seeds.

import VarveFormat
import VarveLog
import VarveStorage

/// What the logs under test have in common.
enum Sample {
    static let store = StoreID(low: 0x1111, high: 0x2222)
    static let directory = FilePath("store")
    static let file = FileID(0xF11E)

    static func path(_ number: UInt64 = 1) -> FilePath {
        directory.appending(FileNames.log(LogNumber(number)))
    }

    static func newest(_ number: UInt64 = 1, synced: UInt64 = 0) -> LogExpectation {
        LogExpectation(
            store: store, number: LogNumber(number), ending: .newest(syncedByteCount: synced))
    }

    /// A batch of one row, with `sequence` all over it.
    static func payload(_ sequence: UInt64, textByteCount: Int = 20) -> [UInt8] {
        var encoder = BatchEncoder(vectorByteCount: 4)
        let vector = [UInt8](repeating: UInt8(truncatingIfNeeded: sequence), count: 4)
        let text = String(repeating: "x", count: textByteCount)
        do {
            try unsafe vector.withUnsafeBytes {
                try unsafe encoder.appendUpsert(
                    .number(sequence), vector: $0, attributes: [("text", .string(text))])
            }
        } catch {
            fatalError("\(error)")
        }
        var batch = encoder.finish()
        batch.assign(SequenceNumber(sequence), microseconds: Int64(sequence))
        return batch.bytes
    }

    static func writer(
        _ fileSystem: any FileSystem, number: UInt64 = 1, after prologue: LogPrologue? = nil,
        room: UInt64 = 0
    ) throws -> LogWriter {
        try LogWriter.create(
            fileSystem, directory: directory, number: LogNumber(number), store: store,
            fileID: FileID(file.rawValue + number),
            prologue: prologue ?? LogPrologue(lastSequence: .zero), preallocatedByteCount: room)
    }

    /// Reads a log and keeps its payloads.
    static func read(
        _ fileSystem: any FileSystem, _ expectation: LogExpectation
    ) throws(LogError) -> (log: RecoveredLog, payloads: [[UInt8]]) {
        var payloads: [[UInt8]] = []
        let log = try recoverLog(fileSystem, directory: directory, expecting: expectation) {
            payload, _ throws(LogError) in
            payloads.append(unsafe payload.withUnsafeBytes { unsafe Array($0) })
        }
        return (log, payloads)
    }
}
