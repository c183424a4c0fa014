// Marks: rows of older sources that operations of this memtable deleted.

public import VarveFormat

extension Memtable {
    /// Records that `operation`, the last one written, deleted a row of an older source.
    ///
    /// The writer's, before ``publish()``. A row that is marked already keeps its older mark.
    public func mark(source: SegmentID, ordinal: RowOrdinal, operation: OperationIndex) {
        precondition(!isSealed, "a sealed memtable takes no marks")
        precondition(
            Int(operation.rawValue) < writer.operationCount, "a mark belongs to an operation")
        markLists.makeTable(of: source).insert(ordinal, operation)
    }

    /// Gives every mark on `old` to the row of `new` that holds the same data, if `table` knows
    /// one.
    ///
    /// The writer's, also after ``seal()``: run when a flush or merge replaces `old` by `new`,
    /// before readers learn of `new`. Views of the time before go on reading the marks on `old`,
    /// which stay. Marks on the result of merging several sources are added up by one call for
    /// each.
    public func translateMarks(
        from old: SegmentID, to new: SegmentID, table: (RowOrdinal) -> RowOrdinal?
    ) {
        guard let marks = markLists.table(of: old)?.marks(operationCount: .max), !marks.isEmpty
        else {
            return
        }
        let translated = markLists.makeTable(of: new)
        for mark in marks {
            if let ordinal = table(mark.ordinal) { translated.insert(ordinal, mark.operation) }
        }
    }

    /// The marks on `source`; nil if there never were any.
    ///
    /// Lock-free. Look it up once a search and ask it row by row; a table that appears later holds
    /// no marks of the views taken before.
    public func marks(on source: SegmentID) -> MarkTable? { markLists.table(of: source) }

    /// Marks on `source`, those of operations not visible yet included.
    public func markCount(_ source: SegmentID) -> Int { markLists.table(of: source)?.count ?? 0 }

    /// Every source that has marks, in the order of their ids.
    public var markedSources: [SegmentID] {
        var sources: [SegmentID] = []
        markLists.forEach { sources.append($0.source) }
        return sources.sorted()
    }
}

extension MemtableView {
    /// Whether the view shows that a row of an older source was deleted here.
    public func isMarked(_ source: SegmentID, _ ordinal: RowOrdinal) -> Bool {
        memtable.markLists.table(of: source)?
            .isMarked(ordinal, operationCount: operationCount) ?? false
    }

    /// The rows of an older source that the view shows as deleted here, in the order of their
    /// ordinals.
    public func marks(on source: SegmentID) -> [Mark] {
        memtable.markLists.table(of: source)?.marks(operationCount: operationCount) ?? []
    }

    /// How many rows of an older source the view shows as deleted here; costs a walk over its
    /// marks.
    public func markCount(_ source: SegmentID) -> Int {
        memtable.markLists.table(of: source)?.count(operationCount: operationCount) ?? 0
    }
}
