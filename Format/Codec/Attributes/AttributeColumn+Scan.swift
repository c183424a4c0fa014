// Columns searched for values.

extension AttributeColumn {
    /// The different texts of a dictionary; nil for other encodings.
    public var dictionaryCount: Int? {
        switch values {
        case .textDictionary(let table, _), .listDictionary(_, let table, _): table.count
        default: nil
        }
    }

    /// The number of `text` in the dictionary; nil if it is not there or there is no dictionary.
    public func dictionaryIndex(of text: String) -> Int? {
        guard case .textDictionary(let table, _) = values else {
            guard case .listDictionary(_, let table, _) = values else { return nil }
            return index(of: text, in: table)
        }
        return index(of: text, in: table)
    }

    /// Text number `index` of the dictionary; there must be one.
    public func dictionaryText(_ index: Int) -> String {
        switch values {
        case .textDictionary(let table, _), .listDictionary(_, let table, _):
            return unsafe bytes.withUnsafeBytes { unsafe table.text(index, in: $0) }
        default: preconditionFailure("no dictionary")
        }
    }

    private func index(of text: String, in table: TextTable) -> Int? {
        let found = unsafe bytes.withUnsafeBytes { base in
            unsafe table.lowerBound(of: Array(text.utf8), in: base)
        }
        return found.isFound ? found.index : nil
    }

    /// The rows whose value equals `value`, or whose list has the text of `value`.
    ///
    /// None if the column has another type. Doubles compare as numbers: zero equals minus zero.
    public func rows(equalTo value: AttributeValue) -> RowSet {
        switch (value, entry.type) {
        case (.string(let text), .string), (.string(let text), .strings):
            return rows(withText: text)
        case (.int(let number), .int), (.date(let number), .date):
            return rows(in: number...number)
        case (.double(let number), .double):
            return number.isNaN ? RowSet() : rows(in: number...number)
        case (.bool(let flag), .bool):
            guard case .bits(let bits) = values else { return RowSet() }
            return unsafe collect { index, base in
                unsafe (bits.value(index, in: base) == 1) == flag
            }
        case (.strings, .strings):
            return unsafe collect { index, _ in self.list(index) == value }
        default: return RowSet()
        }
    }

    /// The rows whose whole number, or whose date in microseconds, lies in `range`.
    ///
    /// Blocks that lie wholly inside or outside are not unpacked.
    public func rows(in range: ClosedRange<Int64>) -> RowSet {
        guard case .integers(let blocks) = values else { return RowSet() }
        var found = Collector(presentRows)
        unsafe bytes.withUnsafeBytes { base in
            for (number, block) in blocks.enumerated() {
                let first = number * AttributeColumnWriter.integersPerBlock
                if block.lowest > range.upperBound || block.highest < range.lowerBound { continue }
                if range.contains(block.lowest), range.contains(block.highest) {
                    found.append(first..<first + block.distances.count)
                    continue
                }
                for place in 0..<block.distances.count {
                    let distance = unsafe block.distances.value(place, in: base)
                    let value = Int64(bitPattern: UInt64(bitPattern: block.lowest) &+ distance)
                    if range.contains(value) { found.append(first + place) }
                }
            }
        }
        return found.rows
    }

    /// The rows whose double lies in `range`.
    public func rows(in range: ClosedRange<Double>) -> RowSet {
        guard case .doubles(let offset) = values else { return RowSet() }
        return unsafe collect { index, base in
            range.contains(unsafe Self.double(index, offset, in: base))
        }
    }

    /// The rows whose text, or one of whose texts, lies between the bounds by its UTF-8 bytes.
    ///
    /// - Parameters:
    ///   - lower: The lowest text; nil for no bound.
    ///   - upper: The highest text; nil for no bound.
    public func rows(from lower: String?, through upper: String?) -> RowSet {
        let low = lower.map { Array($0.utf8) } ?? []
        let high = upper.map { Array($0.utf8) }
        switch values {
        case .textDictionary(let table, _), .listDictionary(_, let table, _):
            let range = unsafe bytes.withUnsafeBytes { base in
                let first = unsafe table.lowerBound(of: low, in: base).index
                guard let high else { return first..<table.count }
                let last = unsafe table.lowerBound(of: high, in: base)
                return first..<max(first, last.isFound ? last.index + 1 : last.index)
            }
            return rows(withDictionaryIndices: range)
        case .texts, .lists:
            return unsafe collectTexts { text in
                let isAbove = unsafe low.withUnsafeBytes { unsafe TextTable.compare($0, text) <= 0 }
                guard isAbove, let high else { return isAbove }
                return unsafe high.withUnsafeBytes { unsafe TextTable.compare(text, $0) <= 0 }
            }
        default: return RowSet()
        }
    }

    private func rows(withText text: String) -> RowSet {
        if let index = dictionaryIndex(of: text) {
            return rows(withDictionaryIndices: index..<index + 1)
        }
        guard dictionaryCount == nil else { return RowSet() }
        let wanted = Array(text.utf8)
        return unsafe collectTexts { text in
            unsafe wanted.withUnsafeBytes { unsafe TextTable.compare($0, text) == 0 }
        }
    }

    /// The rows with a text whose number in the dictionary lies in `range`.
    private func rows(withDictionaryIndices range: Range<Int>) -> RowSet {
        guard !range.isEmpty else { return RowSet() }
        let wanted = UInt64(range.lowerBound)..<UInt64(range.upperBound)
        switch values {
        case .textDictionary(_, let ids):
            return unsafe collect { index, base in
                wanted.contains(unsafe ids.value(index, in: base))
            }
        case .listDictionary(let ends, _, let ids):
            return unsafe collect { index, base in
                for place in unsafe Self.list(index, ends, in: base)
                where wanted.contains(unsafe ids.value(place, in: base)) {
                    return true
                }
                return false
            }
        default: return RowSet()
        }
    }

    private func collectTexts(_ matches: (UnsafeRawBufferPointer) -> Bool) -> RowSet {
        switch values {
        case .texts(let table):
            return unsafe collect { index, base in unsafe matches(table.bytes(index, in: base)) }
        case .lists(let ends, let table):
            return unsafe collect { index, base in
                for place in unsafe Self.list(index, ends, in: base)
                where unsafe matches(table.bytes(place, in: base)) {
                    return true
                }
                return false
            }
        default: return RowSet()
        }
    }

    private func list(_ index: Int) -> AttributeValue? {
        value(of: RowOrdinal(presentRows?[index] ?? UInt32(index)))
    }

    private func collect(_ matches: (Int, UnsafeRawBufferPointer) -> Bool) -> RowSet {
        var found = Collector(presentRows)
        unsafe bytes.withUnsafeBytes { base in
            for index in 0..<entry.presentCount where unsafe matches(index, base) {
                found.append(index)
            }
        }
        return found.rows
    }
}

/// Rows found by their places among those that have a value, ascending.
private struct Collector {
    private let presentRows: [UInt32]?
    private var ordinals: [UInt32] = []

    init(_ presentRows: [UInt32]?) { self.presentRows = presentRows }

    mutating func append(_ index: Int) { ordinals.append(presentRows?[index] ?? UInt32(index)) }

    mutating func append(_ range: Range<Int>) {
        for index in range { append(index) }
    }

    var rows: RowSet { RowSet(ordinals: ordinals) }
}
