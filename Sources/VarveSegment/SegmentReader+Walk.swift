// The fused blocks of a segment.

import VarveFormat
import VarveQuantization

extension SegmentReader {
    /// What the walk's blocks mean; the segment must have them.
    func walkHeader() throws(SegmentError) -> WalkHeader {
        let section = try Self.smallSection(.walkHeader, of: container)
        return try decoding(in: container.name) { () throws(FormatError) in
            unsafe try WalkHeader(
                decoding: section.bytes.span.bytes, at: section.offset, rowCount: rowCount,
                dimension: schema.dimension, isLifted: schema.metric == .innerProduct,
                maximumDegree: description.maximumDegree)
        }
    }
}
