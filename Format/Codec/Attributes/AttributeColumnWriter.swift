// Columns to bytes.

/// Turns the values of one attribute into the bytes of its column.
package enum AttributeColumnWriter {
    /// Whole numbers in one block.
    static let integersPerBlock = 1_024
    /// Bytes of what stands in front of all blocks about each of them.
    static let blockHeaderByteCount = 32
    /// The most different texts a dictionary has.
    package static let maximumDictionaryCount = 65_536

    /// Appends the rows that have a value, unless all have.
    private static func begin(presentRows: [UInt32]?) -> ByteWriter {
        var writer = ByteWriter()
        guard let presentRows else { return writer }
        let set = RowSet.encode(ascending: presentRows)
        writer.append(UInt64(set.count))
        writer.append(contentsOf: set)
        writer.pad(toMultipleOf: 8)
        return writer
    }

    /// The column of whole numbers or dates.
    package static func integers(_ values: [Int64], presentRows: [UInt32]?) -> [UInt8] {
        var writer = begin(presentRows: presentRows)
        var packed = ByteWriter()
        for start in stride(from: 0, to: values.count, by: integersPerBlock) {
            let block = values[start..<min(start + integersPerBlock, values.count)]
            let lowest = block.min() ?? 0
            let highest = block.max() ?? 0
            let spread = UInt64(bitPattern: highest) &- UInt64(bitPattern: lowest)
            let width = PackedIntegers.width(maximum: spread)
            writer.append(UInt64(bitPattern: lowest))
            writer.append(UInt64(bitPattern: highest))
            writer.append(UInt64(packed.count))
            writer.append(UInt64(width))
            PackedIntegers.append(
                block.map { UInt64(bitPattern: $0) &- UInt64(bitPattern: lowest) }, width: width,
                to: &packed)
        }
        writer.append(contentsOf: packed.bytes)
        return writer.bytes
    }

    /// The column of numbers, given by their bits.
    package static func doubles(_ bitPatterns: [UInt64], presentRows: [UInt32]?) -> [UInt8] {
        var writer = begin(presentRows: presentRows)
        for bits in bitPatterns { writer.append(bits) }
        return writer.bytes
    }

    /// The column of truth values.
    package static func bits(_ values: [Bool], presentRows: [UInt32]?) -> [UInt8] {
        var writer = begin(presentRows: presentRows)
        PackedIntegers.append(values.map { $0 ? 1 : 0 }, width: 1, to: &writer)
        return writer.bytes
    }

    /// The column of texts as they are.
    package static func texts(_ table: TextTableWriter, presentRows: [UInt32]?) -> [UInt8] {
        var writer = begin(presentRows: presentRows)
        table.encode(into: &writer)
        return writer.bytes
    }

    /// The column of texts by their numbers in a sorted `dictionary`.
    package static func textDictionary(
        _ ids: [UInt32], _ dictionary: TextTableWriter, presentRows: [UInt32]?
    ) -> [UInt8] {
        var writer = begin(presentRows: presentRows)
        append(ids, dictionary, to: &writer)
        return writer.bytes
    }

    /// The column of lists as they are; `ends` counts the texts up to and with each list.
    package static func lists(
        ends: [UInt32], _ table: TextTableWriter, presentRows: [UInt32]?
    ) -> [UInt8] {
        var writer = begin(presentRows: presentRows)
        append(ends: ends, to: &writer)
        table.encode(into: &writer)
        return writer.bytes
    }

    /// The column of lists by their texts' numbers in a sorted `dictionary`.
    package static func listDictionary(
        ends: [UInt32], _ ids: [UInt32], _ dictionary: TextTableWriter, presentRows: [UInt32]?
    ) -> [UInt8] {
        var writer = begin(presentRows: presentRows)
        append(ends: ends, to: &writer)
        append(ids, dictionary, to: &writer)
        return writer.bytes
    }

    private static func append(ends: [UInt32], to writer: inout ByteWriter) {
        for end in ends { writer.append(end) }
        writer.pad(toMultipleOf: 8)
    }

    private static func append(
        _ ids: [UInt32], _ dictionary: TextTableWriter, to writer: inout ByteWriter
    ) {
        precondition(dictionary.count <= maximumDictionaryCount)
        writer.append(UInt64(dictionary.count))
        dictionary.encode(into: &writer)
        let width = PackedIntegers.width(maximum: UInt64(max(1, dictionary.count) - 1))
        PackedIntegers.append(ids.map { UInt64($0) }, width: width, to: &writer)
    }
}
