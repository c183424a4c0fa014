// The ids of a segment's rows in memory, where they are numbers.

import VarveFormat
import VarveStorage

/// Numbers by ordinal, each in as few bytes as tell them apart from the smallest.
@safe final class ResidentNumbers: @unchecked Sendable {
    // Invariant for Sendable: the memory is not written after init.

    private let least: UInt64
    private let byteCountPerNumber: Int
    private let memory: MemoryRegion
    private let count: Int

    /// Bytes that may be read behind the last number.
    private static let slack = 8

    /// Reads the ids of `reader`; nil if they are not all numbers.
    init?(of reader: SegmentReader) throws(SegmentError) {
        guard reader.description.identifierKind == .numbers else { return nil }
        count = reader.rowCount
        var (low, high) = (UInt64.max, UInt64.min)
        try Self.forEach(of: reader) { _, number in
            low = min(low, number)
            high = max(high, number)
        }
        let width = max(1, (64 - (high - low).leadingZeroBitCount + 7) / 8)
        least = low
        byteCountPerNumber = width
        let byteCount = count * width + Self.slack
        let memory = try storing { () throws(StorageError) in
            try MemoryRegion(byteCount: byteCount)
        }
        self.memory = memory
        try Self.forEach(of: reader) { row, number in
            // Safety: the slack leaves room for all eight bytes of the last number.
            unsafe memory.baseAddress.storeBytes(
                of: (number - low).littleEndian, toByteOffset: row * width, as: UInt64.self)
        }
    }

    /// Calls `body` with every row and its id, in ascending order of rows.
    private static func forEach(
        of reader: SegmentReader, _ body: (Int, UInt64) -> Void
    ) throws(SegmentError) {
        let step = 8_192
        for first in stride(from: 0, to: reader.rowCount, by: step) {
            let rows = first..<min(first + step, reader.rowCount)
            unsafe try reader.container.withBytes(
                reader.places.identifiers, rows.lowerBound * 8..<rows.upperBound * 8
            ) { (bytes) throws(SegmentError) in
                for row in rows {
                    let number = unsafe bytes.loadUnaligned(
                        fromByteOffset: (row - first) * 8, as: UInt64.self)
                    body(row, UInt64(littleEndian: number))
                }
            }
        }
    }

    /// Bytes of memory it takes.
    var byteCount: Int { memory.byteCount }

    /// The id of a row.
    subscript(_ row: RowOrdinal) -> UInt64 {
        precondition(row.index < count)
        let bits = unsafe memory.baseAddress.loadUnaligned(
            fromByteOffset: row.index * byteCountPerNumber, as: UInt64.self)
        let mask = UInt64.max >> UInt64(64 - 8 * byteCountPerNumber)
        return least + UInt64(littleEndian: bits) & mask
    }
}
