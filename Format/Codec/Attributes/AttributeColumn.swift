// The values of one attribute in all rows of a segment.

/// The column of one attribute, verified and ready to be read by row or scanned.
///
/// Everything is checked once, when it is made; reading throws nothing. It holds the column's bytes
/// and, if not all rows have a value, eight bytes for each that has.
public struct AttributeColumn: Sendable {
    /// What the directory says of it.
    public let entry: AttributeEntry
    /// Rows of the segment.
    public let rowCount: Int
    /// The rows that have a value, ascending; nil if all have.
    let presentRows: [UInt32]?
    let bytes: [UInt8]
    let values: Values

    /// Where the values stand in the bytes, by encoding.
    enum Values: Sendable {
        case texts(TextTable)
        case textDictionary(TextTable, PackedIntegers)
        case integers([Block])
        case doubles(offset: Int)
        case bits(PackedIntegers)
        case lists(ends: Int, TextTable)
        case listDictionary(ends: Int, TextTable, PackedIntegers)
    }

    /// A block of whole numbers.
    struct Block: Sendable {
        var lowest: Int64
        var highest: Int64
        var distances: PackedIntegers
    }

    /// Bytes this value occupies.
    public var byteCount: Int { bytes.count + (presentRows?.count ?? 0) * 4 }

    /// Whether every row has a value.
    public var isComplete: Bool { presentRows == nil }

    /// The rows that have a value.
    public var rows: RowSet {
        guard let presentRows else {
            return RowSet(RowOrdinal(0)..<RowOrdinal(UInt32(rowCount)))
        }
        return RowSet(ordinals: presentRows)
    }

    /// The value of `row`, which must be below ``rowCount``; nil if it has none.
    ///
    /// Costs a binary search where not all rows have a value.
    public func value(of row: RowOrdinal) -> AttributeValue? {
        precondition(row.index < rowCount)
        guard let index = index(of: row) else { return nil }
        return unsafe bytes.withUnsafeBytes { base in unsafe value(index, in: base) }
    }

    /// The place of a row among those that have a value.
    private func index(of row: RowOrdinal) -> Int? {
        guard let presentRows else { return row.index }
        var low = 0
        var high = presentRows.count
        while low < high {
            let middle = (low + high) / 2
            if presentRows[middle] < row.rawValue { low = middle + 1 } else { high = middle }
        }
        return low < presentRows.count && presentRows[low] == row.rawValue ? low : nil
    }

    private func value(_ index: Int, in base: UnsafeRawBufferPointer) -> AttributeValue {
        switch values {
        case .texts(let table):
            return .string(unsafe table.text(index, in: base))
        case .textDictionary(let table, let ids):
            return .string(unsafe table.text(Int(ids.value(index, in: base)), in: base))
        case .integers(let blocks):
            let number = unsafe Self.integer(index, blocks, in: base)
            return entry.type == .date ? .date(microseconds: number) : .int(number)
        case .doubles(let offset):
            return .double(unsafe Self.double(index, offset, in: base))
        case .bits(let bits):
            return .bool(unsafe bits.value(index, in: base) == 1)
        case .lists(let ends, let table):
            return .strings(
                unsafe Self.list(index, ends, in: base).map { unsafe table.text($0, in: base) })
        case .listDictionary(let ends, let table, let ids):
            return .strings(
                unsafe Self.list(index, ends, in: base).map {
                    unsafe table.text(Int(ids.value($0, in: base)), in: base)
                })
        }
    }

    static func integer(_ index: Int, _ blocks: [Block], in base: UnsafeRawBufferPointer) -> Int64 {
        let (block, place) = index.quotientAndRemainder(
            dividingBy: AttributeColumnWriter.integersPerBlock)
        let distance = unsafe blocks[block].distances.value(place, in: base)
        return Int64(bitPattern: UInt64(bitPattern: blocks[block].lowest) &+ distance)
    }

    static func double(_ index: Int, _ offset: Int, in base: UnsafeRawBufferPointer) -> Double {
        precondition(index >= 0 && offset + index * 8 + 8 <= base.count)
        return unsafe Double(
            bitPattern: UInt64(
                littleEndian: base.loadUnaligned(
                    fromByteOffset: offset + index * 8, as: UInt64.self)))
    }

    /// The texts of list `index`, as places in the row of all lists' texts.
    static func list(_ index: Int, _ ends: Int, in base: UnsafeRawBufferPointer) -> Range<Int> {
        func end(_ index: Int) -> Int {
            precondition(ends + index * 4 + 4 <= base.count)
            return unsafe Int(
                UInt32(
                    littleEndian: base.loadUnaligned(
                        fromByteOffset: ends + index * 4, as: UInt32.self)))
        }
        return (index == 0 ? 0 : end(index - 1))..<end(index)
    }
}
