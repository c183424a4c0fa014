// An open file of a simulated disk.

import Synchronization
import VarveStorage

/// A file on a simulated disk.
final class SimulatedFile: StoredFile {
    let path: FilePath
    private let disk: SimulatedFileSystem
    private let node: FileNode
    private let mode: OpenMode
    private let isClosed = Atomic(false)
    /// How many failures in the background this opener has heard of, or came too late for.
    private let knownFailureCount: Atomic<Int>

    /// Opens `node`, with the disk's lock held.
    init(
        _ disk: SimulatedFileSystem, _ node: FileNode, _ path: FilePath, _ mode: OpenMode,
        _ state: inout DiskState
    ) {
        self.disk = disk
        self.node = node
        self.path = path
        self.mode = mode
        knownFailureCount = Atomic(node.writebackFailureCount)
        state.openFileCount += 1
    }

    deinit { markClosed() }

    private func markClosed() {
        guard !isClosed.exchange(true, ordering: .acquiringAndReleasing) else { return }
        disk.state.withLock { $0.openFileCount -= 1 }
    }

    /// Fails if the file is closed, or if it may only be read and the call would write.
    private func check(_ call: DiskCall, _ state: borrowing DiskState, writes: Bool)
        throws(StorageError)
    {
        let isReadOnly = mode == .read || mode == .readDirect
        guard !isClosed.load(ordering: .acquiring), !(writes && isReadOnly) else {
            throw state.failure(ErrorNumber.badDescriptor, call, path)
        }
    }

    /// A place in a file as an index; larger ones are no place in a simulated file.
    private func index(_ offset: UInt64, _ call: DiskCall, _ state: borrowing DiskState)
        throws(StorageError) -> Int
    {
        guard offset <= UInt64(PagedBytes.maximumByteCount) else {
            throw state.failure(ErrorNumber.invalidArgument, call, path)
        }
        return Int(offset)
    }

    private func range(_ offset: UInt64, _ count: Int) -> Range<UInt64> {
        let (end, overflow) = offset.addingReportingOverflow(UInt64(count))
        return offset..<(overflow ? .max : end)
    }

    func read(into buffer: UnsafeMutableRawBufferPointer, at offset: UInt64) throws(StorageError)
        -> Int
    {
        if mode == .readDirect {
            unsafe PosixFile.checkAlignment(of: UnsafeRawBufferPointer(buffer), at: offset)
        }
        return try disk.perform(.read, path) { state, effect throws(StorageError) in
            try check(.read, state, writes: false)
            // Reading past every end is allowed and gives nothing.
            guard offset <= UInt64(Int.max / 2) else {
                throw state.failure(ErrorNumber.invalidArgument, .read, path)
            }
            var (start, count, bytes) = (Int(offset), buffer.count, node.live)
            switch effect {
            case .short where count > 1: count = 1 + disk.faults.draw(below: count - 1)
            case .nothing: count = 0
            case .misread(let distance): start = max(0, start + Int(distance))
            case .stale: bytes = node.durable
            default: break
            }
            let part = unsafe UnsafeMutableRawBufferPointer(rebasing: buffer[..<count])
            return unsafe bytes.read(into: part, at: start)
        }
    }

    func write(_ buffer: UnsafeRawBufferPointer, at offset: UInt64) throws(StorageError) -> Int {
        var hash = HistoryHash()
        unsafe hash.add(buffer)
        return try disk.perform(
            .write, path, range: range(offset, buffer.count), fileNumber: node.number,
            payloadHash: hash.value
        ) { state, effect throws(StorageError) in
            try check(.write, state, writes: true)
            let start = try index(offset, .write, state)
            _ = try index(offset + UInt64(buffer.count), .write, state)
            var count = state.fittingByteCount(buffer.count, at: start, in: node)
            guard unsafe count > 0 || buffer.isEmpty else {
                throw state.failure(ErrorNumber.noSpace, .write, path)
            }
            if case .short = effect, count > 1 { count = 1 + disk.faults.draw(below: count - 1) }
            if case .nothing = effect { count = 0 }
            guard count > 0 else { return 0 }
            unsafe land(Array(buffer[..<count]), at: start, effect, state)
            return count
        }
    }

    /// Puts the bytes of a write where it went.
    private func land(
        _ bytes: [UInt8], at start: Int, _ effect: FaultEffect?, _ state: borrowing DiskState
    ) {
        let index = state.operationCount - 1
        let length = max(node.live.byteCount, start + bytes.count)
        switch effect {
        case .phantom: node.change(.resize(byteCount: length), operationIndex: index)
        case .misdirected(let distance):
            node.change(.resize(byteCount: length), operationIndex: index)
            let other = max(0, start + Int(distance))
            node.change(.write(offset: other, bytes: bytes), operationIndex: index)
        case .failInBackground:
            node.change(.write(offset: start, bytes: bytes), operationIndex: index)
            node.dropPages()
            node.writebackFailureCount += 1
        default: node.change(.write(offset: start, bytes: bytes), operationIndex: index)
        }
    }

    func sync(_ kind: SyncKind) throws(StorageError) {
        try disk.perform(.sync, path, fileNumber: node.number) {
            state, effect throws(StorageError) in
            try check(.sync, state, writes: false)
            let failureCount = node.writebackFailureCount
            let known = knownFailureCount.exchange(failureCount, ordering: .relaxed)
            switch effect {
            case .dropPages: node.dropPages()
            case .revertPages: node.revert()
            default:
                node.sync()
                if state.fileSyncPublishesName {
                    state.makeDurable { $0.linked?.1.number == node.number }
                }
                guard known != failureCount else { return }
            }
            throw state.failure(ErrorNumber.inputOutput, .sync, path)
        }
    }

    func preallocate(_ range: Range<UInt64>) throws(StorageError) {
        try disk.perform(.preallocate, path, range: range, fileNumber: node.number) {
            state, _ throws(StorageError) in
            try check(.preallocate, state, writes: true)
            let end = try index(range.upperBound, .preallocate, state)
            guard !range.isEmpty, end > node.live.byteCount else { return }
            let growth = end - node.live.byteCount
            let fitting = state.fittingByteCount(growth, at: node.live.byteCount, in: node)
            guard fitting == growth else {
                throw state.failure(ErrorNumber.noSpace, .preallocate, path)
            }
            node.change(.resize(byteCount: end), operationIndex: state.operationCount - 1)
        }
    }

    func truncate(to byteCount: UInt64) throws(StorageError) {
        try disk.perform(.truncate, path, range: 0..<byteCount, fileNumber: node.number) {
            state, _ throws(StorageError) in
            try check(.truncate, state, writes: true)
            let end = try index(byteCount, .truncate, state)
            node.change(.resize(byteCount: end), operationIndex: state.operationCount - 1)
        }
    }

    func byteCount() throws(StorageError) -> UInt64 {
        try disk.perform(.byteCount, path) { state, _ throws(StorageError) in
            try check(.byteCount, state, writes: false)
            return UInt64(node.live.byteCount)
        }
    }

    func map(_ range: Range<UInt64>) throws(StorageError) -> MappedBytes {
        try disk.perform(.map, path) { state, _ throws(StorageError) in
            try check(.map, state, writes: false)
            guard range.upperBound <= UInt64(node.live.byteCount) else {
                throw StorageError(.endOfFile, call: DiskCall.map.systemName, path: path)
            }
            // A copy, aligned as a real mapping of the file's beginning would be.
            let copy = UnsafeMutableRawBufferPointer.allocate(
                byteCount: max(1, range.count), alignment: 4_096)
            let bytes = unsafe UnsafeMutableRawBufferPointer(rebasing: copy[..<range.count])
            _ = unsafe node.live.read(into: bytes, at: Int(range.lowerBound))
            return unsafe MappedBytes(bytes: UnsafeRawBufferPointer(bytes)) { bytes in
                unsafe bytes.deallocate()
            }
        }
    }

    func close() throws(StorageError) {
        try disk.perform(.close, path) { _, _ in }
        markClosed()
    }
}
