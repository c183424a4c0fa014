// The public face: writing.

public import VarveFormat

extension Store {
    /// Writes a batch: all of it or nothing.
    ///
    /// When this returns, every row is visible to the next search, and as durable as
    /// ``Options/durability`` says. Batches written by many threads at once share syncs. While
    /// flushing is behind, a call may be delayed, and is stopped when memory is full; the listener
    /// is told, and every stall ends with a flush.
    ///
    /// - Returns: The batch's place in the order of all writes.
    /// - Throws: ``StoreError``: `invalidArgument` or `tooLarge`, naming row and field; `noSpace`,
    ///   `inputOutput`, `failed` (whether the batch is there is known after reopening),
    ///   `corruption`, `readOnly`, `closed`.
    @discardableResult
    public func write(_ batch: WriteBatch) throws(StoreError) -> SequenceNumber {
        try engine.write(batch)
    }

    /// Writes one row; see ``WriteBatch/upsert(id:vector:attributes:)-(_,[Float],_)``.
    ///
    /// - Throws: as ``write(_:)``.
    @discardableResult
    public func upsert(
        id: RecordID, vector: [Float], attributes: [String: AttributeValue] = [:]
    ) throws(StoreError) -> SequenceNumber {
        var batch = WriteBatch()
        batch.upsert(id: id, vector: vector, attributes: attributes)
        return try write(batch)
    }

    /// Removes the row of that id, if there is one.
    ///
    /// - Throws: as ``write(_:)``.
    @discardableResult
    public func delete(id: RecordID) throws(StoreError) -> SequenceNumber {
        var batch = WriteBatch()
        batch.delete(id: id)
        return try write(batch)
    }

    /// Makes every write acknowledged so far durable, whatever the durability policy.
    ///
    /// - Throws: ``StoreError``: `inputOutput`, `noSpace`, `failed`, `readOnly`, `closed`.
    public func sync() throws(StoreError) { try engine.sync() }

    /// Turns everything written so far into segments, and returns when they are published.
    ///
    /// - Throws: ``StoreError``: `noSpace` (nothing is lost; it is tried again in the background),
    ///   `inputOutput`, `failed`, `readOnly`, `closed`.
    public func flush() throws(StoreError) { try engine.flush() }
}
