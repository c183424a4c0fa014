// The records of some rows that stand next to each other.

/// A decompressed block of rows' attributes.
public struct AttributeRowBlock: Sendable {
    /// The rows in the block.
    public let rows: Range<UInt32>
    private let bytes: [UInt8]
    private let baseOffset: UInt64

    /// Reads the compressed bytes of the block that the index has at `place`.
    ///
    /// - Throws: ``FormatError`` unless they decompress to records that fill the block in order.
    public init(decoding frame: [UInt8], at place: AttributeRowPlace) throws(FormatError) {
        let section = AttributeSection.rows.rawValue
        rows = place.rows
        baseOffset = UInt64(place.range.lowerBound)
        // Safety: every pattern of bits is a byte.
        bytes = try decompressBlock(
            unsafe frame.span.bytes, byteCount: place.byteCount, section: section,
            baseOffset: baseOffset)
        var reader = ByteReader(
            unsafe bytes.span.bytes, section: section, baseOffset: baseOffset)
        guard rows.count * 4 <= bytes.count else {
            throw reader.error(.truncated, "\(bytes.count) bytes for \(rows.count) rows")
        }
        let recordByteCount = bytes.count - rows.count * 4
        var last = 0
        for _ in rows {
            let end = Int(try reader.readUInt32())
            guard end >= last, end <= recordByteCount else {
                throw reader.error(.invalidValue, "records do not follow each other")
            }
            last = end
        }
        guard last == recordByteCount else {
            throw reader.error(.invalidValue, "\(recordByteCount - last) bytes behind the records")
        }
    }

    /// The bytes of the record of `row`, which must be in the block.
    public func record(of row: RowOrdinal) -> [UInt8] { Array(bytes[range(of: row)]) }

    /// Every attribute of `row`, which must be in the block, in the order of the record.
    ///
    /// - Throws: ``FormatError`` if the record is not one.
    public func attributes(
        of row: RowOrdinal
    ) throws(FormatError) -> [(id: AttributeID, value: AttributeValue)] {
        let range = range(of: row)
        guard !range.isEmpty else { return [] }
        // Safety: every pattern of bits is a byte.
        let record = AttributeRecord(
            unsafe bytes.span.bytes.extracting(range), baseOffset: baseOffset)
        return try record.decoded()
    }

    private func range(of row: RowOrdinal) -> Range<Int> {
        precondition(rows.contains(row.rawValue))
        let index = Int(row.rawValue - rows.lowerBound)
        let start = rows.count * 4
        return start + (index == 0 ? 0 : end(index - 1))..<start + end(index)
    }

    private func end(_ index: Int) -> Int {
        (0..<4).reduce(0) { $0 | Int(bytes[index * 4 + $1]) << ($1 * 8) }
    }
}
