// Rows into a store from files, and out of it: what the caller says and hears.

/// A file of rows, to import from or export to.
public enum TransferFile: Hashable, Sendable {
    /// JSON Lines: one row a line, `{"id": 7, "vector": [0.5, …], "attributes": {…}}`.
    case jsonLines(path: String)
    /// A file of vectors, `.fbin`, `.f16bin`, `.u8bin`, `.i8bin` or `.npy`; and, where given, a
    /// file of JSON Lines whose line *i* is an object with the attributes of row *i*, and with its
    /// `id` if it has one. Rows without an id are numbered from zero.
    case vectors(path: String, attributesPath: String?)
}

/// How far an import or export has come.
public struct TransferProgress: Hashable, Sendable {
    /// Rows transferred.
    public var rowCount = 0
    /// Rows there are, where that is known beforehand.
    public var totalRowCount: Int?
}

/// What is told while rows are transferred; answering false ends the transfer with `cancelled`.
public typealias TransferObserver = @Sendable (TransferProgress) -> Bool

extension Store {
    /// Writes all rows of a file, batch by batch, replacing rows of the same ids.
    ///
    /// Streams: memory is bounded by the store's budget and one batch, whatever the file holds.
    /// Each batch is durable as any other; an import that ends early leaves the batches before, and
    /// may be repeated.
    ///
    /// - Parameters:
    ///   - file: Where the rows stand.
    ///   - batchRowCount: Rows of one batch, 1 to 65,536.
    ///   - observer: Told after every batch.
    /// - Returns: Rows imported.
    /// - Throws: ``StoreError``: `notFound`, `invalidArgument` with file, line or row, and field;
    ///   `cancelled`; and as ``write(_:)``.
    @discardableResult
    public func importRows(
        from file: TransferFile, batchRowCount: Int = 1_000, observer: TransferObserver? = nil
    ) throws(StoreError) -> Int {
        guard (1...WriteBatch.maximumOperationCount).contains(batchRowCount) else {
            throw StoreError(.invalidArgument, "a batch has 1 to 65,536 rows")
        }
        var transfer = Import(self, batchRowCount: batchRowCount, observer: observer)
        return try transfer.read(file)
    }

    /// Writes all rows of a snapshot of now into a new file, in the order of their ids.
    ///
    /// - Throws: ``StoreError`` as ``Snapshot/exportRows(to:observer:)``, and `closed`.
    @discardableResult
    public func exportRows(
        to file: TransferFile, observer: TransferObserver? = nil
    ) throws(StoreError) -> Int {
        try snapshot().exportRows(to: file, observer: observer)
    }
}

extension Snapshot {
    /// Writes all rows into a new file, in the order of their ids; durable when this returns.
    ///
    /// Vectors are written as they are stored; into `.fbin` and `.npy` as float32, into `.f16bin`,
    /// `.u8bin` and `.i8bin` only by a store of that element type. Streams, in bounded memory.
    ///
    /// - Returns: Rows exported.
    /// - Throws: ``StoreError``: `storeExists` if there is a file of that name, `invalidArgument`,
    ///   `cancelled`, `noSpace`, `corruption`, `inputOutput`. The unfinished file is removed then.
    @discardableResult
    public func exportRows(
        to file: TransferFile, observer: TransferObserver? = nil
    ) throws(StoreError) -> Int {
        var transfer = Export(self, observer: observer)
        return try transfer.write(file)
    }
}
