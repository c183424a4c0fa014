// The deleted rows of a segment, as searches ask about them.

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
    private let known = OnceReference<RowMask>()

    /// The deleted ones of `rowCount` rows.
    public init(_ rows: RowSet, rowCount: Int) {
        self.rows = rows
        count = rows.count
        self.rowCount = rowCount
    }

    /// Whether `row` is deleted.
    public func contains(_ row: RowOrdinal) -> Bool { count > 0 && rows.contains(row) }

    /// The rows that are not deleted; nil where nearly none are, so that it is cheaper to sort
    /// candidates out later.
    var live: RowMask? {
        guard count > rowCount / 20 else { return nil }
        if let known = known.load() { return known }
        return known.storeIfNil(RowMask(rows.bitWords(rowCount: rowCount).map { ~$0 }))
    }
}

/// One bit for each row of a segment, at an address that stays as long as the mask does.
@safe final class RowMask: @unchecked Sendable {
    // Invariant for Sendable: nothing is written after `init`.

    /// The bits, lowest first in words of 64.
    let words: UnsafePointer<UInt64>

    init(_ bits: [UInt64]) {
        let room = UnsafeMutablePointer<UInt64>.allocate(capacity: max(1, bits.count))
        for (index, word) in bits.enumerated() { unsafe room[index] = word }
        // Safety: the words live until deinit.
        unsafe words = UnsafePointer(room)
    }

    deinit { unsafe words.deallocate() }
}
