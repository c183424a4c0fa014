// The sections that are made from 8-bit vectors: codes of rows, blocks of the walk.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization
import VarveStorage

extension SegmentBuilder {
    /// Bytes encoded before they are written; more where rows are copied for them.
    private var encodingByteCount: Int { memory.isSpilled ? 8 << 20 : 4 << 20 }

    /// Writes `walk.header`, `walk`, `codebook`, `lists` and `codes`; gives header and order of the
    /// walk, if there is one, and what the codes were made with.
    func writeCodes(
        of vectors: ByteVectorTable, _ neighbors: NeighborLists, _ plan: SegmentPlan,
        to writer: SegmentFileWriter
    ) throws(SegmentError)
        -> (walk: (header: WalkHeader, order: WalkOrder)?, rows: WrittenRowCodes)
    {
        let layout = WalkBlockLayout(
            dimension: plan.schema.dimension, isLifted: plan.schema.metric == .innerProduct,
            maxDegree: neighbors.maximumDegree)
        var walk: (header: WalkHeader, order: WalkOrder)?
        try pulse.beat()
        if plan.includesWalk {
            let encoder = unsafe WalkBlockEncoder(
                table: vectors, rowCount: neighbors.rowCount, neighbours: neighbors.table,
                neighbourStride: neighbors.maximumDegree, degrees: neighbors.degrees,
                layout: layout, seed: plan.graph.seed, memory: memory, runtime: runtime,
                threadCount: threadCount)
            let header = WalkHeader(
                codebook: encoder.codebook, places: encoder.order.places,
                seeds: Self.seeds(
                    plan.entryPoints, rowCount: neighbors.rowCount,
                    paddedCount: layout.paddedCount
                ).map { encoder.order.number(ofRow: $0.index) })
            walk = (header, encoder.order)
            try writer.write(.walkHeader, header.encoded())
            writer.begin(.walk)
            unsafe try encode(
                count: neighbors.rowCount, to: writer,
                byteCount: layout.byteCount(groupCount: layout.groupCount),
                offset: { header.places.offset(of: $0) }
            ) { numbers, destination in
                unsafe encoder.encode(
                    numbers, into: destination, runtime: runtime, threadCount: threadCount)
            }
            try writer.end()
        }
        let rows = try writeRowCodes(
            of: vectors, rowCount: neighbors.rowCount, plan, to: writer)
        return (walk, rows)
    }

    /// Writes `codebook`, `lists` and `codes`.
    private func writeRowCodes(
        of vectors: ByteVectorTable, rowCount: Int, _ plan: SegmentPlan,
        to writer: SegmentFileWriter
    ) throws(SegmentError) -> WrittenRowCodes {
        let isLifted = plan.schema.metric == .innerProduct
        let shape = CodeShape.rows(
            dimension: plan.schema.dimension + (isLifted ? 1 : 0), rowCount: rowCount)
        let starts =
            plan.listStarts.isEmpty
            ? RowOrder(unchanged: rowCount).listStarts : plan.listStarts
        let lists = RowLists(starts: starts, of: vectors)
        let encoder = RowCodeEncoder(
            table: vectors, centres: lists.centres, listStarts: starts,
            rotation: RowCodeEncoder.rotation(
                for: vectors, rowCount: rowCount, shape: shape, seed: plan.graph.seed))
        let codebook = RowCodebook(rotation: encoder.rotation, unit: encoder.unit)
        try writer.write(.codebook, codebook.encoded())
        try lists.write(to: writer)
        let groupByteCount = RowCodes.groupByteCount(shape: shape)
        writer.begin(
            SegmentSection.codes.rawValue, isRequired: SegmentSection.codes.isRequired,
            blockByteCount: Self.codeBlockByteCount)
        unsafe try encode(
            count: RowCodes.groupCount(rowCount: rowCount), to: writer,
            byteCount: groupByteCount, offset: { $0 * groupByteCount }
        ) { groups, destination in
            unsafe encoder.encode(
                groups, into: destination, runtime: runtime, threadCount: threadCount)
        }
        try writer.end()
        return WrittenRowCodes(codebook: codebook, lists: lists)
    }

    /// Codes are read from one end to the other.
    private static let codeBlockByteCount = 1 << 18

    /// Encodes `count` records some MiB at a time, and writes them.
    ///
    /// Record *i* begins at `offset(i)` and takes at most `byteCount` bytes.
    private func encode(
        count: Int, to writer: SegmentFileWriter, byteCount: Int, offset: (Int) -> Int,
        _ body: (Range<Int>, UnsafeMutableRawPointer) -> Void
    ) throws(SegmentError) {
        let step = min(count, max(1, encodingByteCount / byteCount))
        let buffer = UnsafeMutableRawPointer.allocate(byteCount: step * byteCount, alignment: 64)
        defer { unsafe buffer.deallocate() }
        var first = 0
        while first < count {
            let range = first..<min(count, first + step)
            unsafe body(range, buffer)
            let written = offset(range.upperBound) - offset(first)
            unsafe try writer.append(UnsafeRawBufferPointer(start: buffer, count: written))
            memory.relieve()
            try pulse.beat(written)
            first = range.upperBound
        }
    }

    /// Rows spread over a segment of which every walk measures all: no more than 32 KiB, because
    /// more of them cost more than the steps they save.
    private static func spreadSeedCount(_ paddedCount: Int) -> Int {
        min(256, max(16, 32_768 / paddedCount))
    }

    /// Rows a walk may begin at: the entry points, then rows spread evenly; a vector has
    /// `paddedCount` codes.
    static func seeds(
        _ entryPoints: [RowOrdinal], rowCount: Int, paddedCount: Int
    ) -> [RowOrdinal] {
        var seeds = Array(entryPoints.prefix(256))
        var taken = Set(seeds)
        let spread = WalkGraph.spreadSeeds(
            count: min(spreadSeedCount(paddedCount), (rowCount + 15) / 16), rowCount: rowCount)
        for seed in spread where taken.insert(seed).inserted { seeds.append(seed) }
        return seeds
    }
}
