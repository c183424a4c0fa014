// Rows of a file, one after the other.

import VarveFormat
import VarveGraph
import VarveKernels
package import VarveStorage

/// Reads the rows of a file in order, in bounded memory.
package struct TransferReader {
    /// Rows there are, where the file says so.
    package let totalRowCount: Int?
    private var lines: Lines?
    private var vectors: VectorFileReader?
    private var index = 0
    private var floats: [Float] = []

    /// Lines of JSON and the path that errors name.
    private struct Lines {
        let path: String
        var reader: LineReader
    }

    /// Opens the file, and the attributes beside it.
    package init(_ fileSystem: any FileSystem, _ file: TransferFile) throws(StoreError) {
        switch file {
        case .jsonLines(let path):
            lines = try Self.lines(fileSystem, path)
            totalRowCount = nil
        case .vectors(let path, let attributesPath):
            let vectors = try Self.vectors(fileSystem, path)
            self.vectors = vectors
            if let attributesPath { lines = try Self.lines(fileSystem, attributesPath) }
            totalRowCount = vectors.shape.rowCount
            floats = [Float](repeating: 0, count: vectors.shape.dimension)
        }
    }

    /// The next row; nil behind the last.
    package mutating func next() throws(StoreError) -> Row? {
        guard var vectors else { return try nextOfLines() }
        guard index < vectors.shape.rowCount else { return nil }
        let bytes = try withStorageErrors { () throws(StorageError) in try vectors.row(index) }
        self.vectors = vectors
        Self.widen(bytes, vectors.shape.elementType, into: &floats)
        let beside = try attributesOfRow()
        defer { index += 1 }
        return Row(
            id: beside?.id ?? .number(UInt64(index)), vector: floats,
            attributes: beside?.attributes ?? [:])
    }

    // MARK: - Inside

    private mutating func nextOfLines() throws(StoreError) -> Row? {
        while let line = try nextLine() {
            guard !line.isEmpty else { continue }
            let row = try parse(line, plain: false)
            guard let id = row.id, let vector = row.vector else {
                throw refusal("a row needs an \"id\" and a \"vector\"")
            }
            return Row(id: id, vector: vector, attributes: row.attributes)
        }
        return nil
    }

    private mutating func attributesOfRow() throws(StoreError) -> JSONRow? {
        guard lines != nil else { return nil }
        guard let line = try nextLine() else {
            throw refusal("the file ends before row \(index)")
        }
        return try parse(line, plain: true)
    }

    private mutating func nextLine() throws(StoreError) -> [UInt8]? {
        // In place: taken out and put back by `defer`, the reader was lost in optimised builds
        // (Swift
        // 6.3.1).
        do throws(StorageError) { return try lines?.reader.next() } catch {
            throw StoreError(error)
        }
    }

    private func parse(_ line: [UInt8], plain: Bool) throws(StoreError) -> JSONRow {
        do throws(JSONRow.Refusal) {
            return try JSONRow(line: line, plain: plain)
        } catch {
            throw refusal(error.reason)
        }
    }

    private func refusal(_ reason: String) -> StoreError {
        let place = lines.map { "\($0.path), line \($0.reader.lineCount): " } ?? ""
        return StoreError(.invalidArgument, place + reason)
    }

    private static func lines(
        _ fileSystem: any FileSystem, _ path: String
    ) throws(StoreError) -> Lines {
        try withStorageErrors { () throws(StorageError) in
            Lines(path: path, reader: LineReader(try fileSystem.open(FilePath(path), .read)))
        }
    }

    private static func vectors(
        _ fileSystem: any FileSystem, _ path: String
    ) throws(StoreError) -> VectorFileReader {
        do throws(VectorFileError) {
            return try VectorFileReader(fileSystem, FilePath(path))
        } catch {
            switch error {
            case .storage(let error): throw StoreError(error)
            case .malformed(let reason): throw StoreError(.invalidArgument, reason)
            }
        }
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
