// Where the record of a row stands in the node pages.

/// The geometry of the section `nodes`: records never straddle a page unless larger than one.
///
/// A record is: vector, degree (two bytes), `maximumDegree` neighbours of two, three or four bytes
/// each, as few as name every row (zeros behind the degree), and zeros up to a multiple of the
/// element's size. A page is what a search reads at once.
public struct NodeLayout: Hashable, Sendable {
    /// Bytes of a vector as stored.
    public let vectorByteCount: Int
    /// Neighbours a record has room for.
    public let maximumDegree: Int
    /// Bytes of a neighbour: 2 up to 65,536 rows, 3 up to 16,777,216, else 4.
    public let neighborByteCount: Int
    /// Bytes of a record.
    public let recordByteCount: Int
    /// Bytes of a page: 4,096 for records of up to 512 bytes, 8,192 for records of up to 8,192,
    /// else a record up to the next multiple of 4,096.
    public let pageByteCount: Int
    /// Records in one page, at least one.
    public let recordsPerPage: Int

    /// Records up to this size share pages of the smaller size.
    private static let smallRecordByteCount = 512

    /// The layout for `rowCount` rows of `schema` with up to `maximumDegree` neighbours.
    public init(schema: Schema, maximumDegree: Int, rowCount: Int) {
        let elementByteCount = schema.vectorByteCount / schema.dimension
        vectorByteCount = schema.vectorByteCount
        self.maximumDegree = maximumDegree
        neighborByteCount = rowCount <= 1 << 16 ? 2 : rowCount <= 1 << 24 ? 3 : 4
        let byteCount = vectorByteCount + 2 + neighborByteCount * maximumDegree
        recordByteCount = (byteCount + elementByteCount - 1) / elementByteCount * elementByteCount
        let unit = SegmentBlocks.pageByteCount
        if recordByteCount <= Self.smallRecordByteCount {
            pageByteCount = unit
        } else {
            pageByteCount = max(2 * unit, (recordByteCount + unit - 1) / unit * unit)
        }
        recordsPerPage = max(1, pageByteCount / recordByteCount)
    }

    /// Where the degree stands in a record.
    public var degreeOffset: Int { vectorByteCount }
    /// Where the neighbours begin in a record.
    public var neighborOffset: Int { vectorByteCount + 2 }

    /// Pages of 4,096 bytes that a page takes.
    public var unitsPerPage: Int { pageByteCount / SegmentBlocks.pageByteCount }

    /// Bytes of a block under one checksum: a page, where its size is a power of two.
    public var blockByteCount: Int {
        pageByteCount == 2 * SegmentBlocks.pageByteCount
            ? pageByteCount : SegmentBlocks.pageByteCount
    }

    /// Where the record of `ordinal` begins, counted from the beginning of the section.
    public func offset(of ordinal: RowOrdinal) -> Int {
        let (page, slot) = ordinal.index.quotientAndRemainder(dividingBy: recordsPerPage)
        return page * pageByteCount + slot * recordByteCount
    }

    /// Pages of a section of `rowCount` rows.
    public func pageCount(rowCount: Int) -> Int {
        (rowCount + recordsPerPage - 1) / recordsPerPage
    }

    /// Bytes of a section of `rowCount` rows: whole pages.
    public func byteCount(rowCount: Int) -> Int { pageCount(rowCount: rowCount) * pageByteCount }

    /// The ordinals whose records stand on page `page`.
    public func rows(ofPage page: Int, rowCount: Int) -> Range<Int> {
        page * recordsPerPage..<min((page + 1) * recordsPerPage, rowCount)
    }
}
