// The public face: many rows at once, into segments of their own.

public import VarveFormat

/// What a bulk load did.
public struct BulkLoadReport: Hashable, Sendable {
    /// The load's place in the order of all writes; the last write's if there was no row.
    public var sequence: SequenceNumber
    /// Rows that were read.
    public var readRowCount = 0
    /// Rows of them that are in the store: those whose ids no later row of the load has.
    public var rowCount = 0
    /// Rows that were in the store before and have been replaced.
    public var replacedRowCount = 0
    /// Segments written.
    public var segmentCount = 0
    /// Bytes of their files.
    public var byteCount: UInt64 = 0
}

extension Store {
    /// Loads all rows of a file, all or none, without log and memtables: the way to fill a store.
    ///
    /// Otherwise as ``bulkLoad(rowCount:segmentRowCount:observer:next:)``.
    ///
    /// - Parameters:
    ///   - file: Where the rows stand.
    ///   - segmentRowCount: The most rows of one segment; nil for as many as fit.
    ///   - observer: Told every thousand rows or more often; may end the load.
    /// - Throws: ``StoreError`` as there; and `notFound`, and `invalidArgument` with file, line and
    ///   field where the file is not what it should be.
    @discardableResult
    public func bulkLoad(
        from file: TransferFile, segmentRowCount: Int? = nil, observer: TransferObserver? = nil
    ) throws(StoreError) -> BulkLoadReport {
        try engine.requireWritable()
        var rows = try TransferReader(engine.fileSystem, file)
        return try engine.bulkLoad(
            totalRowCount: rows.totalRowCount, segmentRowCount: segmentRowCount,
            observer: observer
        ) { () throws(StoreError) in try rows.next() }
    }

    /// Loads rows one after the other, all or none, without log and memtables.
    ///
    /// Rows are gathered in memory, as many as a quarter of the budget holds with the graph that is
    /// made of them, and each such run becomes a segment; where all fit, there is one segment,
    /// the fastest store to search. There may be more rows than memory. All segments are published
    /// together once the last row is in: a crash, a failure or the observer's veto before leaves
    /// nothing of the load in the store, except that names of attributes may stay known.
    ///
    /// The load counts as one write at the moment of its publication. It replaces rows of the same
    /// ids whenever they were written before, also while it ran; of two rows of the load with one
    /// id the later one counts. Reads and writes go on beside it. Writes wait only while the load
    /// is published: as long as flushing what was written meanwhile takes, and one new version.
    /// Loads of one store follow one another. When this returns, the rows are durable whatever the
    /// durability policy.
    ///
    /// Numbers between the last write before and the load's own are left to batches that are
    /// written while it runs; most stay unused.
    ///
    /// - Parameters:
    ///   - rowCount: Rows there will be, if known: only for the observer.
    ///   - segmentRowCount: The most rows of one segment, whatever memory they take; nil for as
    ///     many as fit.
    ///   - observer: Told every thousand rows or more often; answering false ends the load with
    ///     `cancelled`.
    ///   - next: Gives the next row, or nil behind the last; called on the calling thread. It may
    ///     read and write the store but not load into it, nor close it.
    /// - Throws: ``StoreError``: `invalidArgument` or `tooLarge`, naming row (counted from zero)
    ///   and field; `cancelled`, also where `next` threw, whose error is the `cause` then;
    ///   `noSpace`, `inputOutput`, `corruption`, `failed`, `readOnly`, `closed`. Nothing has been
    ///   loaded then (after `failed`: that is known once the store has been opened again).
    /// - Complexity: with two threads of a common machine, about a minute for a million rows of 128
    ///   components; looking for replaced rows takes about a microsecond for every row of the
    ///   smaller of load and segment.
    @discardableResult
    public func bulkLoad(
        rowCount: Int? = nil, segmentRowCount: Int? = nil, observer: TransferObserver? = nil,
        next: () throws -> Row?
    ) throws(StoreError) -> BulkLoadReport {
        try engine.bulkLoad(
            totalRowCount: rowCount, segmentRowCount: segmentRowCount, observer: observer
        ) { () throws(StoreError) in
            do {
                return try next()
            } catch let error as StoreError {
                throw error
            } catch {
                throw StoreError(
                    .cancelled, "the source of the rows failed: \(error)", cause: error)
            }
        }
    }
}
