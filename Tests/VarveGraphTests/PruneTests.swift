// Tests that lists obey the rule by which they are chosen.

import Testing
import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

@Suite struct PruneTests {
    /// Points on a line: of all rows on one side only the nearest is worth a link.
    @Test func `on a line a row links to its two neighbours`() throws {
        let vectors = ByteVectors.whole(rowCount: 200, dimension: 1) { row, _ in
            UInt8(row)
        }
        var parameters = GraphParameters()
        parameters.minDegree = 0
        parameters.alpha = 1
        let graph = try GrowingGraph(table: vectors.table, capacity: 200, parameters: parameters)
        graph.insert(upTo: 200, runtime: SystemRuntime(), threadCount: 1)
        let lists = graph.finish(rowCount: 200, runtime: SystemRuntime(), threadCount: 1).lists
        for row in 1..<199 {
            #expect(lists[row].contains(UInt32(row - 1)) && lists[row].contains(UInt32(row + 1)))
        }
    }

    /// The rule, word by word.
    func chosen(
        _ vectors: ByteVectors, of row: UInt32, among candidates: [UInt32],
        _ parameters: GraphParameters
    ) -> [UInt32] {
        let sorted = Set(candidates).subtracting([row]).map {
            RowDistance(distance: vectors.table.distance(row, $0), row: RowOrdinal($0))
        }.sorted()
        let alpha2 = parameters.alpha * parameters.alpha
        var chosen: [RowDistance] = []
        for candidate in sorted where chosen.count < parameters.maxDegree {
            let isOccluded = chosen.contains {
                let between = vectors.table.distance(candidate.row.rawValue, $0.row.rawValue)
                return alpha2 * between <= candidate.distance
            }
            if !isOccluded { chosen.append(candidate) }
        }
        for candidate in sorted
        where chosen.count < min(parameters.minDegree, parameters.maxDegree)
            && !chosen.contains(candidate)
        {
            chosen.append(candidate)
        }
        return chosen.sorted().map(\.row.rawValue)
    }

    @Test(arguments: [Float(1), 1.1, 1.4], [0, 6, 40])
    func `neighbours are chosen by the rule`(alpha: Float, minDegree: Int) {
        let vectors = ByteVectors.clustered(rowCount: 300, dimension: 6, seed: 33)
        var parameters = GraphParameters()
        parameters.alpha = alpha
        parameters.minDegree = minDegree
        parameters.maxDegree = 12
        let prune = RobustPrune(space: GraphSpace(vectors.table), parameters: parameters)
        var random = SplitMix(seed: 3)
        for row in 0..<UInt32(40) {
            let candidates = (0..<Int(row) * 4).map { _ in
                UInt32.random(in: 0..<300, using: &random)
            }
            let expected = chosen(vectors, of: row, among: candidates, parameters)
            #expect(prune.neighbours(of: row, among: candidates) == expected, "row \(row)")
        }
    }

    @Test func `a larger alpha keeps more neighbours`() {
        let vectors = ByteVectors.clustered(rowCount: 1_000, dimension: 8, seed: 34)
        let degrees = [Float(1), 1.2, 1.5].map { alpha in
            var parameters = LeafJoinParameters()
            parameters.graph.alpha = alpha
            parameters.graph.minDegree = 0
            return buildByLeafJoin(
                table: vectors.table, rowCount: 1_000, parameters: parameters,
                runtime: SystemRuntime(), threadCount: 2
            ).graph.lists.reduce(0) { $0 + $1.count }
        }
        #expect(degrees[0] < degrees[1] && degrees[1] < degrees[2])
    }

    @Test func `work is counted`() throws {
        let vectors = ByteVectors.clustered(rowCount: 500, dimension: 8, seed: 35)
        let graph = try GrowingGraph(table: vectors.table, capacity: 500)
        graph.insert(upTo: 500, runtime: SystemRuntime(), threadCount: 2)
        let done = graph.statistics
        #expect(done.searchDistanceCount > 5_000 && done.pruneDistanceCount > 5_000)
        #expect(done.leafDistanceCount > 5_000 && done.expansionCount > 5_000)
    }
}
