// A file system of arrays, with failures on demand.

import Synchronization
import VarveStorage

/// Files in memory; a call can be made to fail.
final class MemoryFileSystem: FileSystem {
    struct State {
        var files: [String: MemoryFile] = [:]
        var calls: [String] = []
    }

    private let state = Mutex(State())

    var calls: [String] { state.withLock { $0.calls } }

    func note(_ call: String) { state.withLock { $0.calls.append(call) } }

    /// The file at `path`.
    func file(_ path: FilePath) -> MemoryFile? { state.withLock { $0.files[path.text] } }

    /// Puts a file with `bytes` at `path`.
    @discardableResult
    func put(_ path: FilePath, _ bytes: [UInt8]) -> MemoryFile {
        let file = MemoryFile(path, self, bytes)
        state.withLock { $0.files[path.text] = file }
        return file
    }

    func open(_ path: FilePath, _ mode: OpenMode) throws(StorageError) -> any StoredFile {
        note("open")
        if mode == .create {
            guard file(path) == nil else { throw StorageError(.exists, call: "open", path: path) }
            return put(path, [])
        }
        guard let file = file(path) else { throw StorageError(.notFound, call: "open", path: path) }
        return file
    }

    func syncDirectory(_ path: FilePath) throws(StorageError) { note("syncDirectory") }
    func rename(_ from: FilePath, to: FilePath) throws(StorageError) {
        note("rename")
        state.withLock { state in
            state.files[to.text] = state.files[from.text]
            state.files[from.text] = nil
        }
        file(to)?.move(to)
    }

    func link(_ from: FilePath, to: FilePath) throws(StorageError) { fatalError("not used") }
    func remove(_ path: FilePath) throws(StorageError) { fatalError("not used") }
    func createDirectory(_ path: FilePath) throws(StorageError) { fatalError("not used") }
    func removeDirectory(_ path: FilePath) throws(StorageError) { fatalError("not used") }
    func list(_ path: FilePath) throws(StorageError) -> [String] { fatalError("not used") }
    func status(_ path: FilePath) throws(StorageError) -> FileStatus? { fatalError("not used") }
    func lock(_ path: FilePath) throws(StorageError) -> any FileLock { fatalError("not used") }
    func freeByteCount(_ path: FilePath) throws(StorageError) -> UInt64 { fatalError("not used") }
}

/// A file in memory.
final class MemoryFile: StoredFile {
    struct State {
        var path: FilePath
        var bytes: [UInt8]
        /// The bytes as of the last sync.
        var durable: [UInt8] = []
        /// Calls by name that fail from now on.
        var failing: [String: StorageError.Kind] = [:]
        /// The most bytes one read or write moves.
        var moveLimit = Int.max
    }

    private let fileSystem: MemoryFileSystem
    private let state: Mutex<State>

    init(_ path: FilePath, _ fileSystem: MemoryFileSystem, _ bytes: [UInt8]) {
        self.fileSystem = fileSystem
        state = Mutex(State(path: path, bytes: bytes))
    }

    var path: FilePath { state.withLock { $0.path } }

    /// Stands at `path` from now on.
    func move(_ path: FilePath) { state.withLock { $0.path = path } }

    var bytes: [UInt8] { state.withLock { $0.bytes } }
    var durableBytes: [UInt8] { state.withLock { $0.durable } }

    /// Makes every later call named `call` fail, or work again.
    func fail(_ call: String, _ kind: StorageError.Kind?) {
        state.withLock { $0.failing[call] = kind }
    }

    func limitMoves(to byteCount: Int) { state.withLock { $0.moveLimit = byteCount } }

    private func call<R: Sendable>(
        _ name: String, _ body: (inout State) -> R
    ) throws(StorageError) -> R {
        fileSystem.note(name)
        return try state.withLock { state throws(StorageError) in
            if let kind = state.failing[name] {
                throw StorageError(kind, call: name, path: state.path)
            }
            return body(&state)
        }
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError)
        -> Int
    {
        fileSystem.note("pread")
        let part = state.withLock { state in
            let start = min(Int(offset), state.bytes.count)
            let count = min(state.bytes.count - start, buffer.count, state.moveLimit)
            return Array(state.bytes[start..<start + count])
        }
        unsafe buffer.copyBytes(from: part)
        return part.count
    }

    func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
        let part = unsafe Array(buffer)
        return try call("pwrite") { state in
            let count = min(part.count, state.moveLimit)
            let end = Int(offset) + count
            if state.bytes.count < end {
                state.bytes += [UInt8](repeating: 0, count: end - state.bytes.count)
            }
            state.bytes.replaceSubrange(Int(offset)..<end, with: part[..<count])
            return count
        }
    }

    func sync(_ kind: SyncKind) throws(StorageError) {
        try call(kind == .data ? "fdatasync" : "fsync") { $0.durable = $0.bytes }
    }

    func preallocate(_ range: Range<UInt64>) throws(StorageError) {
        try call("fallocate") { state in
            let missing = Int(range.upperBound) - state.bytes.count
            if missing > 0 { state.bytes += [UInt8](repeating: 0, count: missing) }
        }
    }

    func truncate(to byteCount: UInt64) throws(StorageError) {
        try call("ftruncate") { state in
            let extra = state.bytes.count - Int(byteCount)
            if extra > 0 {
                state.bytes.removeLast(extra)
            } else {
                state.bytes += [UInt8](repeating: 0, count: -extra)
            }
        }
    }

    func byteCount() throws(StorageError) -> UInt64 { UInt64(bytes.count) }
    func map(_ range: Range<UInt64>) throws(StorageError) -> MappedBytes { fatalError("not used") }
    func close() throws(StorageError) { try call("close") { _ in } }
}
