// Where the record of a row stands in the node pages.

/// The geometry of the section `nodes`: records never straddle a page unless larger than one.
///
/// A record is: vector, degree (two bytes), zeros up to a multiple of four, `maximumDegree`
/// neighbours of four bytes each (zeros behind the degree), so a record is a multiple of four
/// bytes.
public struct NodeLayout: Hashable, Sendable {
    /// Bytes of a vector as stored.
    public let vectorByteCount: Int
    /// Neighbours a record has room for.
    public let maximumDegree: Int
    /// Where the neighbours begin in a record.
    public let neighborOffset: Int
    /// Bytes of a record.
    public let recordByteCount: Int
    /// Records in one page, at least one.
    public let recordsPerPage: Int
    /// Pages one record takes; more than one only for records larger than a page.
    public let pagesPerRecord: Int

    /// The layout for rows of `schema` with up to `maximumDegree` neighbours.
    public init(schema: Schema, maximumDegree: Int) {
        vectorByteCount = schema.vectorByteCount
        self.maximumDegree = maximumDegree
        neighborOffset = (vectorByteCount + 2 + 3) / 4 * 4
        recordByteCount = neighborOffset + 4 * maximumDegree
        recordsPerPage = max(1, SegmentBlocks.pageByteCount / recordByteCount)
        pagesPerRecord =
            (recordByteCount + SegmentBlocks.pageByteCount - 1) / SegmentBlocks.pageByteCount
    }

    /// Where the record of `ordinal` begins, counted from the beginning of the section.
    public func offset(of ordinal: RowOrdinal) -> Int {
        let (page, slot) = ordinal.index.quotientAndRemainder(dividingBy: recordsPerPage)
        return page * pagesPerRecord * SegmentBlocks.pageByteCount + slot * recordByteCount
    }

    /// Bytes of a section of `rowCount` rows: whole pages.
    public func byteCount(rowCount: Int) -> Int {
        (rowCount + recordsPerPage - 1) / recordsPerPage * pagesPerRecord
            * SegmentBlocks.pageByteCount
    }

    /// The ordinals whose records share a page with `ordinal`.
    public func pageMates(of ordinal: RowOrdinal, rowCount: Int) -> Range<UInt32> {
        let first = ordinal.index / recordsPerPage * recordsPerPage
        return UInt32(first)..<UInt32(min(first + recordsPerPage, rowCount))
    }
}
