// What a merge knows of one of the graphs it merges.

public import VarveFormat

/// One source of a merge: how many of its rows live, and what its graph has been through.
///
/// The rows of the sources follow each other in the merged table in the order in which the sources
/// are given: with 10 and 5 live rows, rows 0 to 9 are the first source's and 10 to 14 the
/// second's.
public struct MergeSource: Hashable, Sendable {
    /// Rows that live on in the merged graph; zero for a source that is all deleted.
    public var rowCount: Int
    /// Rows of its graph that do not.
    public var deletedRowCount: Int
    /// Merges its graph has been through since it was last built as a whole.
    public var mergeCount: Int
    /// Its live entry points as rows of the merged table; may be empty.
    public var entryRows: [RowOrdinal]

    /// A source of `rowCount` live rows.
    public init(
        rowCount: Int, deletedRowCount: Int = 0, mergeCount: Int = 0, entryRows: [RowOrdinal] = []
    ) {
        precondition(rowCount >= 0 && deletedRowCount >= 0 && mergeCount >= 0)
        self.rowCount = rowCount
        self.deletedRowCount = deletedRowCount
        self.mergeCount = mergeCount
        self.entryRows = entryRows
    }
}
