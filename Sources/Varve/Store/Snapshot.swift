// A store at one moment.

import VarveStorage
import Synchronization
public import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuery
import VarveSegment

/// A store as it was at one moment: every read gives the same answer, whatever is written
/// meanwhile.
///
/// May be used from any number of threads. It keeps the memory and the files of its moment from
/// being freed, so a snapshot that is kept for long keeps their space.
public final class Snapshot: Sendable {
    let reader: ViewReader
    /// A write the snapshot shows, with all writes before it: the last one that had been
    /// acknowledged when the snapshot was taken, or a later one.
    ///
    /// Writes that became visible at that very moment may be shown, too.
    public let sequence: SequenceNumber

    init(engine: Engine) {
        // In this order, so that the view never shows less than the number says.
        sequence = engine.visibleSequence
        reader = ViewReader(engine: engine, view: engine.view)
    }

    var engine: Engine { reader.engine }
    var view: View { reader.view }

    /// Rows in the snapshot.
    public var count: Int { view.liveRowCount }

    /// Whether there is a row of that id.
    ///
    /// - Throws: ``StoreError``: `corruption`, `inputOutput`.
    public func contains(_ id: RecordID) throws(StoreError) -> Bool {
        try withSegmentErrors { () throws(SegmentError) in try view.find(id) != nil }
    }

    /// The row of that id; nil if there is none.
    ///
    /// - Throws: ``StoreError``: `corruption`, `inputOutput`.
    public func get(_ id: RecordID) throws(StoreError) -> Row? {
        guard
            let place = try withSegmentErrors({ () throws(SegmentError) in
                try view.find(id)
            })
        else { return nil }
        return Row(
            id: id, vector: try reader.vector(at: place),
            attributes: try reader.attributes(at: place))
    }

    /// Calls `body` with every row, in the order of their ids, until it returns false.
    ///
    /// Rows are read one by one; memory is bounded by the ids of the memtables.
    ///
    /// - Throws: ``StoreError``: `corruption`, `inputOutput`.
    public func forEachRow(_ body: (Row) throws(StoreError) -> Bool) throws(StoreError) {
        var cursor = try withSegmentErrors { () throws(SegmentError) in try RowCursor(view) }
        while let (id, place) = try withSegmentErrors({ () throws(SegmentError) in
            try cursor.next()
        }) {
            let row = Row(
                id: id, vector: try reader.vector(at: place),
                attributes: try reader.attributes(at: place))
            guard try body(row) else { return }
        }
    }

    // MARK: - Searching

    /// The rows nearest to a vector, or to a stored row; see ``Store/search(_:)-(Query)``.
    ///
    /// - Throws: ``StoreError``: `invalidArgument`, `notFound`, `corruption`, `inputOutput`.
    public func search(_ query: Query) throws(StoreError) -> SearchResult {
        try reader.search(query)
    }

    /// The answers to many queries; see ``Store/search(_:)-([Query])``.
    ///
    /// - Throws: ``StoreError`` as ``search(_:)-(Query)``, for the first query that failed.
    public func search(_ queries: [Query]) throws(StoreError) -> [SearchResult] {
        let results = Mutex<[Result<SearchResult, StoreError>?]>(
            Array(repeating: nil, count: queries.count))
        engine.runtime.parallel(
            count: queries.count, threadCount: engine.options.threadCount
        ) { index in
            let result: Result<SearchResult, StoreError>
            do throws(StoreError) {
                result = .success(try search(queries[index]))
            } catch {
                result = .failure(error)
            }
            results.withLock { $0[index] = result }
        }
        var answers: [SearchResult] = []
        answers.reserveCapacity(queries.count)
        for result in results.withLock({ $0 }) {
            guard let result else { preconditionFailure("every query is worked on") }
            answers.append(try result.get())
        }
        return answers
    }
}
