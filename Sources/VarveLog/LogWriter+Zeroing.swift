// Room for records, zeroed ahead of them: syncing bytes written over zeros costs a third of syncing
// bytes written into room that was only reserved, because the file system has nothing but the bytes
// to write.
//
// The hand-over between the filling worker and the writer is one number, the zero frontier. Bytes
// before it belong to the writer of records and are never zeroed again. The frontier moves only
// under the `zeroing` lock: forward by the worker, once the zeros before it have been written, or
// forward by the writer, when records need more room than has been zeroed. Zeros are written at the
// frontier, under the lock. So a record that ends at or before a frontier once read is never
// overwritten, and the writer, which reads the frontier without the lock, waits only if it has
// caught up with a chunk being written.

internal import Synchronization
internal import VarveFormat
internal import VarveStorage

extension LogWriter {
    /// Bytes of one chunk of zeros: short enough that a writer who waits for one does not wait
    /// long.
    static let zeroChunkByteCount = 256 << 10

    private static let zeros = [UInt8](repeating: 0, count: zeroChunkByteCount)

    /// Zeroed bytes ahead of the records.
    public var zeroedAheadByteCount: UInt64 {
        let frontier = zeroFrontier.load(ordering: .acquiring)
        let length = byteCount
        return frontier == .max ? 0 : frontier - min(frontier, length)
    }

    /// Writes and syncs one chunk of zeros if fewer than `byteCount` bytes are zeroed ahead; for a
    /// background worker.
    ///
    /// - Returns: whether another call would do more; false also when the disk is full, which does
    ///   not end the log.
    public func zeroAhead(_ byteCount: UInt64) throws(LogError) -> Bool {
        let target = self.byteCount + byteCount
        return try zeroChunk(upTo: target) && zeroFrontier.load(ordering: .relaxed) < target
    }

    /// Writes zeros up to offset `end`, chunk by chunk, each synced.
    ///
    /// Returns early when the disk is full, which does not end the log.
    public func extendZeroed(to end: UInt64) throws(LogError) {
        while try zeroChunk(upTo: end) {}
    }

    /// Writes and syncs the next chunk; false if there was none to write or no room for it.
    private func zeroChunk(upTo end: UInt64) throws(LogError) -> Bool {
        if let failure { throw failure }
        let outcome = zeroing.withLock { _ -> Result<Bool, StorageError> in
            let start = zeroFrontier.load(ordering: .relaxed)
            guard start < end else { return .success(false) }
            // Chunks end at multiples of their size, so that the file system sees aligned writes.
            let size = UInt64(Self.zeroChunkByteCount)
            let next = min(end, (start / size + 1) * size)
            do throws(StorageError) {
                try file.writeFully(Self.zeros[..<Int(next - start)], at: start)
            } catch {
                return .failure(error)
            }
            zeroFrontier.store(next, ordering: .releasing)
            return .success(true)
        }
        switch outcome {
        case .success(false): return false
        case .success(true): break
        // A full disk leaves only zeros behind, where no record is yet.
        case .failure(let error) where error.kind == .noSpace: return false
        case .failure(let error): throw fail(error)
        }
        do throws(StorageError) {
            try file.sync(.data)
            return true
        } catch {
            // This sync may have taken the only news of a lost record with it.
            throw fail(error)
        }
    }

    /// Makes the bytes before `end` the writer's own, waiting for a chunk in progress; `.max` ends
    /// the zero-fill.
    func claim(upTo end: UInt64) {
        guard end > zeroFrontier.load(ordering: .acquiring) else { return }
        zeroing.withLock { _ in
            let frontier = zeroFrontier.load(ordering: .relaxed)
            if frontier < end { zeroFrontier.store(end, ordering: .releasing) }
        }
    }
}
