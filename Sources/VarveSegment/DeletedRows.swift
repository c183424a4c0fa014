// The deleted rows of a segment, as searches ask about them.

import Synchronization
public import VarveFormat

/// The rows of a segment that are deleted as of some moment; never changes.
///
/// Keep it from search to search: what walks need of it is made once.
public final class DeletedRows: Sendable {
    /// The rows.
    public let rows: RowSet
    private let rowCount: Int
    private let words = AtomicLazyReference<Words>()

    private final class Words: Sendable {
        let words: [UInt64]
        init(_ words: [UInt64]) { self.words = words }
    }

    /// The deleted ones of `rowCount` rows.
    public init(_ rows: RowSet, rowCount: Int) {
        self.rows = rows
        self.rowCount = rowCount
    }

    /// Rows deleted.
    public var count: Int { rows.count }

    /// Whether `row` is deleted.
    public func contains(_ row: RowOrdinal) -> Bool { rows.contains(row) }

    /// One bit for each row that is not deleted; nil where nearly none are, so that it is cheaper
    /// to sort candidates out later.
    var liveWords: [UInt64]? {
        guard rows.count > rowCount / 20 else { return nil }
        if let known = words.load() { return known.words }
        return words.storeIfNil(Words(rows.bitWords(rowCount: rowCount).map { ~$0 })).words
    }
}
