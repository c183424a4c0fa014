// A sealed segment, open for reading.

import VarveFilter
public import VarveFormat
public import VarveStorage

/// An open segment: rows by ordinal and by id, and searches over its graph.
///
/// Every byte it answers from has been compared with its checksum; damage is a
/// ``SegmentError/damaged(_:)`` that names file, section and offset, each time it is met. All calls
/// may be made from any thread; the object keeps the file open as long as it lives.
public final class SegmentReader: Sendable {
    /// The segment's number.
    public let id: SegmentID
    /// What the segment says about itself.
    public let description: SegmentDescription
    /// Where walks begin.
    public let entryPoints: EntryPoints
    let layout: NodeLayout
    let container: SegmentContainer
    let places: Places
    let loadedFilter = OnceReference<ResidentFilter>()
    /// When rows expire, once someone has asked for it.
    let loadedExpiry = OnceReference<ExpiryTable>()
    /// Codes and lists, once a search by pages has asked for them.
    let loadedPages = OnceReference<ResidentPages>()
    /// The walk over fused blocks, once a search has asked for it.
    let openedWalk = OnceReference<ResidentWalk>()
    /// The attributes, once someone has asked for them.
    let openedAttributes = OnceReference<AttributeReader<SegmentAttributeSource>>()

    /// The numbers of the sections a reader uses.
    struct Places: Sendable {
        var nodes = 0
        var identifiers = 0
        var sortedIdentifiers = 0
        var identifierFilter: Int?
        var statistics: Int?
        var canary: Int?
        var codebook: Int?
        var codes: Int?
        var lists: Int?
        var walkHeader: Int?
        var walk: Int?
    }

    /// Opens the file at `path`, which must be the segment that `record` describes.
    ///
    /// Reads and verifies header, footer, directory and the small sections; everything else is
    /// verified when it is first touched.
    ///
    /// - Throws: ``SegmentError``: `damaged` with kind `tooNew` where a later version wrote
    ///   something a reader must
    ///   understand, `misplaced` where the file is another one.
    public convenience init(
        fileSystem: any FileSystem, path: FilePath, expecting record: SegmentRecord,
        access: SegmentAccess
    ) throws(SegmentError) {
        try self.init(
            SegmentContainer(
                fileSystem: fileSystem, path: path, id: record.id, file: record.file,
                byteCount: record.byteCount, access: access), expecting: record)
    }

    /// Another reader of the same open file, which must be the segment that `record` describes:
    /// mapped apart, so that what it touches is its own to give back.
    ///
    /// The file may have lost its name meanwhile.
    public func reread(expecting record: SegmentRecord) throws(SegmentError) -> SegmentReader {
        try SegmentReader(
            SegmentContainer(
                container.file, pageFile: container.file, id: id, file: record.file,
                byteCount: record.byteCount, access: .mappedInPlace), expecting: record)
    }

    /// Reads the small sections of an open file.
    init(
        _ container: SegmentContainer, expecting record: SegmentRecord
    ) throws(SegmentError) {
        precondition(record.firstSequence <= record.lastSequence)
        try Self.refuseUnknownSections(container)
        let schema = try Self.smallSection(.schema, of: container)
        description = try decoding(in: container.name) { () throws(FormatError) in
            unsafe try SegmentDescription(decoding: schema.bytes.span.bytes, at: schema.offset)
        }
        let rowCount = description.rowCount
        guard rowCount == record.rowCount,
            description.sequences == record.firstSequence...record.lastSequence
        else {
            throw container.error(
                .misplaced, section: schema.index, at: 0,
                "\(rowCount) rows, expected \(record.rowCount), or other sequences")
        }
        let entry = try Self.smallSection(.entry, of: container)
        entryPoints = try decoding(in: container.name) { () throws(FormatError) in
            unsafe try EntryPoints(
                decoding: entry.bytes.span.bytes, at: entry.offset, rowCount: rowCount)
        }
        layout = description.nodeLayout
        id = record.id
        places = try Self.findPlaces(container, description)
        self.container = container
    }

    /// Rows in the segment, deleted ones included.
    public var rowCount: Int { description.rowCount }

    /// The shape of the vectors.
    public var schema: Schema { description.schema }

    /// Whether the bytes lie in memory.
    public var isMapped: Bool { container.isMapped }

    /// Gives back the memory of mapped pages, which can be read again; for readers of their own
    /// that go through a file once.
    public func forgetPages() { container.forgetPages() }

    /// The figures measured when the segment was sealed; nil if it has none.
    public func statistics() throws(SegmentError) -> SegmentStatistics? {
        guard places.statistics != nil else { return nil }
        let section = try Self.smallSection(.statistics, of: container)
        return try decoding(in: container.name) { () throws(FormatError) in
            unsafe try SegmentStatistics(
                decoding: section.bytes.span.bytes, at: section.offset,
                maximumDegree: description.maximumDegree)
        }
    }

    /// Whether searches walk over fused blocks in memory; otherwise they go by pages.
    public var walksInMemory: Bool { isMapped && places.walk != nil }

    /// Bytes of memory that searches by pages have filled with codes, lists, checksums and ids.
    public var pageCodeByteCount: Int { loadedPages.load()?.byteCount ?? 0 }

    /// The widths at which searches by pages reached the recalls of
    /// ``SegmentCanary/recallTargets`` when the segment was sealed; zero where none did.
    public func pageWidths() throws(SegmentError) -> [Double] {
        let statistics = try statistics()
        return SegmentCanary.recallTargets.map { target in
            let width = statistics?[PageFigure.width(recall: target)] ?? 0
            return width >= 1 && width <= 1_048_576 ? width : 0
        }
    }

    /// The stored queries with known answers; nil if the segment has none.
    public func canary() throws(SegmentError) -> SegmentCanary? {
        guard places.canary != nil else { return nil }
        let section = try Self.smallSection(.canary, of: container)
        return try decoding(in: container.name) { () throws(FormatError) in
            unsafe try SegmentCanary(
                decoding: section.bytes.span.bytes, at: section.offset,
                dimension: schema.dimension, rowCount: rowCount)
        }
    }
}

extension SegmentReader {
    /// A section read whole at once.
    struct SmallSection {
        var index: Int
        var offset: UInt64
        var bytes: [UInt8]
    }

    /// The most bytes of a section that is read whole: 64 canary queries of 65,536 floats.
    static let smallSectionLimit = 32 << 20

    static func smallSection(
        _ section: SegmentSection, of container: SegmentContainer
    ) throws(SegmentError) -> SmallSection {
        let index = try place(of: section, in: container)
        return SmallSection(
            index: index, offset: container.sections[index].entry.offset,
            bytes: try container.copySection(index, limit: smallSectionLimit))
    }

    private static func place(
        of section: SegmentSection, in container: SegmentContainer
    ) throws(SegmentError) -> Int {
        guard let index = container.index(of: section.rawValue) else {
            throw .damaged(
                FormatError(
                    .invalidValue, file: container.name, section: "directory", offset: 0,
                    detail: "no section \(section.rawValue)"))
        }
        return index
    }

    private static func refuseUnknownSections(
        _ container: SegmentContainer
    ) throws(SegmentError) {
        for (index, section) in container.sections.enumerated()
        where section.entry.isRequired && SegmentSection(rawValue: section.entry.name) == nil
            && AttributeSection(rawValue: section.entry.name) == nil
        {
            throw container.error(
                .tooNew, section: index, at: 0, "a section this version must know and does not")
        }
    }

    /// Finds the sections and checks their lengths, so that later reads stay inside them.
    private static func findPlaces(
        _ container: SegmentContainer, _ description: SegmentDescription
    ) throws(SegmentError) -> Places {
        var places = Places()
        let rows = description.rowCount
        places.nodes = try place(of: .nodes, in: container)
        places.identifiers = try place(of: .identifiers, in: container)
        places.sortedIdentifiers = try place(of: .sortedIdentifiers, in: container)
        places.identifierFilter = container.index(of: SegmentSection.identifierFilter.rawValue)
        places.statistics = container.index(of: SegmentSection.statistics.rawValue)
        places.canary = container.index(of: SegmentSection.canary.rawValue)
        places.codebook = container.index(of: SegmentSection.codebook.rawValue)
        places.codes = container.index(of: SegmentSection.codes.rawValue)
        places.lists = container.index(of: SegmentSection.lists.rawValue)
        places.walkHeader = container.index(of: SegmentSection.walkHeader.rawValue)
        places.walk = container.index(of: SegmentSection.walk.rawValue)
        func expect(_ index: Int, _ byteCount: Int) throws(SegmentError) {
            let found = container.sections[index].entry.byteCount
            guard found == UInt64(byteCount) else {
                throw container.error(
                    .invalidValue, section: index, at: 0, "\(found) bytes, expected \(byteCount)")
            }
        }
        try expect(places.nodes, description.nodeLayout.byteCount(rowCount: rows))
        try expect(places.sortedIdentifiers, 4 * rows)
        if let filter = places.identifierFilter {
            try expect(
                filter,
                IdentifierFilter.blockCount(rowCount: rows) * IdentifierFilter.blockByteCount)
        }
        let identifiers = container.sections[places.identifiers].entry.byteCount
        switch description.identifierKind {
        case .numbers: try expect(places.identifiers, 8 * rows)
        case .tagged:
            guard identifiers >= UInt64(8 * (rows + 1) + 2 * rows),
                identifiers <= UInt64(8 * (rows + 1) + IdentifierRecord.maximumByteCount * rows)
            else {
                throw container.error(
                    .invalidValue, section: places.identifiers, at: 0, "\(identifiers) bytes")
            }
        }
        return places
    }
}

extension SegmentReader {
    /// The sections of the file, known and unknown, in their order.
    public var sectionEntries: [SegmentSectionEntry] { container.sections.map(\.entry) }

    /// The geometry of the node pages.
    public var nodeLayout: NodeLayout { layout }

    /// Where each list of near rows begins, and behind them the number of rows; none where the
    /// segment keeps no lists.
    package func listStarts() throws(SegmentError) -> [UInt32] {
        guard let place = places.lists else { return [] }
        return try RowLists(reading: place, of: container, description).startArray
    }
}
