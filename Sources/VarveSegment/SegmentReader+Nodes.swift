// Vectors and neighbours, from the node pages.

public import VarveFormat

extension SegmentReader {
    /// Calls `body` with the stored vector of a row: `schema.vectorByteCount` bytes, aligned to the
    /// element.
    public func withVector<R>(
        _ ordinal: RowOrdinal, _ body: (UnsafeRawBufferPointer) throws(SegmentError) -> R
    ) throws(SegmentError) -> R {
        precondition(ordinal.index < rowCount)
        let start = layout.offset(of: ordinal)
        return unsafe try container.withBytes(
            places.nodes, start..<start + layout.vectorByteCount, body)
    }

    /// Copies the stored vector of a row into the first `schema.vectorByteCount` bytes of
    /// `destination`.
    public func copyVector(
        _ ordinal: RowOrdinal, into destination: UnsafeMutableRawBufferPointer
    ) throws(SegmentError) {
        precondition(destination.count >= schema.vectorByteCount)
        unsafe try withVector(ordinal) { (bytes) throws(SegmentError) in
            unsafe destination.copyMemory(from: bytes)
        }
    }

    /// The neighbours of a row, in the order of its list.
    public func neighbors(of ordinal: RowOrdinal) throws(SegmentError) -> [RowOrdinal] {
        precondition(ordinal.index < rowCount)
        let start = layout.offset(of: ordinal)
        return unsafe try container.withBytes(
            places.nodes, start..<start + layout.recordByteCount
        ) { (bytes) throws(SegmentError) in unsafe try neighbors(of: ordinal, inRecord: bytes) }
    }

    /// The neighbours of a row whose record is here.
    func neighbors(
        of ordinal: RowOrdinal, inRecord bytes: UnsafeRawBufferPointer
    ) throws(SegmentError) -> [RowOrdinal] {
        let start = layout.offset(of: ordinal)
        let degree = unsafe Int(
            UInt16(
                littleEndian: bytes.loadUnaligned(
                    fromByteOffset: layout.vectorByteCount, as: UInt16.self)))
        guard degree <= layout.maximumDegree else {
            throw container.error(
                .invalidValue, section: places.nodes, at: start + layout.vectorByteCount,
                "row \(ordinal.rawValue) has \(degree) neighbours")
        }
        var list: [RowOrdinal] = []
        list.reserveCapacity(degree)
        for place in 0..<degree {
            let offset = layout.neighborOffset + place * layout.neighborByteCount
            var value: UInt32 = 0
            for byte in (0..<layout.neighborByteCount).reversed() {
                value = unsafe value << 8 | UInt32(bytes[offset + byte])
            }
            guard value < UInt32(rowCount) else {
                throw container.error(
                    .invalidValue, section: places.nodes, at: start + offset,
                    "row \(ordinal.rawValue) has the neighbour \(value)")
            }
            list.append(RowOrdinal(value))
        }
        return list
    }
}
