// Where the block of a row's attributes stands.

/// One block of rows, as the index describes it.
public struct AttributeRowPlace: Hashable, Sendable {
    /// The rows in the block.
    public var rows: Range<UInt32>
    /// The bytes of the compressed block in the section ``AttributeSection/rows``.
    public var range: Range<Int>
    /// Bytes of the block once decompressed.
    public var byteCount: Int
}

/// The section `attributes.index`: the blocks of the section `attributes.rows`, in row order.
public struct AttributeRowIndex: Sendable {
    /// Rows of the segment.
    public let rowCount: Int
    private let firstRows: [UInt32]
    private let offsets: [Int]
    private let byteCounts: [UInt32]

    /// Bytes of records and their ends after which a block is closed.
    package static let targetByteCount = 32 << 10
    /// The most bytes a block has: a target's worth and one row of the largest size.
    static let maximumByteCount = targetByteCount + AttributeRecord.maximumByteCount + 8

    /// Bytes in front of the entries, and of each entry.
    static let headerByteCount = 8
    static let entryByteCount = 12

    /// Blocks there are.
    public var blockCount: Int { firstRows.count }

    /// Bytes of all blocks once decompressed.
    public var byteCount: Int { byteCounts.reduce(0) { $0 + Int($1) } }

    /// Reads the index of a segment whose blocks take `sectionByteCount` bytes.
    ///
    /// - Throws: ``FormatError`` unless the blocks cover all rows and all bytes in order.
    public init(
        decoding bytes: [UInt8], rowCount: Int, sectionByteCount: Int
    ) throws(FormatError) {
        // Safety: every pattern of bits is a byte.
        var reader = ByteReader(
            unsafe bytes.span.bytes, section: AttributeSection.rowIndex.rawValue)
        let blockCount = Int(try reader.readUInt32())
        guard Int(try reader.readUInt32()) == rowCount else {
            throw reader.error(.invalidValue, "not the index of \(rowCount) rows")
        }
        guard blockCount * Self.entryByteCount == reader.remaining,
            (blockCount == 0) == (rowCount == 0)
        else {
            throw reader.error(.invalidValue, "\(blockCount) blocks in \(bytes.count) bytes")
        }
        var firstRows: [UInt32] = []
        var offsets = [0]
        var byteCounts: [UInt32] = []
        firstRows.reserveCapacity(blockCount)
        for _ in 0..<blockCount {
            let first = try reader.readUInt32()
            let compressed = Int(try reader.readUInt32())
            let byteCount = try reader.readUInt32()
            let isNext = firstRows.last.map { $0 < first } ?? (first == 0)
            guard isNext, first < rowCount, compressed > 0, byteCount <= Self.maximumByteCount
            else {
                throw reader.error(.invalidValue, "block \(firstRows.count) cannot be")
            }
            firstRows.append(first)
            offsets.append((offsets.last ?? 0) + compressed)
            byteCounts.append(byteCount)
        }
        guard offsets.last == sectionByteCount else {
            throw reader.error(
                .invalidValue, "blocks end at \(offsets.last ?? 0), not at \(sectionByteCount)")
        }
        self.rowCount = rowCount
        self.firstRows = firstRows
        self.offsets = offsets
        self.byteCounts = byteCounts
    }

    /// The block that `row`, which must be below ``rowCount``, stands in.
    public func place(of row: RowOrdinal) -> AttributeRowPlace {
        precondition(row.index < rowCount)
        var low = 0
        var high = firstRows.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if firstRows[middle] <= row.rawValue { low = middle } else { high = middle }
        }
        return place(low)
    }

    /// Block number `index`.
    public func place(_ index: Int) -> AttributeRowPlace {
        let end = index + 1 < firstRows.count ? firstRows[index + 1] : UInt32(rowCount)
        return AttributeRowPlace(
            rows: firstRows[index]..<end, range: offsets[index]..<offsets[index + 1],
            byteCount: Int(byteCounts[index]))
    }
}

/// Collects rows into blocks, and the blocks into the two sections.
package struct AttributeRowWriter {
    private var ends = ByteWriter()
    private var records: [UInt8] = []
    private var firstRow: UInt32 = 0
    private var rowCount: UInt32 = 0
    private var entries = ByteWriter()
    private var blockCount: UInt32 = 0
    private var rows: [UInt8] = []
    private let compressor = BlockCompressor()

    /// A writer that has seen no rows.
    package init() {}

    /// Adds the record of the next row.
    package mutating func append(_ record: UnsafeRawBufferPointer) {
        unsafe records.append(contentsOf: record)
        ends.append(UInt32(records.count))
        rowCount += 1
        if records.count + ends.count >= AttributeRowIndex.targetByteCount { closeBlock() }
    }

    private mutating func closeBlock() {
        guard ends.count > 0 else { return }
        let frame = compressor.compress(ends.bytes + records)
        entries.append(firstRow)
        entries.append(UInt32(frame.count))
        entries.append(UInt32(ends.count + records.count))
        rows += frame
        blockCount += 1
        firstRow = rowCount
        ends.removeAll()
        records.removeAll(keepingCapacity: records.capacity <= 1 << 20)
    }

    /// The sections ``AttributeSection/rows`` and ``AttributeSection/rowIndex``.
    package mutating func finish() -> (rows: [UInt8], index: [UInt8]) {
        closeBlock()
        var index = ByteWriter(capacity: AttributeRowIndex.headerByteCount + entries.count)
        index.append(blockCount)
        index.append(rowCount)
        index.append(contentsOf: entries.bytes)
        return (rows, index.bytes)
    }
}
