// The promise of how long a log is at least, kept ahead of its records.

internal import VarveFormat
internal import VarveStorage

extension LogWriter {
    /// Bytes by which a promise grows.
    private static let roomStepByteCount: UInt64 = 1 << 20
    /// Room that always stays: for the next promise, the end record, and one byte, so that a log
    /// with an end is shorter than was promised.
    static let spareByteCount = UInt64(
        LogRecordHeader.recordByteCount(payload: 8)
            + LogRecordHeader.recordByteCount(payload: LogEnd.byteCount) + 8)

    /// Has the file promise enough room for records of `byteCount` bytes and its end.
    ///
    /// The room is durable before the record that promises it, and that record stands inside what
    /// was promised before: wherever the file is cut, a promise is broken. A log without a promise
    /// in its prologue makes none later.
    func makeRoom(for byteCount: UInt64, _ state: inout State) throws(LogError) {
        let needed = state.length + byteCount + Self.spareByteCount
        let promised = state.promisedByteCount
        guard promised > 0, needed > promised else { return }
        let step = Self.roomStepByteCount
        let next = (needed / step + 1) * step
        do throws(StorageError) {
            try file.preallocate(promised..<next)
            try file.sync(.full)
        } catch {
            state.failure = .storage(error)
            throw .storage(error)
        }
        var writer = ByteWriter(capacity: 8)
        writer.append(next)
        gather(writer.bytes, .room, &state)
        try writeGathered(&state)
        state.promisedByteCount = next
    }
}
