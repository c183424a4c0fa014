// The first bytes of the sections of columns and postings: which attribute stands where.

/// How the values of a column are written.
public enum AttributeEncoding: UInt8, Sendable, CaseIterable {
    /// Texts as numbers into a sorted table of the different ones.
    case textDictionary = 1
    /// Texts as they are.
    case texts = 2
    /// Whole numbers and dates in blocks, as packed distances from each block's lowest.
    case integers = 3
    /// Eight bytes each.
    case doubles = 4
    /// One bit each.
    case bits = 5
    /// Lists of texts as numbers into a sorted table of the different ones.
    case listDictionary = 6
    /// Lists of texts as they are.
    case lists = 7

    /// Whether values of `type` may be written this way.
    func holds(_ type: AttributeType) -> Bool {
        switch self {
        case .textDictionary, .texts: type == .string
        case .integers: type == .int || type == .date
        case .doubles: type == .double
        case .bits: type == .bool
        case .listDictionary, .lists: type == .strings
        }
    }
}

/// One attribute of a section of columns or postings.
public struct AttributeEntry: Hashable, Sendable {
    /// Which attribute.
    public var id: AttributeID
    /// The type of its values.
    public var type: AttributeType
    /// How its values are written in the section of columns.
    public var encoding: AttributeEncoding
    /// Rows that have a value.
    public var presentCount: Int
    /// Its bytes in the section.
    public var range: Range<Int>

    /// An entry of these parts.
    package init(
        id: AttributeID, type: AttributeType, encoding: AttributeEncoding, presentCount: Int,
        range: Range<Int> = 0..<0
    ) {
        self.id = id
        self.type = type
        self.encoding = encoding
        self.presentCount = presentCount
        self.range = range
    }
}

/// The attributes of a section of columns or postings, ascending by number.
public struct AttributeDirectory: Sendable {
    /// The section.
    public let section: AttributeSection
    /// Rows of the segment.
    public let rowCount: Int
    /// The attributes, ascending by number.
    public let entries: [AttributeEntry]

    static let headerByteCount = 8
    static let entryByteCount = 24

    /// The most bytes a directory has; a reader that reads as many, or the whole section, has it.
    public static let maximumByteCount =
        headerByteCount + AttributeRecord.maximumNameCount * entryByteCount

    /// Reads the directory at the beginning of a section of `sectionByteCount` bytes.
    ///
    /// `bytes` are the first bytes of the section; they may go on behind the directory.
    /// - Throws: ``FormatError`` unless the attributes fill the section in order.
    public init(
        decoding bytes: [UInt8], of section: AttributeSection, rowCount: Int,
        sectionByteCount: Int
    ) throws(FormatError) {
        // Safety: every pattern of bits is a byte.
        var reader = ByteReader(unsafe bytes.span.bytes, section: section.rawValue)
        let count = Int(try reader.readUInt32())
        guard Int(try reader.readUInt32()) == rowCount else {
            throw reader.error(.invalidValue, "not of \(rowCount) rows")
        }
        guard count <= AttributeRecord.maximumNameCount else {
            throw reader.error(.invalidValue, "\(count) attributes")
        }
        var end = Self.headerByteCount + count * Self.entryByteCount
        var entries: [AttributeEntry] = []
        for _ in 0..<count {
            let entry = try Self.readEntry(&reader, rowCount: rowCount, sectionByteCount)
            guard entries.last.map({ $0.id < entry.id }) ?? true else {
                throw reader.error(.invalidValue, "attributes out of order")
            }
            guard entry.range.lowerBound == end else {
                throw reader.error(
                    .invalidValue, "attribute \(entry.id.rawValue) does not begin at \(end)")
            }
            end = entry.range.upperBound
            entries.append(entry)
        }
        guard end == sectionByteCount else {
            throw reader.error(.invalidValue, "attributes end at \(end)")
        }
        self.section = section
        self.rowCount = rowCount
        self.entries = entries
    }

    private static func readEntry(
        _ reader: inout ByteReader, rowCount: Int, _ sectionByteCount: Int
    ) throws(FormatError) -> AttributeEntry {
        let id = AttributeID(try reader.readUInt16())
        let typeByte = try reader.readUInt8()
        guard let type = AttributeType(rawValue: typeByte) else {
            throw reader.error(.tooNew, "attribute type \(typeByte) is unknown")
        }
        let encodingByte = try reader.readUInt8()
        guard let encoding = AttributeEncoding(rawValue: encodingByte) else {
            throw reader.error(.tooNew, "encoding \(encodingByte) is unknown")
        }
        let presentCount = Int(try reader.readUInt32())
        let offset = try reader.readUInt64()
        let byteCount = try reader.readUInt64()
        guard encoding.holds(type), (1...max(1, rowCount)).contains(presentCount) else {
            throw reader.error(.invalidValue, "\(encoding) of \(presentCount) \(type)")
        }
        let limit = UInt64(sectionByteCount)
        guard offset <= limit, byteCount <= limit - offset else {
            throw reader.error(.invalidValue, "\(byteCount) bytes at \(offset)")
        }
        return AttributeEntry(
            id: id, type: type, encoding: encoding, presentCount: presentCount,
            range: Int(offset)..<Int(offset + byteCount))
    }

    /// The entry of an attribute; nil if no row of the segment has it.
    public func entry(_ id: AttributeID) -> AttributeEntry? {
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < entries.count && entries[low].id == id ? entries[low] : nil
    }

    /// The bytes of a section made of `parts`, whose entries have no place yet.
    package static func encode(
        _ parts: [(entry: AttributeEntry, bytes: [UInt8])], rowCount: Int
    ) -> [UInt8] {
        var offset = headerByteCount + parts.count * entryByteCount
        let total = parts.reduce(offset) { $0 + $1.bytes.count }
        var writer = ByteWriter(capacity: total)
        writer.append(UInt32(parts.count))
        writer.append(UInt32(rowCount))
        for (entry, bytes) in parts {
            writer.append(entry.id.rawValue)
            writer.append(entry.type.rawValue)
            writer.append(entry.encoding.rawValue)
            writer.append(UInt32(entry.presentCount))
            writer.append(UInt64(offset))
            writer.append(UInt64(bytes.count))
            offset += bytes.count
        }
        for (_, bytes) in parts { writer.append(contentsOf: bytes) }
        return writer.bytes
    }
}
