// Which slacks the walks over a new segment need.

import Synchronization
import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization
import VarveStorage

extension SegmentBuilder {
    /// The slacks that are tried, until recall .99 is reached.
    private static let triedSlacks: [Float] = [
        0, 0.005, 0.01, 0.015, 0.02, 0.03, 0.04, 0.05, 0.06, 0.08, 0.1, 0.12, 0.14, 0.17, 0.2, 0.24,
        0.28, 0.33, 0.4, 0.5, 0.6, 0.8, 1,
    ]

    /// Nodes a walk of the calibration expands at most: data that needs more has no good graph.
    private static let calibrationCap = 4_096

    /// Rows that are left out and searched for: each costs a distance for every row.
    static func calibrationRowCount(rowCount: Int) -> Int {
        min(rowCount / 8, rowCount > 200_000 ? 96 : 192)
    }

    /// The rows left out, with their nearest other rows.
    func calibrationProbes(
        _ probes: CanaryProbes, _ vectors: ByteVectorTable, rowCount: Int
    ) throws(SegmentError) -> [CalibrationProbe] {
        let count = Self.calibrationRowCount(rowCount: rowCount)
        let found = Mutex([Result<CalibrationProbe, SegmentError>?](repeating: nil, count: count))
        var points: [[Float]] = []
        for number in 0..<count {
            points.append(try probes.floats((2 * number + 1) * rowCount / (2 * count)))
        }
        let (vectorsLeftOut, candidates) = (points, try candidates(near: points, probes, vectors))
        runtime.parallel(count: count, threadCount: threadCount) { number in
            let row = (2 * number + 1) * rowCount / (2 * count)
            let probe = Result { () throws(SegmentError) in
                let vector = vectorsLeftOut[number]
                let nearest = try probes.nearest(
                    to: vector, among: candidates[number].filter { $0.index != row })
                return CalibrationProbe(
                    vector: vector, rowCount: nearest.count,
                    bound: nearest.last?.distance ?? -.infinity,
                    row: RowOrdinal(UInt32(row)))
            }
            found.withLock { $0[number] = probe }
        }
        var made: [CalibrationProbe] = []
        for probe in found.withLock({ $0 }) {
            if let probe = try probe?.get() { made.append(probe) }
        }
        return made
    }

    /// The slacks with which walks reach each recall over all probes, on straight lines between
    /// those tried; −1 where none does.
    func measureSlacks(
        _ queries: [CalibrationProbe], _ probes: CanaryProbes, _ plan: SegmentPlan,
        _ walk: (header: WalkHeader, order: WalkOrder), _ graph: WalkGraph, _ blocks: MappedBytes
    ) throws(SegmentError) -> [Float] {
        var slacks: [Float] = SegmentCanary.recallTargets.map { _ in -1 }
        let wanted = queries.reduce(0) { $0 + $1.rowCount }
        guard wanted > 0 else { return slacks }
        var last: (slack: Float, recall: Double) = (0, 0)
        for slack in Self.triedSlacks {
            try pulse.beat()
            var rule = WalkRule(
                resultCount: min(graph.rowCount, SegmentReader.candidateCount(k: 10)),
                stopRank: min(graph.rowCount, 10), slack: slack,
                expansionCap: Self.calibrationCap)
            rule.stopRank = min(rule.stopRank, rule.resultCount)
            let found = try foundCount(queries, probes, plan, walk, graph, blocks, rule)
            let recall = Double(found) / Double(wanted)
            for (place, target) in SegmentCanary.recallTargets.enumerated()
            where slacks[place] < 0 && recall >= target {
                let share = Float((target - last.recall) / max(recall - last.recall, 1e-9))
                slacks[place] = last.slack + min(1, max(0, share)) * (slack - last.slack)
            }
            last = (slack, max(recall, last.recall))
            if !slacks.contains(-1) { break }
        }
        return slacks
    }

    /// How many of the probes' nearest rows walks find; of rows equally far, any will do.
    private func foundCount(
        _ queries: [CalibrationProbe], _ probes: CanaryProbes, _ plan: SegmentPlan,
        _ walk: (header: WalkHeader, order: WalkOrder), _ graph: WalkGraph, _ blocks: MappedBytes,
        _ rule: WalkRule
    ) throws(SegmentError) -> Int {
        let chunk = 16
        let counts = Mutex<Result<Int, SegmentError>>(.success(0))
        runtime.parallel(
            count: (queries.count + chunk - 1) / chunk, threadCount: threadCount
        ) { index in
            let query = SegmentQuery(schema: plan.schema)
            let mine = Result { () throws(SegmentError) in
                var found = 0
                for probe in queries[index * chunk..<min(queries.count, (index + 1) * chunk)] {
                    unsafe probe.vector.withUnsafeBufferPointer { buffer in
                        if let start = buffer.baseAddress { unsafe query.prepare(start) }
                    }
                    var rule = rule
                    rule.excluded = probe.row.map { walk.order.number(ofRow: $0.index) }
                    let scratch = query.walkScratch
                    unsafe graph.walk(
                        query.vector.bytes, table: query.table(walk.header.codebook.rotation).view,
                        rule: rule, scratch: scratch)
                    let candidates = (0..<scratch.resultCount).map { scratch.row($0) }
                    let nearest = try probes.nearest(to: probe.vector, among: candidates)
                    found += nearest.count { $0.distance <= probe.bound }
                    giveBack(blocks)
                }
                return found
            }
            counts.withLock { sum in
                guard case .success(let before) = sum else { return }
                sum = mine.map { before + $0 }
            }
        }
        return try counts.withLock { $0 }.get()
    }
}

/// A query whose nearest rows are known, to measure walks by.
struct CalibrationProbe: Sendable {
    let vector: [Float]
    /// The nearest rows that are wanted, and the distance of the last.
    let rowCount: Int
    let bound: Float
    /// The row it is, which walks are to leave out.
    var row: RowOrdinal?
}
