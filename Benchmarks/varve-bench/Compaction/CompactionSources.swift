// Splitting rows into segments, and the graphs such segments have.

import VarveFormat
import VarveGraph
import VarveStorage

/// Rows of one segment to be: which of them are deleted, and its graph.
struct SourceGraph: Sendable {
    /// Its rows, as rows of the base file.
    var baseRows: [UInt32]
    /// The graph over them.
    var graph: Adjacency
    /// Merges the graph has been through.
    var mergeCount = 0
}

/// 32 bits that look random and depend on `row` and `salt` alone.
func mixed(_ row: UInt32, _ salt: UInt64) -> UInt32 {
    var bits = (UInt64(row) &+ 1) &* 0x9E37_79B9_7F4A_7C15 &+ salt &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return UInt32(truncatingIfNeeded: (bits ^ (bits >> 31)) >> 16)
}

/// The rows of `rows` in an order that looks random.
func shuffled(_ rows: [UInt32], salt: UInt64) -> [UInt32] {
    rows.map { UInt64(mixed($0, salt)) << 32 | UInt64($0) }.sorted()
        .map { UInt32(truncatingIfNeeded: $0) }
}

/// Cuts `rows` in proportion to `sizes`.
func cut(_ rows: [UInt32], sizes: [Int]) -> [[UInt32]] {
    let total = sizes.reduce(0, +)
    var sum = 0
    var start = 0
    return sizes.map { size in
        sum += size
        let end = rows.count * sum / total
        defer { start = end }
        return Array(rows[start..<end])
    }
}

/// Groups `rows` around `count` means, found on a sample; each keeps the order of `rows`.
func clustered(_ rows: [UInt32], of coded: CodedRows, _ base: MatrixFile, count: Int) -> [[UInt32]]
{
    var means = (0..<count).map { base.floats(Int(rows[$0 * rows.count / count])) }
    let sample = rows.prefix(20_000).map { base.floats(Int($0)) }
    for _ in 0..<12 {
        var sums = means.map { _ in [Float](repeating: 0, count: base.columnCount) }
        var counts = [Float](repeating: 0, count: count)
        for vector in sample {
            let nearest = nearestMean(to: vector, means)
            for index in vector.indices { sums[nearest][index] += vector[index] }
            counts[nearest] += 1
        }
        for mean in means.indices where counts[mean] > 0 {
            means[mean] = sums[mean].map { $0 / counts[mean] }
        }
    }
    var groups = [[UInt32]](repeating: [], count: count)
    for row in rows { groups[nearestMean(to: base.floats(Int(row)), means)].append(row) }
    return groups.filter { !$0.isEmpty }
}

private func nearestMean(to vector: [Float], _ means: [[Float]]) -> Int {
    var best = (mean: 0, distance: Float.infinity)
    for mean in means.indices {
        var distance: Float = 0
        for index in vector.indices {
            let apart = vector[index] - means[mean][index]
            distance += apart * apart
        }
        if distance < best.distance { best = (mean, distance) }
    }
    return best.mean
}

/// Builds a graph by inserting `rows` in their order.
func insertionGraph(
    _ rows: CodedRows, _ parameters: GraphParameters, threadCount: Int
) throws -> (graph: Adjacency, statistics: GraphStatistics) {
    let runtime = SystemRuntime()
    let graph = try GrowingGraph(
        table: rows.table, capacity: max(1, rows.rowCount), parameters: parameters)
    graph.insert(upTo: rows.rowCount, runtime: runtime, threadCount: threadCount)
    let finished = graph.finish(
        rowCount: rows.rowCount, runtime: runtime, threadCount: threadCount)
    return (finished, graph.statistics)
}

/// The live rows of `sources` one after the other, with what a merge needs of their graphs.
struct MergeInput {
    var rows: CodedRows
    var lists: MergeLists
    var sources: [MergeSource]

    init(
        _ sources: [SourceGraph], of all: CodedRows, maxDegree: Int, isLive: (UInt32) -> Bool
    ) throws {
        let live = sources.map { source in
            source.baseRows.indices.filter { isLive(source.baseRows[$0]) }
        }
        let count = live.reduce(0) { $0 + $1.count }
        rows = try CodedRows(
            zip(sources, live).flatMap { source, live in live.map { source.baseRows[$0] } },
            of: all)
        lists = MergeLists(rowCount: count, maxDegree: maxDegree)
        self.sources = []
        var first = 0
        for (source, live) in zip(sources, live) {
            var places = [UInt32](repeating: .max, count: source.baseRows.count)
            for (place, row) in live.enumerated() { places[row] = UInt32(first + place) }
            for row in live {
                let list = source.graph.neighbours(of: RowOrdinal(UInt32(row)))
                let kept = list.indices.map { places[Int(list[$0])] }.filter { $0 != .max }
                unsafe kept.withUnsafeBufferPointer {
                    unsafe lists.set(Int(places[row]), to: $0)
                }
            }
            self.sources.append(
                MergeSource(
                    rowCount: live.count, deletedRowCount: source.baseRows.count - live.count,
                    mergeCount: source.mergeCount,
                    entryRows: source.graph.entryPoints.map { places[$0.index] }
                        .filter { $0 != .max }.map { RowOrdinal($0) }))
            first += live.count
        }
    }
}
