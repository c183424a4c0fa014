// The section `lists`: where the lists of near rows begin, and their centres.

import VarveFormat
import VarveKernels

/// Lists of near rows and their centres as 8-bit vectors, in memory they own.
@safe final class RowLists: @unchecked Sendable {
    // Invariant for Sendable: written before anyone else has it.

    /// Lists there are, at least one.
    let count: Int
    /// The centres, by list.
    let centres: ByteVectorTable
    /// Where each list begins, and behind them the number of rows.
    let starts: UnsafeMutablePointer<UInt32>
    private let rows: UnsafeMutablePointer<ByteRow>
    private let codes: UnsafeMutableRawPointer
    private let codeStride: Int

    /// Bytes of the section before the starts.
    static let headerByteCount = 8

    /// Room for `count` lists of vectors of `dimension` components.
    private init(count: Int, dimension: Int) {
        self.count = count
        codeStride = ByteRow.paddedCount(dimension: dimension)
        // Safety: all three have the room that is written to, and live until deinit.
        unsafe starts = .allocate(capacity: count + 1)
        unsafe starts.initialize(repeating: 0, count: count + 1)
        unsafe rows = .allocate(capacity: count)
        unsafe rows.initialize(repeating: ByteRow(), count: count)
        unsafe codes = .allocate(byteCount: count * codeStride, alignment: 64)
        unsafe codes.initializeMemory(as: UInt8.self, repeating: 0, count: count * codeStride)
        centres = unsafe ByteVectorTable(
            codes: codes, codeStride: codeStride, rows: rows, rowStride: ByteRow.byteCount,
            dimension: dimension)
    }

    deinit {
        unsafe starts.deallocate()
        unsafe rows.deallocate()
        unsafe codes.deallocate()
    }

    /// Bytes of memory it takes.
    var byteCount: Int { 4 * (count + 1) + count * (ByteRow.byteCount + codeStride) }

    /// The lists that begin at `listStarts` of rows of `table`; centres are means.
    convenience init(starts listStarts: [UInt32], of table: ByteVectorTable) {
        self.init(count: listStarts.count - 1, dimension: table.dimension)
        for (index, start) in listStarts.enumerated() { unsafe starts[index] = start }
        let encoder = ByteEncoder(dimension: table.dimension)
        var vector = [Float](repeating: 0, count: table.dimension)
        for list in 0..<count {
            var sums = [Double](repeating: 0, count: table.dimension)
            var lift = 0.0
            let members = listStarts[list]..<listStarts[list + 1]
            for row in members {
                let header = table.row(row)
                unsafe encoder.decode(header, table.codes(row), into: &vector)
                for index in sums.indices { sums[index] += Double(vector[index]) }
                lift += Double(header.lift)
            }
            let scale = 1 / Double(max(1, members.count))
            for index in sums.indices { vector[index] = Float(sums[index] * scale) }
            let place = unsafe (codes + list * codeStride).assumingMemoryBound(to: UInt8.self)
            unsafe rows[list] = encoder.encode(vector, into: place)
            unsafe rows[list].lift = Float(lift * scale)
        }
    }

    /// The starts as an array.
    var startArray: [UInt32] {
        unsafe Array(UnsafeBufferPointer(start: starts, count: count + 1))
    }

    /// Bytes of the section for `count` lists.
    private static func sectionByteCount(count: Int, dimension: Int) -> Int {
        headerByteCount + 4 * (count + 1)
            + count * (ByteRow.byteCount + ByteRow.paddedCount(dimension: dimension))
    }

    /// Writes the section.
    func write(to writer: SegmentFileWriter) throws(SegmentError) {
        writer.begin(
            SegmentSection.lists.rawValue, isRequired: SegmentSection.lists.isRequired,
            blockByteCount: 1 << 16)
        var part = ByteWriter(capacity: 1 << 16)
        part.append(UInt32(count))
        part.append(UInt32(0))
        for start in startArray {
            part.append(start)
            try writer.drain(&part)
        }
        try writer.drain(&part, all: true)
        // Safety: the memory holds as many bytes; headers are little-endian as they lie.
        unsafe try writer.append(
            UnsafeRawBufferPointer(start: rows, count: count * ByteRow.byteCount))
        unsafe try writer.append(UnsafeRawBufferPointer(start: codes, count: count * codeStride))
        try writer.end()
    }

    /// Reads section `place` of a segment that `description` describes.
    convenience init(
        reading place: Int, of container: SegmentContainer, _ description: SegmentDescription
    ) throws(SegmentError) {
        let found = container.sections[place].entry.byteCount
        guard found >= UInt64(Self.headerByteCount) else {
            throw container.error(.truncated, section: place, at: 0, "\(found) bytes")
        }
        let head = try container.copyBytes(place, 0..<Self.headerByteCount)
        let words = unsafe head.withUnsafeBytes {
            unsafe (
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 0, as: UInt32.self)),
                UInt32(littleEndian: $0.loadUnaligned(fromByteOffset: 4, as: UInt32.self))
            )
        }
        let dimension = description.schema.dimension
        guard words.0 >= 1, Int(words.0) <= description.rowCount, words.1 == 0,
            found
                == UInt64(Self.sectionByteCount(count: Int(words.0), dimension: dimension))
        else {
            throw container.error(
                .invalidValue, section: place, at: 0, "\(words.0) lists in \(found) bytes")
        }
        self.init(count: Int(words.0), dimension: dimension)
        var offset = Self.headerByteCount
        unsafe try container.copy(place, offset..<offset + 4 * (count + 1), to: starts)
        offset += 4 * (count + 1)
        let rowByteCount = count * ByteRow.byteCount
        unsafe try container.copy(place, offset..<offset + rowByteCount, to: rows)
        offset += rowByteCount
        unsafe try container.copy(place, offset..<offset + count * codeStride, to: codes)
        try check(place, of: container, rowCount: description.rowCount)
    }

    /// Starts ascend from zero to the number of rows, and centres are finite.
    private func check(
        _ place: Int, of container: SegmentContainer, rowCount: Int
    ) throws(SegmentError) {
        var isSound = unsafe starts[0] == 0 && Int(starts[count]) == rowCount
        for list in 0..<count {
            if unsafe starts[list] >= starts[list + 1] { isSound = false }
            let row = unsafe rows[list]
            if !row.lo.isFinite || !row.delta.isFinite || !row.lift.isFinite { isSound = false }
        }
        guard isSound else {
            throw container.error(
                .invalidValue, section: place, at: Self.headerByteCount,
                "lists that do not ascend, or a centre that is not finite")
        }
    }
}
