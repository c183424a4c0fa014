// Ids of rows, and rows of ids.

import Synchronization
public import VarveFormat

extension SegmentReader {
    /// The id of the row at `ordinal`, which must be below ``rowCount``.
    public func id(of ordinal: RowOrdinal) throws(SegmentError) -> RecordID {
        precondition(ordinal.index < rowCount)
        if let numbers = loadedPages.load()?.numbers { return .number(numbers[ordinal]) }
        switch description.identifierKind {
        case .numbers: return .number(try word64(places.identifiers, at: ordinal.index * 8))
        case .tagged:
            let range = try taggedRange(ordinal)
            let base = container.sections[places.identifiers].entry.offset
            return unsafe try container.withBytes(places.identifiers, range) {
                (bytes) throws(SegmentError) in
                try decoding(in: container.name) { () throws(FormatError) in
                    unsafe try IdentifierRecord.decode(
                        RawSpan(_unsafeBytes: bytes), at: base + UInt64(range.lowerBound))
                }
            }
        }
    }

    /// The row with this id; nil if the segment has none.
    ///
    /// Deleted rows are found like others. An absent id costs 32 bytes in 99 of 100 cases; any
    /// other a binary search.
    public func find(_ id: RecordID) throws(SegmentError) -> RowOrdinal? {
        guard try mayContain(id) else { return nil }
        var range = 0..<rowCount
        while !range.isEmpty {
            let middle = (range.lowerBound + range.upperBound) / 2
            let ordinal = try sortedOrdinal(middle)
            let found = try self.id(of: ordinal)
            if found < id {
                range = middle + 1..<range.upperBound
            } else if id < found {
                range = range.lowerBound..<middle
            } else {
                return ordinal
            }
        }
        return nil
    }

    /// Whether the filter cannot rule the id out.
    ///
    /// The filter is kept in memory from the first question on, 10 bits a row: every write asks
    /// every segment.
    func mayContain(_ id: RecordID) throws(SegmentError) -> Bool {
        guard let filter = places.identifierFilter else { return true }
        let resident: ResidentFilter
        if let loaded = loadedFilter.load() {
            resident = loaded
        } else {
            let byteCount =
                IdentifierFilter.blockCount(rowCount: rowCount) * IdentifierFilter.blockByteCount
            resident = loadedFilter.storeIfNil(
                ResidentFilter(try container.copySection(filter, limit: byteCount)))
        }
        return resident.mayContain(hash: id.stableHash64)
    }

    /// The ordinal at place `index` of the order of ids, which must be below ``rowCount``.
    public func sortedOrdinal(_ index: Int) throws(SegmentError) -> RowOrdinal {
        precondition((0..<rowCount).contains(index))
        let value = unsafe try container.withBytes(
            places.sortedIdentifiers, index * 4..<index * 4 + 4
        ) { (bytes) throws(SegmentError) in
            unsafe UInt32(littleEndian: bytes.loadUnaligned(as: UInt32.self))
        }
        guard value < UInt32(rowCount) else {
            throw container.error(
                .invalidValue, section: places.sortedIdentifiers, at: index * 4,
                "ordinal \(value) of \(rowCount) rows")
        }
        return RowOrdinal(value)
    }

    /// Where the tagged bytes of an id stand in their section.
    private func taggedRange(_ ordinal: RowOrdinal) throws(SegmentError) -> Range<Int> {
        let section = places.identifiers
        let start = try word64(section, at: ordinal.index * 8)
        let end = try word64(section, at: ordinal.index * 8 + 8)
        let limit = container.sections[section].entry.byteCount
        guard start >= UInt64(8 * (rowCount + 1)), start < end, end <= limit,
            end - start <= UInt64(IdentifierRecord.maximumByteCount)
        else {
            throw container.error(
                .invalidValue, section: section, at: ordinal.index * 8,
                "the id of row \(ordinal.rawValue) from \(start) to \(end)")
        }
        return Int(start)..<Int(end)
    }

    private func word64(_ section: Int, at offset: Int) throws(SegmentError) -> UInt64 {
        unsafe try container.withBytes(section, offset..<offset + 8) {
            (bytes) throws(SegmentError) in
            unsafe UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
        }
    }
}

/// The filter of a segment's ids, verified and in memory.
final class ResidentFilter: Sendable {
    private let bytes: [UInt8]

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// Whether the id with hash `hash` may be there.
    func mayContain(hash: UInt64) -> Bool {
        let blockByteCount = IdentifierFilter.blockByteCount
        let block = IdentifierFilter.block(hash: hash, blockCount: bytes.count / blockByteCount)
        return unsafe bytes.withUnsafeBytes { buffer in
            let start = block * blockByteCount
            // Safety: the section is a whole number of blocks, and a hash names one of them.
            return unsafe IdentifierFilter.mayContain(
                hash: hash,
                block: RawSpan(
                    _unsafeBytes: UnsafeRawBufferPointer(
                        rebasing: buffer[start..<start + blockByteCount])))
        }
    }
}
