// Attributes of rows, from the sections that VarveFilter lays out.

import Synchronization
public import VarveFilter
public import VarveFormat

/// The attribute sections of a segment file, as their reader asks for them; every byte verified.
public struct SegmentAttributeSource: AttributeSource {
    let container: SegmentContainer

    public func byteCount(of section: AttributeSection) -> Int? {
        container.index(of: section.rawValue).map { Int(container.sections[$0].entry.byteCount) }
    }

    public func bytes(
        of section: AttributeSection, in range: Range<Int>
    ) throws(SegmentError) -> [UInt8] {
        guard let index = container.index(of: section.rawValue) else {
            preconditionFailure("bytes of a section the segment does not have")
        }
        return try container.copyBytes(index, range)
    }

    public func failure(_ error: FormatError) -> SegmentError {
        .damaged(error.inFile(container.name))
    }
}

extension SegmentReader {
    /// The attributes of the rows: records, columns, postings; opened when it is first asked for.
    public func attributes() throws(SegmentError) -> AttributeReader<SegmentAttributeSource> {
        if let reader = openedAttributes.load() { return reader }
        let reader = try AttributeReader(
            SegmentAttributeSource(container: container), rowCount: rowCount)
        return openedAttributes.storeIfNil(reader)
    }

    /// The bytes of the attribute record of a row; none if it has no attributes.
    public func attributeRecord(of ordinal: RowOrdinal) throws(SegmentError) -> [UInt8] {
        precondition(ordinal.index < rowCount)
        return try attributes().record(of: ordinal)
    }
}
