// The public face: reading rows. Everything here reads a snapshot of the moment of the call.

public import VarveFormat

extension Store {
    /// The store as it is now, for as long as it is kept.
    ///
    /// Costs next to nothing; memtables and files it shows stay until it is dropped.
    ///
    /// - Throws: ``StoreError`` `closed`.
    public func snapshot() throws(StoreError) -> Snapshot {
        try engine.requireOpen()
        return Snapshot(engine: engine)
    }

    /// The row of that id; nil if there is none.
    ///
    /// - Throws: ``StoreError``: `corruption`, `inputOutput`, `closed`.
    public func get(_ id: RecordID) throws(StoreError) -> Row? { try snapshot().get(id) }

    /// Whether there is a row of that id.
    ///
    /// - Throws: ``StoreError``: `corruption`, `inputOutput`, `closed`.
    public func contains(_ id: RecordID) throws(StoreError) -> Bool {
        try snapshot().contains(id)
    }

    /// Rows there are.
    ///
    /// - Throws: ``StoreError`` `closed`.
    public func count() throws(StoreError) -> Int { try snapshot().count }

    /// The rows nearest to a vector, or to a stored row.
    ///
    /// - Returns: At most `k` hits, nearest first by exact distance, equal distances in the order
    ///   of ids.
    /// - Throws: ``StoreError``: `invalidArgument`, `notFound` (the row searched by), `corruption`,
    ///   `inputOutput`, `closed`.
    public func search(_ query: Query) throws(StoreError) -> SearchResult {
        try engine.requireOpen()
        return try ViewReader(engine: engine, view: engine.view).search(query)
    }

    /// The answers to many queries, all over one snapshot, worked out by ``Options/threadCount``
    /// threads.
    ///
    /// - Returns: One result for each query, in their order.
    /// - Throws: ``StoreError`` as ``search(_:)``, for the first query that failed.
    public func search(_ queries: [Query]) throws(StoreError) -> [SearchResult] {
        try snapshot().search(queries)
    }
}
