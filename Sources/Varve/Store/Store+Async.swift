// The public face for callers that must not block their threads.

public import VarveFormat

extension Store {
    /// Writes a batch; see ``write(_:)-(WriteBatch)``.
    ///
    /// The calling task is suspended meanwhile.
    @discardableResult
    public func write(_ batch: WriteBatch) async throws(StoreError) -> SequenceNumber {
        try await engine.calls.run { [self] () throws(StoreError) in try engine.write(batch) }
    }

    /// The rows nearest to a vector or row; see ``search(_:)-(Query)``.
    ///
    /// The calling task is suspended meanwhile.
    public func search(_ query: Query) async throws(StoreError) -> SearchResult {
        try await engine.calls.run { [self] () throws(StoreError) in try snapshot().search(query) }
    }

    /// The row of that id; see ``get(_:)-(RecordID)``.
    ///
    /// The calling task is suspended meanwhile.
    public func get(_ id: RecordID) async throws(StoreError) -> Row? {
        try await engine.calls.run { [self] () throws(StoreError) in try snapshot().get(id) }
    }

    /// Turns everything into segments; see ``flush()-()``.
    ///
    /// The calling task is suspended meanwhile.
    public func flush() async throws(StoreError) {
        try await engine.calls.run { [self] () throws(StoreError) in try engine.flush() }
    }

    /// Ends the store; see ``close()-()``.
    ///
    /// The calling task is suspended meanwhile.
    public func close() async throws(StoreError) {
        try await engine.calls.run { [self] () throws(StoreError) in try engine.close() }
    }
}
