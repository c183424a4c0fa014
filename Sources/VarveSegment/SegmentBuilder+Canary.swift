// Queries with known answers, measured while a segment is sealed.

import Synchronization
import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization
import VarveStorage

extension SegmentBuilder {
    /// The widths that are tried, until recall .99 is reached.
    private static let triedWidths: [UInt32] = [
        10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640,
    ]

    /// Queries of the canary of `rowCount` rows: each costs a distance for every row.
    static func canaryQueryCount(rowCount: Int) -> Int {
        min(rowCount, rowCount > 200_000 ? 32 : SegmentCanary.maximumQueryCount)
    }

    /// Rows whose exact distances are computed for an answer: those that codes say are nearest.
    static let answerCandidateCount = 128

    /// Writes `canary`: points beyond rows, their exact nearest rows, and the widths that find
    /// them; gives it, and what searches are measured with: rows that are left out, and its
    /// queries.
    ///
    /// Distances are those of the scalar kernels, so that the bytes are the same on every machine.
    func writeCanary(
        of rows: any SegmentRows, _ neighbors: NeighborLists, _ plan: SegmentPlan,
        _ vectors: ByteVectorTable, _ walk: (header: WalkHeader, order: WalkOrder)?,
        to writer: SegmentFileWriter
    ) throws(SegmentError) -> (canary: SegmentCanary, probes: [CalibrationProbe]) {
        let count = Self.canaryQueryCount(rowCount: rows.rowCount)
        let probes = CanaryProbes(schema: plan.schema, rows: rows)
        var queries: [SegmentCanary.Query] = []
        for number in 0..<count {
            let row = (2 * number + 1) * rows.rowCount / (2 * count)
            let other = unsafe neighbors.neighbors(of: row).first.map { Int($0) } ?? row
            let vector = try probes.beyond(row, from: other)
            queries.append(SegmentCanary.Query(vector: vector, nearest: []))
        }
        let points = queries.map(\.vector)
        let candidates = try candidates(near: points, probes, vectors)
        let answers = Mutex([Result<[RowHit], SegmentError>?](repeating: nil, count: count))
        runtime.parallel(count: count, threadCount: threadCount) { number in
            let nearest = Result { () throws(SegmentError) in
                try probes.nearest(to: points[number], among: candidates[number])
            }
            answers.withLock { $0[number] = nearest }
        }
        memory.relieve()
        var bounds: [Float] = []
        for (number, answer) in answers.withLock({ $0 }).enumerated() {
            let hits = try answer?.get() ?? []
            queries[number].nearest = hits.map(\.row)
            bounds.append(hits.last?.distance ?? -.infinity)
        }
        var canary = SegmentCanary(
            queries: queries, widths: SegmentCanary.recallTargets.map { _ in 0 },
            slacks: SegmentCanary.recallTargets.map { _ in -1 })
        let left = try calibrationProbes(probes, vectors, rowCount: rows.rowCount)
        let beyond = zip(queries, bounds).map {
            CalibrationProbe(vector: $0.vector, rowCount: $0.nearest.count, bound: $1)
        }
        // Answers are known; walks lead to blocks all over the file.
        memory.giveBackAll()
        if let walk, let blocks = try writer.map(.walk),
            let base = unsafe blocks.bytes.baseAddress
        {
            // Safety: the mapping has a block for every row and outlives the graph.
            let graph = unsafe WalkGraph(
                blocks: base, places: walk.header.places, unit: walk.header.codebook.unit,
                seeds: walk.header.seeds)
            canary.widths = try measureWidths(
                queries, bounds, probes, plan, walk.header, graph, blocks)
            canary.slacks = try measureSlacks(left + beyond, probes, plan, walk, graph, blocks)
            // The pages touched count as this process's memory until they are given back.
            blocks.advise(.notNow)
            withExtendedLifetime(blocks) {}
        }
        try writer.write(.canary, canary.encoded())
        return (canary, left + beyond)
    }

    /// The rows whose codes are nearest to each of `points`.
    ///
    /// All points look at a window of the rows before the next is looked at, so that a window is
    /// what has to be in memory.
    func candidates(
        near points: [[Float]], _ probes: CanaryProbes, _ vectors: ByteVectorTable
    ) throws(SegmentError) -> [[RowOrdinal]] {
        let found = points.map { CanaryCandidates(near: $0, count: Self.answerCandidateCount) }
        memory.inStretches(of: 0..<probes.rows.rowCount) { window in
            runtime.parallel(count: found.count, threadCount: threadCount) { number in
                found[number].look(at: window, of: vectors)
            }
        }
        try pulse.beat()
        return found.map(\.rows)
    }

    /// Gives back the memory of blocks that a query has touched, and of the rows it was compared
    /// with, where keeping all of them would cost more than touching some again.
    ///
    /// The kernel counts 64 KiB for a block touched here and there; other threads may be reading.
    func giveBack(_ blocks: MappedBytes) {
        let isLarge = unsafe blocks.bytes.count > 32 << 20
        guard memory.isSpilled || isLarge else { return }
        blocks.advise(.notNow)
        if memory.isSpilled { memory.giveBackAll() }
    }

    /// The least tried widths at which walks reach each recall over all queries; zero where none
    /// does.
    private func measureWidths(
        _ queries: [SegmentCanary.Query], _ bounds: [Float], _ probes: CanaryProbes,
        _ plan: SegmentPlan, _ header: WalkHeader, _ graph: WalkGraph, _ blocks: MappedBytes
    ) throws(SegmentError) -> [UInt32] {
        var widths: [UInt32] = SegmentCanary.recallTargets.map { _ in 0 }
        let query = SegmentQuery(schema: plan.schema)
        for width in Self.triedWidths {
            try pulse.beat()
            var (found, wanted) = (0, 0)
            for (probe, bound) in zip(queries, bounds) {
                unsafe probe.vector.withUnsafeBufferPointer { buffer in
                    if let start = buffer.baseAddress { unsafe query.prepare(start) }
                }
                unsafe graph.walk(
                    query.vector.bytes, table: query.table(header.codebook.rotation).view,
                    rule: WalkRule(
                        resultCount: min(graph.rowCount, SegmentReader.candidateCount(k: 10)),
                        width: Int(width)), scratch: query.walkScratch)
                let scratch = query.walkScratch
                let candidates = (0..<scratch.resultCount).map { scratch.row($0) }
                let nearest = try probes.nearest(to: probe.vector, among: candidates)
                // By distance: of rows equally far, any will do.
                found += nearest.filter { $0.distance <= bound }.count
                wanted += probe.nearest.count
                giveBack(blocks)
            }
            for (place, target) in SegmentCanary.recallTargets.enumerated()
            where widths[place] == 0 && Double(found) >= target * Double(wanted) {
                widths[place] = width
            }
            if !widths.contains(0) { break }
        }
        return widths
    }
}
