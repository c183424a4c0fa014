// What a segment that is read by pages keeps in memory: codes, lists, checksums of its pages, ids.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization
import VarveStorage

/// Row codes, their lists and what they mean; verified, and kept as long as the segment is open.
@safe final class ResidentPages: @unchecked Sendable {
    // Invariant for Sendable: the memory is not written after init.

    /// The rotation of the codes.
    let rotation: Rotation
    /// Codes, lists and geometry as walks see them.
    let space: PageSpace
    /// The checksums of the blocks of the node pages; empty where the file is mapped.
    let checksums: [UInt64]
    /// The ids of the rows, where they are numbers and the file is not mapped.
    let numbers: ResidentNumbers?
    private let lists: RowLists
    private let codes: RowCodeBytes
    /// Bytes of memory all of it takes; codes beyond the budget are mapped and take none.
    let byteCount: Int

    /// Reads the codes of `reader`; nil if the segment has none.
    init?(of reader: SegmentReader) throws(SegmentError) {
        guard let codesPlace = reader.places.codes, let listsPlace = reader.places.lists,
            reader.places.codebook != nil
        else { return nil }
        let container = reader.container
        let codebook = try Self.codebook(of: reader)
        let shape = codebook.rotation.shape
        let codeByteCount =
            RowCodes.groupCount(rowCount: reader.rowCount) * RowCodes.groupByteCount(shape: shape)
        try Self.checkLength(codeByteCount, codesPlace, of: container)
        rotation = codebook.rotation
        lists = try RowLists(reading: listsPlace, of: container, reader.description)
        let bytes = try RowCodeBytes(
            reading: codesPlace, of: container, byteCount: codeByteCount)
        self.codes = bytes
        // Safety: the bytes have every group of rowCount rows and live as long as this object.
        let codes = unsafe RowCodes(
            base: bytes.baseAddress, rowCount: reader.rowCount, shape: shape, unit: codebook.unit)
        try Self.check(codes, lists, codesPlace, of: container)
        space = unsafe PageSpace(
            codes: codes, centres: lists.centres, listStarts: lists.starts,
            listCount: lists.count, layout: reader.layout)
        checksums =
            reader.isMapped ? [] : try container.checksums(ofSection: reader.places.nodes)
        numbers = reader.isMapped ? nil : try ResidentNumbers(of: reader)
        byteCount =
            bytes.ownByteCount + lists.byteCount + space.byteCount + 8 * checksums.count
            + (numbers?.byteCount ?? 0)
    }

    /// What the codes of a segment that has them were made with.
    static func codebook(of reader: SegmentReader) throws(SegmentError) -> RowCodebook {
        let section = try SegmentReader.smallSection(.codebook, of: reader.container)
        let isLifted = reader.schema.metric == .innerProduct
        return try decoding(in: reader.container.name) { () throws(FormatError) in
            unsafe try RowCodebook(
                decoding: section.bytes.span.bytes, at: section.offset,
                dimension: reader.schema.dimension + (isLifted ? 1 : 0))
        }
    }

    /// The section of codes has as many bytes as its rows call for.
    static func checkLength(
        _ expected: Int, _ place: Int, of container: SegmentContainer
    ) throws(SegmentError) {
        let found = container.sections[place].entry.byteCount
        guard found == UInt64(expected) else {
            throw container.error(
                .invalidValue, section: place, at: 0, "\(found) bytes, expected \(expected)")
        }
    }

    /// Every row names the list it lies in.
    private static func check(
        _ codes: RowCodes, _ lists: RowLists, _ place: Int, of container: SegmentContainer
    ) throws(SegmentError) {
        for list in 0..<lists.count {
            let members = unsafe Int(lists.starts[list])..<Int(lists.starts[list + 1])
            for row in members where codes.list(of: row) != UInt32(list) {
                throw container.error(
                    .invalidValue, section: place,
                    at: row / RowCodes.groupRowCount * RowCodes.groupByteCount(shape: codes.shape),
                    "row \(row) names list \(codes.list(of: row)) and lies in list \(list)")
            }
        }
    }
}
