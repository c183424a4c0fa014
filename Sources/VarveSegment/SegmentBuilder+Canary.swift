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
    private static let answerCandidateCount = 128

    /// Writes `canary`: points beyond rows, their exact nearest rows, and the widths that find
    /// them.
    ///
    /// Distances are those of the scalar kernels, so that the bytes are the same on every machine.
    func writeCanary(
        of rows: any SegmentRows, _ neighbors: NeighborLists, _ plan: SegmentPlan,
        _ vectors: ByteVectorTable, _ codebook: NeighbourCodebook?, to writer: SegmentFileWriter
    ) throws(SegmentError) {
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
        let answers = Mutex([Result<[SegmentHit], SegmentError>?](repeating: nil, count: count))
        runtime.parallel(count: count, threadCount: threadCount) { number in
            let nearest = Result { () throws(SegmentError) in
                let candidates = probes.candidates(
                    near: points[number], in: vectors, count: Self.answerCandidateCount)
                return try probes.nearest(to: points[number], among: candidates)
            }
            answers.withLock { $0[number] = nearest }
        }
        var bounds: [Float] = []
        for (number, answer) in answers.withLock({ $0 }).enumerated() {
            let hits = try answer?.get() ?? []
            queries[number].nearest = hits.map(\.row)
            bounds.append(hits.last?.distance ?? -.infinity)
        }
        var widths: [UInt32] = SegmentCanary.recallTargets.map { _ in 0 }
        if let codebook, let walk = try writer.map(.walk) {
            widths = try measureWidths(
                queries, bounds, probes, plan, codebook, walk, rowCount: rows.rowCount)
        }
        try writer.write(.canary, SegmentCanary(queries: queries, widths: widths).encoded())
    }

    /// The least tried widths at which walks reach each recall over all queries; zero where none
    /// does.
    private func measureWidths(
        _ queries: [SegmentCanary.Query], _ bounds: [Float], _ probes: CanaryProbes,
        _ plan: SegmentPlan, _ codebook: NeighbourCodebook, _ walk: MappedBytes, rowCount: Int
    ) throws(SegmentError) -> [UInt32] {
        var widths: [UInt32] = SegmentCanary.recallTargets.map { _ in 0 }
        guard let base = unsafe walk.bytes.baseAddress else { return widths }
        // Safety: the mapping has a block for every row and outlives the graph.
        let graph = unsafe WalkGraph(
            blocks: base, rowCount: rowCount, layout: codebook.layout, unit: codebook.unit,
            seeds: Self.seeds(
                plan.entryPoints, rowCount: rowCount, paddedCount: codebook.layout.paddedCount))
        let query = SegmentQuery(schema: plan.schema)
        for width in Self.triedWidths {
            var (found, wanted) = (0, 0)
            for (probe, bound) in zip(queries, bounds) {
                unsafe probe.vector.withUnsafeBufferPointer { buffer in
                    if let start = buffer.baseAddress { unsafe query.prepare(start) }
                }
                unsafe graph.walk(
                    query.bytes, table: query.table(codebook.rotation).view,
                    rule: WalkRule(
                        resultCount: min(rowCount, SegmentReader.candidateCount(k: 10)),
                        width: Int(width)), scratch: query.walkScratch)
                let scratch = query.walkScratch
                let candidates = (0..<scratch.resultCount).map { scratch.row($0) }
                let nearest = try probes.nearest(to: probe.vector, among: candidates)
                // By distance: of rows equally far, any will do.
                found += nearest.filter { $0.distance <= bound }.count
                wanted += probe.nearest.count
            }
            for (place, target) in SegmentCanary.recallTargets.enumerated()
            where widths[place] == 0 && Double(found) >= target * Double(wanted) {
                widths[place] = width
            }
            // The pages touched count as this process's memory until they are given back.
            walk.advise(.notNow)
            if !widths.contains(0) { break }
        }
        withExtendedLifetime(walk) {}
        return widths
    }
}

/// Makes canary queries and answers them exactly.
private struct CanaryProbes: Sendable {
    let schema: Schema
    let rows: any SegmentRows
    let element: VectorElement
    let exact: ExactDistance

    init(schema: Schema, rows: any SegmentRows) {
        guard let element = VectorElement(rawValue: schema.elementType.rawValue) else {
            preconditionFailure("an element type without kernels")
        }
        self.schema = schema
        self.rows = rows
        self.element = element
        exact = ExactDistance(
            schema.metric == .euclidean ? .squaredL2 : .innerProduct, element: element,
            dimension: schema.dimension, tier: .scalar)
    }

    /// The point as far beyond row `a` as row `b` is before it; of length 1 under cosine, where it
    /// is row `a` if there is no such point.
    ///
    /// New vectors lie about as far from the stored ones as those lie from each other, and not
    /// between them: points between neighbours are found with half the width that real queries
    /// need.
    func beyond(_ a: Int, from b: Int) throws(SegmentError) -> [Float] {
        let (first, second) = (try floats(a), try floats(b))
        var point = zip(first, second).map { 2 * $0 - $1 }
        guard schema.metric == .cosine else { return point }
        let isNormalised = unsafe point.withUnsafeMutableBufferPointer { buffer in
            guard let start = buffer.baseAddress else { return false }
            return unsafe VectorConversion.normalise(start, count: schema.dimension)
        }
        return isNormalised ? point : first
    }

    /// The rows whose codes are nearest to `point`, as many as `count`; ties by ordinal.
    func candidates(near point: [Float], in table: ByteVectorTable, count: Int) -> [RowOrdinal] {
        var query = ByteVector(dimension: schema.dimension)
        unsafe point.withUnsafeBufferPointer { buffer in
            if let base = buffer.baseAddress { unsafe query.encode(base) }
        }
        let step = 1_024
        var distances = [Float](repeating: 0, count: step)
        var best: [(distance: Float, row: UInt32)] = []
        for first in stride(from: 0, to: rows.rowCount, by: step) {
            let taken = min(step, rows.rowCount - first)
            unsafe distances.withUnsafeMutableBufferPointer { buffer in
                guard let base = buffer.baseAddress else { return }
                unsafe table.distances(
                    from: query.row, codes: query.codes, toRowsFrom: UInt32(first), count: taken,
                    into: base)
            }
            let bound = best.count == count ? best.last?.distance ?? .infinity : .infinity
            for index in 0..<taken where distances[index] < bound {
                best.append((distances[index], UInt32(first + index)))
            }
            guard best.count > count else { continue }
            best.sort { $0 < $1 }
            best.removeLast(best.count - count)
        }
        best.sort { $0 < $1 }
        return best.map { RowOrdinal($0.row) }
    }

    /// The nearest of some rows; nearest first, ties by ordinal.
    func nearest(
        to vector: [Float], among candidates: [RowOrdinal]
    ) throws(SegmentError) -> [SegmentHit] {
        var best: [(distance: Float, row: UInt32)] = []
        for candidate in candidates {
            let row = candidate.rawValue
            var distance: Float = 0
            unsafe try rows.withVector(RowOrdinal(row)) { bytes in
                unsafe vector.withUnsafeBufferPointer { query in
                    guard let query = query.baseAddress, let base = bytes.baseAddress else {
                        return
                    }
                    distance = unsafe exact(query, base)
                }
            }
            if schema.metric != .euclidean { distance = -distance }
            if distance.isNaN { distance = .infinity }
            let entry = (distance, row)
            if best.count == SegmentCanary.nearestCount, let last = best.last, entry >= last {
                continue
            }
            best.insert(entry, at: best.firstIndex { entry < $0 } ?? best.count)
            if best.count > SegmentCanary.nearestCount { best.removeLast() }
        }
        return best.map { SegmentHit(row: RowOrdinal($0.row), distance: $0.distance) }
    }

    private func floats(_ row: Int) throws(SegmentError) -> [Float] {
        var floats = [Float](repeating: 0, count: schema.dimension)
        unsafe try rows.withVector(RowOrdinal(UInt32(row))) { bytes in
            unsafe floats.withUnsafeMutableBufferPointer { buffer in
                guard let start = buffer.baseAddress, let base = bytes.baseAddress else { return }
                unsafe VectorConversion.widen(
                    base, count: schema.dimension, from: element, into: start)
            }
        }
        return floats
    }
}
