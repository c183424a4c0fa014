// Columns from bytes that may be damaged.

extension AttributeColumn {
    /// Reads the bytes of the column that the directory has as `entry`.
    ///
    /// - Throws: ``FormatError`` for anything a reader could stumble over later.
    public init(
        decoding bytes: [UInt8], _ entry: AttributeEntry, rowCount: Int
    ) throws(FormatError) {
        // Safety: every pattern of bits is a byte.
        var reader = ByteReader(
            unsafe bytes.span.bytes, section: AttributeSection.columns.rawValue,
            baseOffset: UInt64(entry.range.lowerBound))
        let presentRows = try Self.readPresentRows(&reader, entry, rowCount: rowCount)
        values = try Self.readValues(&reader, entry)
        try reader.expectEnd()
        self.entry = entry
        self.rowCount = rowCount
        self.presentRows = presentRows
        self.bytes = bytes
    }

    private static func readPresentRows(
        _ reader: inout ByteReader, _ entry: AttributeEntry, rowCount: Int
    ) throws(FormatError) -> [UInt32]? {
        guard entry.presentCount < rowCount else { return nil }
        let byteCount = try reader.readUInt64()
        guard byteCount <= UInt64(reader.remaining) else {
            throw reader.error(.truncated, "\(byteCount) bytes of rows")
        }
        let baseOffset = reader.baseOffset + UInt64(reader.offset)
        let start = try reader.skip(Int(byteCount))
        let set = try RowSet(
            decoding: reader.bytes.extracting(start..<start + Int(byteCount)), rowCount: rowCount,
            section: reader.section, baseOffset: baseOffset)
        let ordinals = set.ordinals
        guard ordinals.count == entry.presentCount else {
            throw reader.error(
                .invalidValue, "\(ordinals.count) rows, \(entry.presentCount) expected")
        }
        try reader.readPadding(toMultipleOf: 8)
        return ordinals
    }

    private static func readValues(
        _ reader: inout ByteReader, _ entry: AttributeEntry
    ) throws(FormatError) -> Values {
        let count = entry.presentCount
        switch entry.encoding {
        case .texts:
            return .texts(try TextTable(skipping: &reader, count: count, isSorted: false))
        case .textDictionary:
            let (table, ids) = try readDictionary(&reader, count: count)
            return .textDictionary(table, ids)
        case .integers:
            return .integers(try readBlocks(&reader, count: count))
        case .doubles:
            return .doubles(offset: try readDoubles(&reader, count: count))
        case .bits:
            return .bits(try PackedIntegers(skipping: &reader, count: count, width: 1))
        case .lists:
            let (ends, total) = try readEnds(&reader, count: count)
            return .lists(
                ends: ends, try TextTable(skipping: &reader, count: total, isSorted: false))
        case .listDictionary:
            let (ends, total) = try readEnds(&reader, count: count)
            let (table, ids) = try readDictionary(&reader, count: total)
            return .listDictionary(ends: ends, table, ids)
        }
    }

    private static func readDictionary(
        _ reader: inout ByteReader, count: Int
    ) throws(FormatError) -> (TextTable, PackedIntegers) {
        let distinct = try reader.readUInt64()
        guard distinct <= UInt64(AttributeColumnWriter.maximumDictionaryCount),
            distinct > 0 || count == 0
        else {
            throw reader.error(.invalidValue, "a dictionary of \(distinct) texts")
        }
        let table = try TextTable(skipping: &reader, count: Int(distinct), isSorted: true)
        let width = PackedIntegers.width(maximum: max(1, distinct) - 1)
        let ids = try PackedIntegers(skipping: &reader, count: count, width: width)
        let isWhole = unsafe reader.bytes.withUnsafeBytes { base in
            for index in 0..<count where unsafe ids.value(index, in: base) >= distinct {
                return false
            }
            return true
        }
        guard isWhole else { throw reader.error(.invalidValue, "a text the dictionary lacks") }
        return (table, ids)
    }

    private static func readBlocks(
        _ reader: inout ByteReader, count: Int
    ) throws(FormatError) -> [Block] {
        let perBlock = AttributeColumnWriter.integersPerBlock
        let blockCount = (count + perBlock - 1) / perBlock
        guard blockCount * AttributeColumnWriter.blockHeaderByteCount <= reader.remaining else {
            throw reader.error(.truncated, "\(blockCount) blocks do not fit")
        }
        var headers: [(lowest: Int64, highest: Int64, offset: UInt64, width: UInt64)] = []
        for _ in 0..<blockCount {
            headers.append(
                (
                    Int64(bitPattern: try reader.readUInt64()),
                    Int64(bitPattern: try reader.readUInt64()), try reader.readUInt64(),
                    try reader.readUInt64()
                ))
        }
        let start = reader.offset
        var blocks: [Block] = []
        for (index, header) in headers.enumerated() {
            let spread =
                UInt64(bitPattern: header.highest) &- UInt64(bitPattern: header.lowest)
            guard header.lowest <= header.highest,
                header.width == UInt64(PackedIntegers.width(maximum: spread)),
                header.offset == UInt64(reader.offset - start)
            else {
                throw reader.error(.invalidValue, "block \(index) contradicts itself")
            }
            let distances = try PackedIntegers(
                skipping: &reader, count: min(perBlock, count - index * perBlock),
                width: Int(header.width))
            let largest = unsafe reader.bytes.withUnsafeBytes { base in
                var largest: UInt64 = 0
                for place in 0..<distances.count {
                    largest = max(largest, unsafe distances.value(place, in: base))
                }
                return largest
            }
            guard largest <= spread else {
                throw reader.error(.invalidValue, "a number above the highest of block \(index)")
            }
            blocks.append(
                Block(lowest: header.lowest, highest: header.highest, distances: distances))
        }
        return blocks
    }

    private static func readDoubles(
        _ reader: inout ByteReader, count: Int
    ) throws(FormatError) -> Int {
        guard count <= reader.remaining / 8 else {
            throw reader.error(.truncated, "\(count) numbers do not fit")
        }
        let start = reader.offset
        for _ in 0..<count where try reader.readDouble().isNaN {
            throw reader.error(.invalidValue, "not a number")
        }
        return start
    }

    /// Reads the ends of `count` lists; gives where they stand and how many texts there are.
    private static func readEnds(
        _ reader: inout ByteReader, count: Int
    ) throws(FormatError) -> (offset: Int, total: Int) {
        guard count <= reader.remaining / 4 else {
            throw reader.error(.truncated, "\(count) lists do not fit")
        }
        let start = reader.offset
        var last: UInt32 = 0
        for _ in 0..<count {
            let end = try reader.readUInt32()
            guard end >= last else {
                throw reader.error(.invalidValue, "lists do not follow each other")
            }
            last = end
        }
        try reader.readPadding(toMultipleOf: 8)
        return (start, Int(last))
    }
}
