// Codes made anew from stored vectors, and compared with those in the walk's blocks.

import VarveFormat
import VarveKernels

extension SegmentReader {
    /// Encodes the vectors of some rows again and compares them with the 8-bit codes in the walk's
    /// blocks, which must be the same to the bit.
    ///
    /// - Parameter sampleCount: Blocks to look at, spread evenly; all if there are no more.
    /// - Returns: Blocks compared; none if the segment has no walk.
    /// - Throws: ``SegmentError/damaged(_:)`` that names the first block with other codes.
    package func verifyEncoding(sampleCount: Int) throws(SegmentError) -> Int {
        guard let walk = places.walk, places.walkHeader != nil else { return 0 }
        let header = try walkHeader()
        let encoder = ByteEncoder(dimension: schema.dimension)
        let count = min(sampleCount, rowCount)
        for index in 0..<count {
            let number = BlockNumber(UInt32(index * rowCount / count))
            let range = header.places.range(of: number)
            let block = try container.copyBytes(walk, range)
            let row = RowOrdinal(Self.word32(block, WalkBlockLayout.rowOffset))
            guard row.index < rowCount else {
                throw container.error(
                    .invalidValue, section: walk, at: range.lowerBound,
                    "block \(number.index) is of row \(row.rawValue)")
            }
            guard try isEncoded(row, in: block, encoder) else {
                throw container.error(
                    .invalidValue, section: walk, at: range.lowerBound,
                    "the codes of row \(row.rawValue) are not those of its vector")
            }
        }
        return count
    }

    /// Whether `block` has the codes of the vector of `row`.
    private func isEncoded(
        _ row: RowOrdinal, in block: [UInt8], _ encoder: ByteEncoder
    ) throws(SegmentError) -> Bool {
        var codes = [UInt8](repeating: 0, count: encoder.paddedCount)
        let bytes = unsafe try withVector(row) { (buffer) throws(SegmentError) in
            unsafe [UInt8](buffer)
        }
        let encoded = encode(bytes, into: &codes, encoder)
        let start = WalkBlockLayout.vectorOffset
        guard block[start..<start + codes.count].elementsEqual(codes) else { return false }
        // The lift, at 12, is not the vector's own.
        let fields: [(Int, UInt32)] = [
            (0, encoded.lo.bitPattern), (4, encoded.delta.bitPattern),
            (8, encoded.norm2.bitPattern), (16, encoded.sum), (20, encoded.squareSum),
        ]
        return fields.allSatisfy { Self.word32(block, $0.0) == $0.1 }
    }

    private func encode(
        _ bytes: [UInt8], into codes: inout [UInt8], _ encoder: ByteEncoder
    ) -> ByteRow {
        // Safety: `bytes` are one stored vector, `codes` have room for a padded row.
        unsafe bytes.withUnsafeBytes { source in
            unsafe codes.withUnsafeMutableBufferPointer { target in
                guard let from = source.baseAddress, let to = target.baseAddress else {
                    return ByteRow()
                }
                switch schema.elementType {
                case .uint8:
                    return unsafe encoder.encode(from.assumingMemoryBound(to: UInt8.self), into: to)
                case .int8:
                    return unsafe encoder.encode(from.assumingMemoryBound(to: Int8.self), into: to)
                case .float32, .float16:
                    return unsafe withUnsafeTemporaryAllocation(
                        of: Float.self, capacity: schema.dimension
                    ) { floats in
                        guard let base = floats.baseAddress else { return ByteRow() }
                        unsafe VectorConversion.widen(
                            from, count: schema.dimension,
                            from: schema.elementType == .float32 ? .float32 : .float16, into: base)
                        return unsafe encoder.encode(UnsafePointer(base), into: to)
                    }
                }
            }
        }
    }

    private static func word32(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0..<4).reduce(UInt32(0)) { $0 | UInt32(bytes[offset + $1]) << UInt32($1 * 8) }
    }
}
