// The section `walk.header`: what the blocks of the walk mean, and where walks begin.

import VarveFormat
import VarveKernels
import VarveQuantization

/// The codebook of the walk's blocks, and copies of the rows that a walk may begin at.
@safe final class WalkHeader: @unchecked Sendable {
    // Invariant for Sendable: the memory is not written after init.

    /// What the blocks mean.
    let codebook: NeighbourCodebook
    /// Rows to begin at.
    let seedRows: [UInt32]
    /// Their vectors, close together, in that order.
    let seeds: ByteVectorTable
    private let memory: UnsafeMutableRawPointer

    /// The most rows a walk may begin at.
    static let maximumSeedCount = 4_096

    /// Copies the rows `seedRows` of `table`.
    init(codebook: NeighbourCodebook, seedRows: [UInt32], table: ByteVectorTable) {
        self.codebook = codebook
        self.seedRows = seedRows
        unsafe (memory, seeds) = Self.allocate(seedRows.count, codebook.layout)
        let paddedCount = codebook.layout.paddedCount
        for (place, row) in seedRows.enumerated() {
            let record = unsafe memory + place * Self.recordByteCount(codebook.layout)
            unsafe record.storeBytes(of: table.row(row), as: ByteRow.self)
            unsafe (record + ByteRow.byteCount).copyMemory(
                from: table.codes(row), byteCount: paddedCount)
        }
    }

    deinit { unsafe memory.deallocate() }

    /// The bytes of the section: codebook, count, then row, header and codes of each seed.
    func encoded() -> [UInt8] {
        var writer = ByteWriter()
        codebook.encode(into: &writer)
        writer.append(UInt32(seedRows.count))
        let byteCount = Self.recordByteCount(codebook.layout)
        for (place, row) in seedRows.enumerated() {
            writer.append(row)
            unsafe writer.append(
                buffer: UnsafeRawBufferPointer(
                    start: memory + place * byteCount, count: byteCount))
        }
        return writer.bytes
    }

    /// Reads the section of a segment of `rowCount` rows whose blocks must have this layout.
    init(
        decoding bytes: RawSpan, at offset: UInt64, rowCount: Int, dimension: Int, isLifted: Bool,
        maximumDegree: Int
    ) throws(FormatError) {
        var reader = ByteReader(bytes, section: "walk.header", baseOffset: offset)
        codebook = try NeighbourCodebook(from: &reader)
        let layout = codebook.layout
        guard layout.dimension == dimension, layout.isLifted == isLifted,
            layout.maxDegree == maximumDegree
        else {
            throw reader.error(.invalidValue, "blocks for vectors of another shape")
        }
        let count = Int(try reader.readUInt32())
        let byteCount = Self.recordByteCount(layout)
        guard (1...Self.maximumSeedCount).contains(count),
            reader.remaining == count * (4 + byteCount)
        else {
            throw reader.error(.invalidValue, "\(count) seeds in \(reader.remaining) bytes")
        }
        let (memory, seeds) = unsafe Self.allocate(count, layout)
        unsafe self.memory = memory
        self.seeds = seeds
        var rows: [UInt32] = []
        var problem: FormatError?
        for place in 0..<count {
            let row = try reader.readUInt32()
            if row >= UInt32(rowCount) {
                problem = problem ?? reader.error(.invalidValue, "seed \(row)")
            }
            rows.append(row)
            let record = try reader.readBytes(byteCount)
            unsafe (memory + place * byteCount).copyMemory(from: record, byteCount: byteCount)
        }
        seedRows = rows
        if let problem { throw problem }
    }

    /// Bytes of a seed in memory: header and codes.
    private static func recordByteCount(_ layout: WalkBlockLayout) -> Int {
        ByteRow.byteCount + layout.paddedCount
    }

    private static func allocate(
        _ count: Int, _ layout: WalkBlockLayout
    ) -> (UnsafeMutableRawPointer, ByteVectorTable) {
        let stride = recordByteCount(layout)
        let memory = UnsafeMutableRawPointer.allocate(byteCount: count * stride, alignment: 64)
        // Safety: the memory lives as long as the header that owns it, and the table no longer.
        let table = unsafe ByteVectorTable(
            codes: memory + ByteRow.byteCount, codeStride: stride, rows: memory,
            rowStride: stride, dimension: layout.dimension)
        return unsafe (memory, table)
    }
}
