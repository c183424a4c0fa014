// The writing side: upserts, deletes, and the step that makes them visible.

internal import Synchronization
public import VarveFormat

extension Memtable {
    /// Writes a row under `id`, superseding the one that was there; visible once ``publish()`` is
    /// called.
    ///
    /// The writer's. `vector` has the schema's element type and byte count; `attributes` is an
    /// encoded record, kept as it is. There must be room, see
    /// ``canHold(rowCount:deleteCount:byteCount:)``. If the receipt says the id was
    /// unseen, the caller marks it in older sources, with the receipt's operation. Costs two copies
    /// and a probe of the id table; allocates nothing but, rarely, a larger table.
    @discardableResult
    public func upsert(
        _ id: RecordID, vector: UnsafeRawBufferPointer, attributes: UnsafeRawBufferPointer
    ) -> WriteReceipt {
        precondition(vector.count == schema.vectorByteCount, "a vector of the wrong size")
        let row = writer.rowCount
        let operation = UInt32(writer.operationCount)
        if let source = vector.baseAddress {
            // Safety: `vector(_:)` has checked that the row is in range; no reader knows of it yet.
            unsafe rows.vector(row).copyMemory(from: source, byteCount: vector.count)
        }
        unsafe rows.operations[row] = operation
        unsafe rows.supersededBy[row].store(RowStore.live, ordering: .relaxed)
        writer.rowCount += 1
        writer.liveRowCount += 1
        let prior = unsafe append(id, attributes: attributes, row: UInt32(row))
        return WriteReceipt(
            operation: OperationIndex(operation), prior: prior, row: RowOrdinal(UInt32(row)))
    }

    /// Deletes `id`, present or not; visible once ``publish()`` is called.
    ///
    /// The writer's. Views say of the id that it is deleted here, which masks older sources.
    @discardableResult
    public func delete(_ id: RecordID) -> WriteReceipt {
        let operation = OperationIndex(UInt32(writer.operationCount))
        let none = unsafe UnsafeRawBufferPointer(start: nil, count: 0)
        let prior = unsafe append(id, attributes: none, row: Operation.none)
        return WriteReceipt(operation: operation, prior: prior, row: nil)
    }

    /// Makes every operation since the last call visible, all at once.
    ///
    /// The writer's; called at the end of each batch.
    public func publish() {
        encodeUnpublishedRows()
        writer.publishedRowCount = writer.rowCount
        publishedBytes.store(byteCount, ordering: .relaxed)
        visibleOperationCount.store(UInt32(writer.operationCount), ordering: .releasing)
    }

    /// Ends writing for ever; everything written must have been published.
    public func seal() {
        precondition(
            writer.operationCount == Int(visibleOperationCount.load(ordering: .relaxed)),
            "a memtable is sealed between batches")
        isSealedFlag.store(true, ordering: .releasing)
    }

    /// Writes an operation's record, links it to the id's older versions and supersedes those.
    private func append(
        _ id: RecordID, attributes: UnsafeRawBufferPointer, row: UInt32
    ) -> WriteReceipt.Prior {
        precondition(!isSealed, "a sealed memtable takes no writes")
        precondition(id.isValid, "an id that may not be stored")
        let index = writer.operationCount
        let offset = writer.recordByteCount
        writer.recordByteCount = unsafe records.write(id, attributes: attributes, at: offset)
        let key = idKey(id)
        let known = find(id, key: key)
        var prior = WriteReceipt.Prior.unseen
        if let known {
            let old = operations[Int(known.operation)].row
            prior = old == Operation.none ? .deleted : .superseded(RowOrdinal(old))
            if old != Operation.none {
                // Safety: the row was written by an operation before this one.
                unsafe rows.supersededBy[Int(old)].store(UInt32(index), ordering: .relaxed)
                writer.liveRowCount -= 1
            }
        }
        operations[index] = Operation(
            recordOffset: UInt64(offset), previous: known?.operation ?? Operation.none, row: row,
            rowCount: UInt32(writer.rowCount), liveRowCount: UInt32(writer.liveRowCount))
        writer.operationCount += 1
        if let known {
            ids.replace(at: known.position, key: key, value: UInt32(index) + 1)
        } else {
            ids.insert(key: key, value: UInt32(index) + 1)
        }
        return prior
    }

    // MARK: - The id table

    /// The bits of an id's hash that its slot carries.
    func idKey(_ id: RecordID) -> UInt32 { UInt32(id.stableHash64 >> 32) }

    /// The newest operation on an id, published or not, and where its slot stands.
    func find(_ id: RecordID, key: UInt32) -> (operation: UInt32, position: Int)? {
        var cursor = ids.cursor(key)
        while let found = cursor.next() {
            let operation = found.value - 1
            let offset = Int(operations[Int(operation)].recordOffset)
            if records.hasID(id, at: offset) { return (operation, found.position) }
        }
        return nil
    }
}
