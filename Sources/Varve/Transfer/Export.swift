// Rows from a snapshot into a file, in the order of their ids.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

/// An export under way.
struct Export {
    private let snapshot: Snapshot
    private let observer: TransferObserver?
    private var progress: TransferProgress

    init(_ snapshot: Snapshot, observer: TransferObserver?) {
        self.snapshot = snapshot
        self.observer = observer
        progress = TransferProgress(rowCount: 0, totalRowCount: snapshot.count)
    }

    /// Rows between two calls of the observer.
    private static let observedRowCount = 1_000

    /// Writes all rows; gives how many.
    mutating func write(_ file: TransferFile) throws(StoreError) -> Int {
        switch file {
        case .jsonLines(let path):
            let lines = try OutputFile(snapshot.engine.fileSystem, path)
            try withFiles([lines]) { export throws(StoreError) in
                try export.snapshot.forEachRow { row throws(StoreError) in
                    lines.pending.appendJSONLine(row)
                    return try export.step([lines])
                }
            }
        case .vectors(let path, let attributesPath):
            try writeVectors(path, attributesPath)
        }
        return progress.rowCount
    }

    private mutating func writeVectors(
        _ path: String, _ attributesPath: String?
    ) throws(StoreError) {
        let type = try elementType(path)
        let vectors = try OutputFile(snapshot.engine.fileSystem, path)
        let lines = try attributesPath.map { path throws(StoreError) in
            try OutputFile(snapshot.engine.fileSystem, path)
        }
        vectors.pending.append(
            contentsOf: VectorFileHeader.bytes(
                FilePath(path).name, rowCount: snapshot.count,
                dimension: snapshot.engine.schema.dimension, type))
        let files = [vectors] + (lines.map { [$0] } ?? [])
        try withFiles(files) { export throws(StoreError) in
            try export.snapshot.forEachRow { row throws(StoreError) in
                vectors.pending.append(row.vector, as: type)
                lines?.pending.appendJSONAttributes(row)
                return try export.step(files)
            }
        }
    }

    /// What a file of that name holds: float32, or the store's own type.
    private func elementType(_ path: String) throws(StoreError) -> ElementType {
        switch VectorFileFormat(name: FilePath(path).name) {
        case .npy, .bin(.float32): return .float32
        case .bin(let type) where type == snapshot.engine.schema.elementType: return type
        case .bin(let type):
            throw StoreError(
                .invalidArgument,
                "a store of \(snapshot.engine.schema.elementType) is not exported as \(type)")
        case nil:
            throw StoreError(
                .invalidArgument, "\(path): not .fbin, .f16bin, .u8bin, .i8bin or .npy")
        }
    }

    /// Runs `body`, then makes the files durable; removes them if anything fails.
    private mutating func withFiles(
        _ files: [OutputFile], _ body: (inout Export) throws(StoreError) -> Void
    ) throws(StoreError) {
        do throws(StoreError) {
            try body(&self)
            for file in files { try file.finish() }
            _ = observer?(progress)
        } catch {
            for file in files { file.abandon() }
            throw error
        }
    }

    private mutating func step(_ files: [OutputFile]) throws(StoreError) -> Bool {
        progress.rowCount += 1
        for file in files { try file.drain() }
        guard progress.rowCount % Self.observedRowCount == 0 else { return true }
        guard observer?(progress) ?? true else {
            throw StoreError(.cancelled, "the export was ended after \(progress.rowCount) rows")
        }
        return true
    }
}

/// A new file that is written from its beginning to its end.
final class OutputFile {
    /// What has not been written yet.
    var pending = ByteWriter(capacity: 1 << 20)
    private let fileSystem: any FileSystem
    private let file: any StoredFile
    private var offset: UInt64 = 0

    init(_ fileSystem: any FileSystem, _ path: String) throws(StoreError) {
        self.fileSystem = fileSystem
        file = try withStorageErrors { () throws(StorageError) in
            try fileSystem.open(FilePath(path), .create)
        }
    }

    /// Writes what is pending once it is worth a call.
    func drain(all: Bool = false) throws(StoreError) {
        guard all || pending.count >= 1 << 20 else { return }
        let bytes = pending.bytes
        let start = offset
        try withStorageErrors { () throws(StorageError) in
            try file.writeFully(bytes, at: start)
        }
        offset += UInt64(bytes.count)
        pending.removeAll()
    }

    /// Writes the rest and makes the file and its name durable.
    func finish() throws(StoreError) {
        try drain(all: true)
        try withStorageErrors { () throws(StorageError) in
            try file.sync(.full)
            try file.close()
            try fileSystem.syncDirectory(file.path.parent)
        }
    }

    /// Removes the unfinished file.
    func abandon() {
        try? file.close()
        try? fileSystem.remove(file.path)
    }
}
