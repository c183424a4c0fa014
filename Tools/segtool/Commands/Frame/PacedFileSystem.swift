// A disk that is read no faster than it was asked to be.

import Synchronization
import VarveStorage

/// A rate of reading, kept by all who read through it together.
final class ReadRate: Sendable {
    private let runtime: any Runtime
    private let bytesPerSecond: Double
    private let start: UInt64
    private let byteCount = Atomic<UInt64>(0)

    init(_ runtime: any Runtime, bytesPerSecond: Double) {
        self.runtime = runtime
        self.bytesPerSecond = bytesPerSecond
        start = runtime.monotonicNanoseconds()
    }

    /// Says that `count` bytes are about to be read; waits where that is too fast.
    func pace(_ count: Int) {
        let total = byteCount.add(UInt64(count), ordering: .relaxed).newValue
        let due = start + UInt64(Double(total) / bytesPerSecond * 1e9)
        let now = runtime.monotonicNanoseconds()
        if due > now { runtime.sleep(nanoseconds: due - now) }
    }
}

/// A file system whose files are read at a rate; everything else is as it is below.
///
/// Bytes that are mapped count as read when they are mapped: a verb that maps a file is no faster
/// than one that reads it.
final class PacedFileSystem: LayeredFileSystem {
    let base: any FileSystem
    private let rate: ReadRate

    init(_ base: any FileSystem, _ rate: ReadRate) {
        self.base = base
        self.rate = rate
    }

    func open(_ path: FilePath, _ mode: OpenMode) throws(StorageError) -> any StoredFile {
        PacedFile(try base.open(path, mode), rate)
    }
}

/// A file that is read at a rate.
private final class PacedFile: StoredFile {
    private let base: any StoredFile
    private let rate: ReadRate

    init(_ base: any StoredFile, _ rate: ReadRate) {
        self.base = base
        self.rate = rate
    }

    var path: FilePath { base.path }

    func read(
        into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64
    ) throws(StorageError) -> Int {
        rate.pace(buffer.count)
        return try unsafe base.read(into: buffer, at: offset)
    }
    func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
        try unsafe base.write(buffer, at: offset)
    }
    func sync(_ kind: SyncKind) throws(StorageError) { try base.sync(kind) }
    func preallocate(_ range: Range<UInt64>) throws(StorageError) { try base.preallocate(range) }
    func truncate(to byteCount: UInt64) throws(StorageError) { try base.truncate(to: byteCount) }
    func byteCount() throws(StorageError) -> UInt64 { try base.byteCount() }
    func map(_ range: Range<UInt64>) throws(StorageError) -> MappedBytes {
        rate.pace(Int(range.upperBound - range.lowerBound))
        return try base.map(range)
    }
    func close() throws(StorageError) { try base.close() }
}
