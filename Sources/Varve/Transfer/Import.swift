// Rows from a file into a store, batch by batch.

/// An import under way.
struct Import {
    private let store: Store
    private let batchRowCount: Int
    private let observer: TransferObserver?
    /// Whether rows come without the dates by which they would go.
    var stripsRetention = false
    private var batch = WriteBatch()
    private var progress = TransferProgress()

    init(_ store: Store, batchRowCount: Int, observer: TransferObserver?) {
        self.store = store
        self.batchRowCount = batchRowCount
        self.observer = observer
    }

    /// Writes all rows of `file`; gives how many.
    mutating func read(_ file: TransferFile) throws(StoreError) -> Int {
        var rows = try TransferReader(store.engine.fileSystem, file)
        progress.totalRowCount = rows.totalRowCount
        while let row = try rows.next() {
            var attributes = row.attributes
            if stripsRetention { for name in Expiry.dateNames { attributes[name] = nil } }
            batch.upsert(id: row.id, vector: row.vector, attributes: attributes)
            if batch.count >= batchRowCount { try writeBatch() }
        }
        if !batch.isEmpty { try writeBatch() }
        return progress.rowCount
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
}
