// For each text of an attribute, the rows that have it.

/// Where the rows of each text of one attribute stand; texts are numbered as in its dictionary.
public struct AttributePostings: Sendable {
    /// What the directory of the section says of them.
    public let entry: AttributeEntry
    /// Rows of the segment.
    public let rowCount: Int
    private let ends: [UInt64]
    private let setsOffset: Int

    /// Texts there are.
    public var count: Int { ends.count }

    /// Bytes in front of the ends.
    static let headerByteCount = 8

    /// How many bytes of the attribute's range ``init(decoding:_:rowCount:)`` needs at most.
    public static let maximumHeadByteCount =
        headerByteCount + AttributeColumnWriter.maximumDictionaryCount * 8

    /// Reads the beginning of the attribute's bytes, which may go on behind it.
    ///
    /// - Throws: ``FormatError`` unless the sets fill the attribute's range in order.
    public init(
        decoding bytes: [UInt8], _ entry: AttributeEntry, rowCount: Int
    ) throws(FormatError) {
        // Safety: every pattern of bits is a byte.
        var reader = ByteReader(
            unsafe bytes.span.bytes, section: AttributeSection.postings.rawValue,
            baseOffset: UInt64(entry.range.lowerBound))
        let count = try reader.readUInt64()
        guard count <= UInt64(AttributeColumnWriter.maximumDictionaryCount),
            Int(count) <= reader.remaining / 8
        else {
            throw reader.error(.invalidValue, "\(count) texts")
        }
        var ends: [UInt64] = []
        for _ in 0..<Int(count) {
            let end = try reader.readUInt64()
            guard end >= ends.last ?? 0 else {
                throw reader.error(.invalidValue, "sets do not follow each other")
            }
            ends.append(end)
        }
        let byteCount = entry.range.count - reader.offset
        guard ends.last ?? 0 == UInt64(max(0, byteCount)), byteCount >= 0 else {
            throw reader.error(.invalidValue, "sets do not fill \(entry.range.count) bytes")
        }
        self.entry = entry
        self.rowCount = rowCount
        self.ends = ends
        setsOffset = entry.range.lowerBound + reader.offset
    }

    /// The bytes of the set of text `index` in the section ``AttributeSection/postings``.
    public func range(_ index: Int) -> Range<Int> {
        let start = index == 0 ? 0 : Int(ends[index - 1])
        return setsOffset + start..<setsOffset + Int(ends[index])
    }

    /// Reads the rows of text `index` from the bytes in ``range(_:)``.
    public func rows(decoding bytes: [UInt8], _ index: Int) throws(FormatError) -> RowSet {
        try RowSet(
            decoding: bytes, rowCount: rowCount, section: AttributeSection.postings.rawValue,
            baseOffset: UInt64(range(index).lowerBound))
    }

    /// The bytes of the postings of one attribute, from its texts' rows.
    package static func encode(_ sets: [[UInt8]]) -> [UInt8] {
        var writer = ByteWriter(
            capacity: sets.reduce(headerByteCount) { $0 + $1.count + 8 })
        writer.append(UInt64(sets.count))
        var end = 0
        for set in sets {
            end += set.count
            writer.append(UInt64(end))
        }
        for set in sets { writer.append(contentsOf: set) }
        return writer.bytes
    }
}
