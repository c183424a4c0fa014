// Rows of a segment that may be damaged, as far as their blocks verify.

public import VarveFormat
public import VarveStorage

extension SegmentImage {
    /// What the segment says about itself; nil if that cannot be read.
    ///
    /// - Throws: ``StorageError`` if the file cannot be read.
    public func description() throws(StorageError) -> SegmentDescription? {
        if let known = cachedDescription { return known }
        var found: SegmentDescription?
        if let section = index(of: SegmentSection.schema.rawValue),
            entries[section].byteCount <= 32 << 20,
            let bytes = try verifiedBytes(section: section, 0..<Int(entries[section].byteCount))
        {
            // Safety: every pattern of bits is a byte.
            found = try? SegmentDescription(
                decoding: unsafe bytes.span.bytes, at: entries[section].offset)
        }
        cachedDescription = .some(found)
        return found
    }

    /// Rows, deleted ones included, by the segment itself or by the manifest.
    ///
    /// - Throws: ``StorageError`` if the file cannot be read.
    public func rowCount() throws(StorageError) -> Int? {
        try description()?.rowCount ?? record?.rowCount
    }

    /// The id of a row; nil if its bytes do not verify.
    ///
    /// - Throws: ``StorageError`` if the file cannot be read.
    public func id(of row: RowOrdinal) throws(StorageError) -> RecordID? {
        guard let description = try description(), row.index < description.rowCount,
            let section = index(of: SegmentSection.identifiers.rawValue)
        else { return nil }
        let place = row.index * 8
        switch description.identifierKind {
        case .numbers:
            guard let bytes = try verifiedBytes(section: section, place..<place + 8) else {
                return nil
            }
            return .number(Self.word(bytes, 0))
        case .tagged:
            guard let bounds = try verifiedBytes(section: section, place..<place + 16) else {
                return nil
            }
            let (start, end) = (Self.word(bounds, 0), Self.word(bounds, 8))
            guard start < end, end <= entries[section].byteCount,
                end - start <= UInt64(IdentifierRecord.maximumByteCount),
                let bytes = try verifiedBytes(section: section, Int(start)..<Int(end))
            else { return nil }
            // Safety: every pattern of bits is a byte.
            return try? IdentifierRecord.decode(unsafe bytes.span.bytes, at: start)
        }
    }

    /// The record of a row in the node pages: its vector, and its neighbours; nil if its bytes do
    /// not verify or are no such record.
    ///
    /// - Throws: ``StorageError`` if the file cannot be read.
    public func node(
        _ row: RowOrdinal
    ) throws(StorageError) -> (vector: [UInt8], neighbors: [RowOrdinal])? {
        guard let description = try description(), row.index < description.rowCount,
            let section = index(of: SegmentSection.nodes.rawValue)
        else { return nil }
        let layout = description.nodeLayout
        let start = layout.offset(of: row)
        guard
            let bytes = try verifiedBytes(
                section: section, start..<start + layout.recordByteCount)
        else { return nil }
        let degree =
            Int(bytes[layout.vectorByteCount]) | Int(bytes[layout.vectorByteCount + 1]) << 8
        guard degree <= layout.maximumDegree else { return nil }
        let neighbors = (0..<degree).map { place in
            let width = layout.neighborByteCount
            let at = layout.neighborOffset + place * width
            return RowOrdinal(
                (0..<width).reduce(UInt32(0)) { $0 | UInt32(bytes[at + $1]) << ($1 * 8) })
        }
        return (Array(bytes[..<layout.vectorByteCount]), neighbors)
    }

    /// The bytes of a row's attribute record; nil if they do not verify, empty if it has none.
    ///
    /// - Throws: ``StorageError`` if the file cannot be read.
    public func attributeRecord(of row: RowOrdinal) throws(StorageError) -> [UInt8]? {
        guard let section = index(of: AttributeSection.rows.rawValue) else { return [] }
        guard let index = try attributeIndex() else { return nil }
        guard row.index < index.rowCount else { return nil }
        let place = index.place(of: row)
        guard let frame = try verifiedBytes(section: section, place.range),
            let block = try? AttributeRowBlock(decoding: frame, at: place)
        else { return nil }
        return block.record(of: row)
    }

    /// Where the blocks of rows' attributes stand; nil if that cannot be read.
    func attributeIndex() throws(StorageError) -> AttributeRowIndex? {
        if let known = cachedIndex { return known }
        var found: AttributeRowIndex?
        if let section = index(of: AttributeSection.rowIndex.rawValue),
            let rows = index(of: AttributeSection.rows.rawValue), let count = try rowCount(),
            let bytes = try verifiedBytes(section: section, 0..<Int(entries[section].byteCount))
        {
            found = try? AttributeRowIndex(
                decoding: bytes, rowCount: count,
                sectionByteCount: Int(entries[rows].byteCount))
        }
        cachedIndex = .some(found)
        return found
    }

    /// The rows whose own content stands in `range` of a section; none for what can be made anew.
    func rows(
        in range: Range<Int>, of section: Int
    ) throws(StorageError) -> Range<UInt32> {
        guard let description = try description(), !range.isEmpty else { return 0..<0 }
        let count = UInt32(description.rowCount)
        func clamped(_ first: Int, _ end: Int) -> Range<UInt32> {
            let first = min(UInt32(clamping: first), count)
            return first..<max(first, min(UInt32(clamping: end), count))
        }
        switch entries[section].name {
        case SegmentSection.nodes.rawValue:
            let layout = description.nodeLayout
            let bytes = layout.pageByteCount
            return clamped(
                range.lowerBound / bytes * layout.recordsPerPage,
                (range.upperBound - 1) / bytes * layout.recordsPerPage + layout.recordsPerPage)
        case SegmentSection.identifiers.rawValue:
            if description.identifierKind == .numbers || range.upperBound <= 8 * Int(count) {
                return clamped(range.lowerBound / 8, (range.upperBound + 7) / 8)
            }
            return try taggedRows(in: range, of: section, count)
        case AttributeSection.rows.rawValue:
            guard let index = try attributeIndex() else { return 0..<count }
            let touched = (0..<index.blockCount).map { index.place($0) }
                .filter { $0.range.overlaps(range) }
            guard let first = touched.first, let last = touched.last else { return 0..<0 }
            return first.rows.lowerBound..<last.rows.upperBound
        case AttributeSection.rowIndex.rawValue, SegmentSection.schema.rawValue:
            return 0..<count
        default: return 0..<0
        }
    }

    /// The rows whose tagged ids stand in `range`, by the offsets in front of them.
    private func taggedRows(
        in range: Range<Int>, of section: Int, _ count: UInt32
    ) throws(StorageError) -> Range<UInt32> {
        func first(at place: Int) throws(StorageError) -> UInt32? {
            var (low, high) = (UInt32(0), count)
            while low < high {
                let middle = (low + high) / 2
                let at = Int(middle) * 8 + 8
                guard let bytes = try verifiedBytes(section: section, at..<at + 8) else {
                    return nil
                }
                if Self.word(bytes, 0) > UInt64(place) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        guard let start = try first(at: range.lowerBound),
            let end = try first(at: range.upperBound - 1)
        else { return 0..<count }
        return min(start, count)..<min(end + 1, count)
    }
}
