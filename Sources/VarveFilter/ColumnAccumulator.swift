// The values of one attribute while a segment is being built.

internal import VarveFormat

/// Takes the values of one attribute row by row and ends as a column, with postings where they pay.
struct ColumnAccumulator {
    let id: AttributeID
    let type: AttributeType
    private var rows = PresentRows()
    private var values: Values

    private enum Values {
        case texts(TextAccumulator)
        case lists(TextAccumulator, ends: [UInt32])
        case integers([Int64])
        case doubles([UInt64])
        case bits([Bool])
    }

    init(id: AttributeID, type: AttributeType) {
        self.id = id
        self.type = type
        switch type {
        case .string: values = .texts(TextAccumulator())
        case .strings: values = .lists(TextAccumulator(), ends: [])
        case .int, .date: values = .integers([])
        case .double: values = .doubles([])
        case .bool: values = .bits([])
        }
    }

    /// Takes the value of `row`, which is above all rows before; the value's bytes are the rest of
    /// `reader`.
    mutating func append(_ reader: inout ByteReader, row: UInt32) throws(FormatError) {
        switch values {
        case .texts(var texts):
            values = .bits([])
            defer { values = .texts(texts) }
            try texts.append(&reader)
        case .lists(var texts, var ends):
            values = .bits([])
            defer { values = .lists(texts, ends: ends) }
            let count = try reader.readCount(limit: reader.remaining, "number of texts")
            guard texts.count + count <= Int(UInt32.max) else {
                throw reader.error(.invalidValue, "more texts than a segment can have")
            }
            for _ in 0..<count { try texts.append(&reader) }
            ends.append(UInt32(texts.count))
        case .integers(var numbers):
            values = .bits([])
            defer { values = .integers(numbers) }
            numbers.append(
                type == .int
                    ? try reader.readZigzag() : Int64(bitPattern: try reader.readUInt64()))
        case .doubles(var numbers):
            values = .bits([])
            defer { values = .doubles(numbers) }
            let number = try reader.readDouble()
            guard !number.isNaN else { throw reader.error(.invalidValue, "not a number") }
            numbers.append(number.bitPattern)
        case .bits(var flags):
            values = .integers([])
            defer { values = .bits(flags) }
            let byte = try reader.readUInt8()
            guard byte <= 1 else { throw reader.error(.invalidValue, "a truth value is \(byte)") }
            flags.append(byte == 1)
        }
        try reader.expectEnd()
        rows.append(row)
    }

    /// Whether `row` has a value already.
    func has(row: UInt32) -> Bool { rows.last == row }

    /// The column of a segment of `rowCount` rows, and the postings if its texts have numbers.
    func finish(rowCount: Int) -> (entry: AttributeEntry, column: [UInt8], postings: [UInt8]?) {
        let present = rows.ordinals(rowCount: rowCount)
        var entry = AttributeEntry(
            id: id, type: type, encoding: .integers, presentCount: rows.count)
        switch values {
        case .integers(let numbers):
            return (entry, AttributeColumnWriter.integers(numbers, presentRows: present), nil)
        case .doubles(let numbers):
            entry.encoding = .doubles
            return (entry, AttributeColumnWriter.doubles(numbers, presentRows: present), nil)
        case .bits(let flags):
            entry.encoding = .bits
            return (entry, AttributeColumnWriter.bits(flags, presentRows: present), nil)
        case .texts(let texts):
            guard let (dictionary, ids) = texts.dictionary() else {
                entry.encoding = .texts
                let column = AttributeColumnWriter.texts(texts.table(), presentRows: present)
                return (entry, column, nil)
            }
            entry.encoding = .textDictionary
            let column = AttributeColumnWriter.textDictionary(
                ids, dictionary, presentRows: present)
            let sets = Self.sets(ids, ends: nil, present, textCount: dictionary.count)
            return (entry, column, AttributePostings.encode(sets))
        case .lists(let texts, let ends):
            guard let (dictionary, ids) = texts.dictionary() else {
                entry.encoding = .lists
                let column = AttributeColumnWriter.lists(
                    ends: ends, texts.table(), presentRows: present)
                return (entry, column, nil)
            }
            entry.encoding = .listDictionary
            let column = AttributeColumnWriter.listDictionary(
                ends: ends, ids, dictionary, presentRows: present)
            let sets = Self.sets(ids, ends: ends, present, textCount: dictionary.count)
            return (entry, column, AttributePostings.encode(sets))
        }
    }

    /// For each text the set of rows that have it; `ends` counts the texts up to and with each row.
    private static func sets(
        _ ids: [UInt32], ends: [UInt32]?, _ present: [UInt32]?, textCount: Int
    ) -> [[UInt8]] {
        // A counting sort by text keeps the rows of each text ascending.
        var starts = [Int](repeating: 0, count: textCount + 1)
        for id in ids { starts[Int(id) + 1] += 1 }
        for index in 0..<textCount { starts[index + 1] += starts[index] }
        var ordinals = [UInt32](repeating: 0, count: ids.count)
        var next = starts
        var place = 0
        for index in 0..<(ends?.count ?? ids.count) {
            let row = present?[index] ?? UInt32(index)
            let end = ends.map { Int($0[index]) } ?? index + 1
            while place < end {
                let id = Int(ids[place])
                place += 1
                // A list may have the same text twice.
                if next[id] > starts[id], ordinals[next[id] - 1] == row { continue }
                ordinals[next[id]] = row
                next[id] += 1
            }
        }
        return (0..<textCount).map {
            RowSet.encode(ascending: Array(ordinals[starts[$0]..<next[$0]]))
        }
    }
}

/// The rows that have a value; costs nothing as long as all have.
private struct PresentRows {
    private(set) var count = 0
    private(set) var last: UInt32?
    private var listed: [UInt32]?

    mutating func append(_ row: UInt32) {
        if listed == nil, Int(row) != count { listed = Array(0..<UInt32(count)) }
        listed?.append(row)
        last = row
        count += 1
    }

    /// The rows, ascending; nil if all of a segment of `rowCount` rows have a value.
    func ordinals(rowCount: Int) -> [UInt32]? {
        count == rowCount ? nil : listed ?? Array(0..<UInt32(count))
    }
}

/// Texts that are numbered as long as few of them are different, and kept as they are after that.
private struct TextAccumulator {
    private var interner = TextInterner()
    private var ids: [UInt32] = []
    private var plain: TextTableWriter?

    /// Texts so far.
    var count: Int { plain?.count ?? ids.count }

    mutating func append(_ reader: inout ByteReader) throws(FormatError) {
        let limit = min(AttributeRecord.maximumTextByteCount, reader.remaining)
        let count = try reader.readCount(limit: limit, "length of an attribute")
        let start = try reader.skip(count)
        let part = reader.bytes.extracting(start..<start + count)
        let isText = unsafe part.withUnsafeBytes { text in
            let span = unsafe Span<UInt8>(_unsafeBytes: text)
            guard (try? UTF8Span(validating: span)) != nil else { return false }
            unsafe append(text)
            return true
        }
        guard isText else { throw reader.error(.invalidValue, "an attribute is not UTF-8") }
    }

    private mutating func append(_ text: UnsafeRawBufferPointer) {
        guard plain == nil else {
            unsafe plain?.append(text)
            return
        }
        ids.append(unsafe interner.intern(text))
        guard interner.count > AttributeColumnWriter.maximumDictionaryCount else { return }
        plain = table()
        ids = []
        interner = TextInterner()
    }

    /// The sorted dictionary and the number of each text in it; nil if too many are different.
    func dictionary() -> (TextTableWriter, [UInt32])? {
        guard plain == nil, interner.count * 2 <= ids.count else { return nil }
        let (table, places) = interner.sorted()
        return (table, ids.map { places[Int($0)] })
    }

    /// All texts as they are.
    func table() -> TextTableWriter {
        if let plain { return plain }
        var table = TextTableWriter()
        for id in ids { table.append(interner.text(Int(id))) }
        return table
    }
}
