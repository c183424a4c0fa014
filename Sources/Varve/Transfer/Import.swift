// Rows from a file into a store, batch by batch.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

/// An import under way.
struct Import {
    private let store: Store
    private let batchRowCount: Int
    private let observer: TransferObserver?
    private var batch = WriteBatch()
    private var progress = TransferProgress()

    init(_ store: Store, batchRowCount: Int, observer: TransferObserver?) {
        self.store = store
        self.batchRowCount = batchRowCount
        self.observer = observer
    }

    /// Rows of JSON Lines.
    mutating func readJSONLines(_ path: String) throws(StoreError) {
        var lines = try lineReader(path)
        while let line = try nextLine(&lines) {
            guard !line.isEmpty else { continue }
            let row = try parse(line, plain: false, path, lines.lineCount)
            guard let id = row.id, let vector = row.vector else {
                throw refusal(path, lines.lineCount, "a row needs an \"id\" and a \"vector\"")
            }
            batch.upsert(id: id, vector: vector, attributes: row.attributes)
            try writeFullBatch()
        }
    }

    /// Rows of a file of vectors, with attributes beside it.
    mutating func readVectors(_ path: String, _ attributesPath: String?) throws(StoreError) {
        var vectors: VectorFileReader
        do throws(VectorFileError) {
            vectors = try VectorFileReader(store.engine.fileSystem, FilePath(path))
        } catch {
            switch error {
            case .storage(let error): throw StoreError(error)
            case .malformed(let reason): throw StoreError(.invalidArgument, reason)
            }
        }
        var lines = try attributesPath.map { path throws(StoreError) in try lineReader(path) }
        progress.totalRowCount = vectors.shape.rowCount
        var floats = [Float](repeating: 0, count: vectors.shape.dimension)
        for index in 0..<vectors.shape.rowCount {
            let bytes = try withStorageErrors { () throws(StorageError) in
                try vectors.row(index)
            }
            Self.widen(bytes, vectors.shape.elementType, into: &floats)
            var row: JSONRow?
            if let attributesPath, lines != nil {
                row = try attributes(&lines, attributesPath, row: index)
            }
            batch.upsert(
                id: row?.id ?? .number(UInt64(index)), vector: floats,
                attributes: row?.attributes ?? [:])
            try writeFullBatch()
        }
    }

    /// Writes what is left; gives the rows imported.
    mutating func finish() throws(StoreError) -> Int {
        if !batch.isEmpty { try writeBatch() }
        return progress.rowCount
    }

    // MARK: - Inside

    private mutating func attributes(
        _ lines: inout LineReader?, _ path: String, row: Int
    ) throws(StoreError) -> JSONRow {
        guard var reader = lines else { preconditionFailure("no file of attributes") }
        defer { lines = reader }
        guard let line = try nextLine(&reader) else {
            throw refusal(path, reader.lineCount, "the file ends before row \(row)")
        }
        return try parse(line, plain: true, path, reader.lineCount)
    }

    private mutating func writeFullBatch() throws(StoreError) {
        if batch.count >= batchRowCount { try writeBatch() }
    }

    private mutating func writeBatch() throws(StoreError) {
        try store.write(batch)
        progress.rowCount += batch.count
        batch.removeAll()
        guard observer?(progress) ?? true else {
            throw StoreError(
                .cancelled, "the import was ended after \(progress.rowCount) rows, which stay")
        }
    }

    private func lineReader(_ path: String) throws(StoreError) -> LineReader {
        try withStorageErrors { () throws(StorageError) in
            LineReader(try store.engine.fileSystem.open(FilePath(path), .read))
        }
    }

    private func nextLine(_ lines: inout LineReader) throws(StoreError) -> [UInt8]? {
        try withStorageErrors { () throws(StorageError) in try lines.next() }
    }

    private func parse(
        _ line: [UInt8], plain: Bool, _ path: String, _ number: Int
    ) throws(StoreError) -> JSONRow {
        do throws(JSONRow.Refusal) {
            return try JSONRow(line: line, plain: plain)
        } catch {
            throw refusal(path, number, error.reason)
        }
    }

    private func refusal(_ path: String, _ line: Int, _ reason: String) -> StoreError {
        StoreError(.invalidArgument, "\(path), line \(line): \(reason)")
    }

    private static func widen(
        _ bytes: ArraySlice<UInt8>, _ type: ElementType, into floats: inout [Float]
    ) {
        unsafe bytes.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe floats.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                // Safety: the slice has as many components as the buffer, of that type.
                unsafe VectorConversion.widen(
                    start, count: buffer.count, from: type.vectorElement, into: base)
            }
        }
    }
}
