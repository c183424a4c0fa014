// A segment's attribute sections from its rows' records.

public import VarveFormat

/// Takes the attribute records of a segment's rows in the order of their ordinals and gives the
/// sections that hold them.
///
/// Keeps in memory: the compressed blocks, and per value 4 bytes (texts of a dictionary), 8 bytes
/// (numbers), 1 byte (truth values) or the text. The bytes depend on the records alone.
public struct AttributeSectionsBuilder {
    private var rowWriter = AttributeRowWriter()
    private var columns: [ColumnAccumulator] = []
    /// Places in `columns` by attribute.
    private var places: [AttributeID: Int] = [:]
    /// Rows so far.
    public private(set) var rowCount = 0

    /// A builder that has seen no rows.
    public init() {}

    /// Adds the record of the next row; no bytes stand for a row without attributes.
    ///
    /// - Throws: ``FormatError`` if the bytes are not a record, an attribute stands twice in it,
    ///   or an attribute has another type than in a row before; the builder must then be given up.
    public mutating func append(_ record: UnsafeRawBufferPointer) throws(FormatError) {
        let byteCount = record.count
        guard byteCount <= AttributeRecord.maximumByteCount, rowCount < Int(UInt32.max) else {
            throw FormatError(
                .invalidValue, section: "attributes", offset: 0,
                detail: "\(byteCount) bytes of attributes in row \(rowCount)")
        }
        if byteCount > 0 { try unsafe appendColumns(RawSpan(_unsafeBytes: record)) }
        unsafe rowWriter.append(record)
        rowCount += 1
    }

    /// Adds the record of the next row; no bytes stand for a row without attributes.
    public mutating func append(_ record: [UInt8]) throws(FormatError) {
        try unsafe record.span.withUnsafeBytes { bytes throws(FormatError) in
            try unsafe append(bytes)
        }
    }

    private mutating func appendColumns(_ bytes: RawSpan) throws(FormatError) {
        let record = AttributeRecord(bytes)
        var cursor = try record.fields()
        while let field = try cursor.next() {
            let place = place(of: field)
            var reader = ByteReader(
                bytes.extracting(field.value), section: "attributes",
                baseOffset: UInt64(field.value.lowerBound))
            guard columns[place].type == field.type else {
                throw reader.error(
                    .invalidValue,
                    "attribute \(field.id.rawValue) is \(field.type), before "
                        + "\(columns[place].type)")
            }
            guard !columns[place].has(row: UInt32(rowCount)) else {
                throw reader.error(.invalidValue, "attribute \(field.id.rawValue) stands twice")
            }
            try columns[place].append(&reader, row: UInt32(rowCount))
        }
    }

    private mutating func place(of field: AttributeField) -> Int {
        if let place = places[field.id] { return place }
        columns.append(ColumnAccumulator(id: field.id, type: field.type))
        places[field.id] = columns.count - 1
        return columns.count - 1
    }

    /// The sections, in the order in which they are to be written.
    public mutating func finish() -> [(section: AttributeSection, bytes: [UInt8])] {
        let (rows, index) = rowWriter.finish()
        var columnParts: [(entry: AttributeEntry, bytes: [UInt8])] = []
        var postingParts: [(entry: AttributeEntry, bytes: [UInt8])] = []
        for column in columns.sorted(by: { $0.id < $1.id }) {
            let (entry, bytes, postings) = column.finish(rowCount: rowCount)
            columnParts.append((entry, bytes))
            if let postings { postingParts.append((entry, postings)) }
        }
        columns = []
        return [
            (.rows, rows), (.rowIndex, index),
            (.columns, AttributeDirectory.encode(columnParts, rowCount: rowCount)),
            (.postings, AttributeDirectory.encode(postingParts, rowCount: rowCount)),
        ]
    }
}
