// Attribute records of many rows, without ever copying them to grow.

internal import VarveFormat
internal import VarveGraph
internal import VarveStorage

/// Encoded records one behind the other in chunks, addressed by row; owned by a bulk run.
@safe struct RecordChunks {
    private var chunks: [MemoryRegion] = []
    /// Bytes used of the last chunk.
    private var fill = 0
    private var places: [Place] = []

    private static let chunkByteCount = 4 << 20

    private struct Place {
        var chunk: UInt32
        var offset: UInt32
        var byteCount: UInt32
    }

    /// Appends the record of the next row; a record without entries takes no bytes.
    mutating func append(_ record: UnsafeRawBufferPointer) throws(StorageError) {
        guard let source = record.baseAddress, unsafe !record.elementsEqual(AttributeRecord.empty)
        else {
            places.append(Place(chunk: 0, offset: 0, byteCount: 0))
            return
        }
        if chunks.last.map({ $0.byteCount - fill < record.count }) ?? true {
            let byteCount = max(Self.chunkByteCount, record.count)
            chunks.append(try MemoryRegion(byteCount: byteCount))
            fill = 0
        }
        // Safety: the chunk has room behind `fill`, as just made sure.
        unsafe chunks[chunks.count - 1].bytes.baseAddress?.advanced(by: fill)
            .copyMemory(from: source, byteCount: record.count)
        places.append(
            Place(
                chunk: UInt32(chunks.count - 1), offset: UInt32(fill),
                byteCount: UInt32(record.count)))
        fill += record.count
    }

    /// The record of a row; no bytes where it has no attributes.
    subscript(_ row: Int) -> UnsafeRawBufferPointer {
        unsafe UnsafeRawBufferPointer(bytes(row))
    }

    private func bytes(_ row: Int) -> UnsafeMutableRawBufferPointer {
        let place = places[row]
        guard place.byteCount > 0 else {
            return unsafe UnsafeMutableRawBufferPointer(start: nil, count: 0)
        }
        let start = Int(place.offset)
        // Safety: places are made by `append` only.
        return unsafe UnsafeMutableRawBufferPointer(
            rebasing: chunks[Int(place.chunk)].bytes[start..<start + Int(place.byteCount)])
    }

    /// Gives a row the record of a later one.
    mutating func move(_ row: Int, to target: Int) { places[target] = places[row] }

    /// Forgets the rows from `count` on.
    mutating func truncate(to count: Int) { places.removeLast(places.count - count) }

    /// Brings the records of all rows into `order`.
    mutating func apply(_ order: RowOrder) { places = order.applied(to: places) }

    /// Replaces every attribute id `i` by `table[i]`.
    func rename(through table: [AttributeID]) throws(FormatError) {
        for row in places.indices where places[row].byteCount > 0 {
            unsafe try AttributeRecord.remapIdentifiers(in: bytes(row), through: table)
        }
    }
}
