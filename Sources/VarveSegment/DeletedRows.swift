// The deleted rows of a segment, as searches ask about them.

import Synchronization
public import VarveFormat

/// The rows of a segment that are deleted as of some moment; never changes.
///
/// Keep it from search to search: what walks need of it is made once.
public final class DeletedRows: Sendable {
    /// The rows.
    public let rows: RowSet
    /// How many they are.
    public let count: Int
    private let rowCount: Int
    private let words = AtomicLazyReference<Words>()

    private final class Words: Sendable {
        let words: [UInt64]
        init(_ words: [UInt64]) { self.words = words }
    }

    /// The deleted ones of `rowCount` rows.
    public init(_ rows: RowSet, rowCount: Int) {
        self.rows = rows
        count = rows.count
        self.rowCount = rowCount
    }

    /// Whether `row` is deleted.
    public func contains(_ row: RowOrdinal) -> Bool { count > 0 && rows.contains(row) }

    /// One bit for each row that is not deleted; nil where nearly none are, so that it is cheaper
    /// to sort candidates out later.
    var liveWords: [UInt64]? {
        guard count > rowCount / 20 else { return nil }
        if let known = words.load() { return known.words }
        return words.storeIfNil(Words(rows.bitWords(rowCount: rowCount).map { ~$0 })).words
    }
}
