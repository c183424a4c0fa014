// The attributes of a sealed segment: by row, by text, by column.

internal import Synchronization
public import VarveFormat

/// Where the bytes of a segment's attribute sections come from.
public protocol AttributeSource: Sendable {
    /// What fails when bytes cannot be had.
    associatedtype Failure: Error
    /// Bytes of a section; nil if the segment does not have it.
    func byteCount(of section: AttributeSection) -> Int?
    /// Verified bytes of a section; `range` lies inside it.
    func bytes(of section: AttributeSection, in range: Range<Int>) throws(Failure) -> [UInt8]
    /// The failure that stands for bytes that are not what the specification says.
    func failure(_ error: FormatError) -> Failure
}

/// Reads the attributes of one segment.
///
/// All calls may be made from any thread. Columns and the heads of postings are read when they are
/// first asked for and kept, and so is the last block of records; a query takes a column once and
/// then reads it without a lock.
public final class AttributeReader<Source: AttributeSource>: Sendable {
    /// Rows of the segment.
    public let rowCount: Int
    /// The attributes that rows of the segment have, with how they are written; ascending.
    public let entries: [AttributeEntry]
    private let source: Source
    private let index: AttributeRowIndex?
    private let columns: AttributeDirectory?
    private let postings: AttributeDirectory?
    private let kept = Mutex(Kept())

    private struct Kept {
        var columns: [AttributeID: AttributeColumn] = [:]
        var postings: [AttributeID: AttributePostings] = [:]
        /// The block that was read last: whoever goes over rows asks for it once for each of them.
        var block: AttributeRowBlock?
    }

    /// Opens the attributes of a segment of `rowCount` rows.
    ///
    /// Reads the index of rows and the directories. A segment without these sections has no
    /// attributes.
    public init(_ source: Source, rowCount: Int) throws(Source.Failure) {
        self.source = source
        self.rowCount = rowCount
        let rowByteCount = source.byteCount(of: .rows) ?? 0
        if let byteCount = source.byteCount(of: .rowIndex) {
            let bytes = try source.bytes(of: .rowIndex, in: 0..<byteCount)
            index = try Self.decode(source) { () throws(FormatError) in
                try AttributeRowIndex(
                    decoding: bytes, rowCount: rowCount, sectionByteCount: rowByteCount)
            }
        } else {
            index = nil
        }
        columns = try Self.directory(.columns, source, rowCount)
        postings = try Self.directory(.postings, source, rowCount)
        entries = columns?.entries ?? []
    }

    private static func directory(
        _ section: AttributeSection, _ source: Source, _ rowCount: Int
    ) throws(Source.Failure) -> AttributeDirectory? {
        guard let byteCount = source.byteCount(of: section) else { return nil }
        let head = min(byteCount, AttributeDirectory.maximumByteCount)
        let bytes = try source.bytes(of: section, in: 0..<head)
        return try decode(source) { () throws(FormatError) in
            try AttributeDirectory(
                decoding: bytes, of: section, rowCount: rowCount, sectionByteCount: byteCount)
        }
    }

    private static func decode<Value>(
        _ source: Source, _ body: () throws(FormatError) -> Value
    ) throws(Source.Failure) -> Value {
        do { return try body() } catch { throw source.failure(error) }
    }

    /// The attributes of `row`, which must be below ``rowCount``, in the order of their names.
    ///
    /// Reads and decompresses one block, unless it is the one that was read last.
    public func attributes(
        of row: RowOrdinal
    ) throws(Source.Failure) -> [(id: AttributeID, value: AttributeValue)] {
        guard let block = try block(of: row) else { return [] }
        return try Self.decode(source) { () throws(FormatError) in try block.attributes(of: row) }
    }

    /// The bytes of the record of `row`, which must be below ``rowCount``; none if it has no
    /// attributes.
    public func record(of row: RowOrdinal) throws(Source.Failure) -> [UInt8] {
        try block(of: row)?.record(of: row) ?? []
    }

    /// Bytes of all records, and a few more: room for them in memory.
    public var recordByteCount: Int { index?.byteCount ?? 0 }

    /// The block that `row` stands in; nil if the segment has no attributes.
    ///
    /// For callers that walk over rows in order, such as merges. The block is kept until another is
    /// read.
    public func block(of row: RowOrdinal) throws(Source.Failure) -> AttributeRowBlock? {
        precondition(row.index < rowCount)
        guard let index else { return nil }
        if let block = kept.withLock({ $0.block }), block.rows.contains(row.rawValue) {
            return block
        }
        let place = index.place(of: row)
        let bytes = try source.bytes(of: .rows, in: place.range)
        let block = try Self.decode(source) { () throws(FormatError) in
            try AttributeRowBlock(decoding: bytes, at: place)
        }
        kept.withLock { $0.block = block }
        return block
    }

    /// The column of an attribute; nil if no row has it or the segment keeps no columns.
    public func column(_ id: AttributeID) throws(Source.Failure) -> AttributeColumn? {
        if let column = kept.withLock({ $0.columns[id] }) { return column }
        guard let entry = columns?.entry(id) else { return nil }
        let bytes = try source.bytes(of: .columns, in: entry.range)
        let column = try Self.decode(source) { () throws(FormatError) in
            try AttributeColumn(decoding: bytes, entry, rowCount: rowCount)
        }
        kept.withLock { $0.columns[id] = column }
        return column
    }

    /// The rows in which attribute `id` is `text`, or is a list with `text` in it; nil if the
    /// segment keeps no postings of the attribute, so that its column must be scanned.
    public func postings(_ id: AttributeID, _ text: String) throws(Source.Failure) -> RowSet? {
        guard let entry = postings?.entry(id), let column = try column(id),
            let count = column.dictionaryCount
        else {
            return nil
        }
        let postings = try heads(entry)
        guard postings.count == count else {
            throw source.failure(
                FormatError(
                    .invalidValue, section: AttributeSection.postings.rawValue,
                    offset: UInt64(entry.range.lowerBound),
                    detail: "\(postings.count) sets for \(count) texts"))
        }
        guard let index = column.dictionaryIndex(of: text) else { return RowSet() }
        let bytes = try source.bytes(of: .postings, in: postings.range(index))
        return try Self.decode(source) { () throws(FormatError) in
            try postings.rows(decoding: bytes, index)
        }
    }

    private func heads(_ entry: AttributeEntry) throws(Source.Failure) -> AttributePostings {
        if let heads = kept.withLock({ $0.postings[entry.id] }) { return heads }
        let head = entry.range.prefix(AttributePostings.maximumHeadByteCount)
        let bytes = try source.bytes(of: .postings, in: head)
        let heads = try Self.decode(source) { () throws(FormatError) in
            try AttributePostings(decoding: bytes, entry, rowCount: rowCount)
        }
        kept.withLock { $0.postings[entry.id] = heads }
        return heads
    }

    /// The rows in which attribute `id` equals `value`, or is a list with the text of `value` in
    /// it.
    ///
    /// From postings where there are any, else by a scan of the column. None if no row has the
    /// attribute.
    public func rows(
        _ id: AttributeID, equalTo value: AttributeValue
    ) throws(Source.Failure) -> RowSet {
        if case .string(let text) = value, let rows = try postings(id, text) { return rows }
        return try column(id)?.rows(equalTo: value) ?? RowSet()
    }
}

/// The sections of a segment that lie in memory.
public struct AttributeSectionsInMemory: AttributeSource {
    private let sections: [AttributeSection: [UInt8]]

    /// Sections as ``AttributeSectionsBuilder/finish()`` gives them.
    public init(_ sections: [(section: AttributeSection, bytes: [UInt8])]) {
        self.sections = Dictionary(
            sections.map { ($0.section, $0.bytes) }, uniquingKeysWith: { first, _ in first })
    }

    public func byteCount(of section: AttributeSection) -> Int? { sections[section]?.count }

    public func bytes(
        of section: AttributeSection, in range: Range<Int>
    ) throws(FormatError) -> [UInt8] {
        Array((sections[section] ?? [])[range])
    }

    public func failure(_ error: FormatError) -> FormatError { error }
}
