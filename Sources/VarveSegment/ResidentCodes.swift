// The codes of all rows, in memory.

import VarveFormat
import VarveKernels
import VarveQuantization

/// Row codes and what they mean; verified, and kept as long as the segment is open.
@safe final class ResidentCodes: @unchecked Sendable {
    // Invariant for Sendable: the memory is not written after init.

    /// The rotation of the codes.
    let rotation: Rotation
    /// The codes.
    let codes: RowCodes
    private let memory: UnsafeMutableRawPointer
    /// Bytes of memory they take.
    let byteCount: Int

    /// Reads the codes of `reader`; nil if the segment has none.
    init?(of reader: SegmentReader) throws(SegmentError) {
        guard let codesPlace = reader.places.codes, reader.places.codebook != nil else {
            return nil
        }
        let section = try SegmentReader.smallSection(.codebook, of: reader.container)
        let dimension =
            reader.schema.dimension + (reader.schema.metric == .innerProduct ? 1 : 0)
        let codebook = try decoding(in: reader.container.name) { () throws(FormatError) in
            unsafe try RowCodebook(
                decoding: section.bytes.span.bytes, at: section.offset, dimension: dimension)
        }
        let shape = codebook.rotation.shape
        byteCount =
            RowCodes.groupCount(rowCount: reader.rowCount)
            * RowCodes.groupByteCount(shape: shape)
        let found = reader.container.sections[codesPlace].entry.byteCount
        guard found == UInt64(byteCount) else {
            throw reader.container.error(
                .invalidValue, section: codesPlace, at: 0, "\(found) bytes, expected \(byteCount)")
        }
        rotation = codebook.rotation
        unsafe memory = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)
        // Safety: the memory has every group of rowCount rows and lives as long as this object.
        codes = unsafe RowCodes(
            base: memory, rowCount: reader.rowCount, shape: shape, unit: codebook.unit)
        let step = 1 << 20
        for start in stride(from: 0, to: byteCount, by: step) {
            let range = start..<min(start + step, byteCount)
            unsafe try reader.container.withBytes(codesPlace, range) {
                (bytes) throws(SegmentError) in
                guard let base = bytes.baseAddress else { return }
                unsafe (memory + start).copyMemory(from: base, byteCount: range.count)
            }
        }
    }

    deinit { unsafe memory.deallocate() }
}
