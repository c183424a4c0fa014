// Tests of merging graphs.

import Testing
import VarveFormat
import VarveGraph
import VarveKernels
import VarveStorage

@Suite struct RegimeChoiceTests {
    @Test(arguments: [
        (sizes: [250, 250, 250, 250], regime: MergeRegime.symmetric),
        (sizes: [800, 50, 50, 50, 50], regime: .asymmetric),
        (sizes: [500, 500], regime: .asymmetric),
        (sizes: [499, 251, 250], regime: .symmetric),
        (sizes: [20, 900, 80], regime: .absorb),
        (sizes: [100], regime: .absorb),
        (sizes: [], regime: .rebuild),
        (sizes: [0, 0], regime: .rebuild),
    ])
    func `shares decide between ways of keeping lists`(sizes: [Int], regime: MergeRegime) {
        #expect(chooseRegime(for: sizes.map { MergeSource(rowCount: $0) }) == regime)
    }

    @Test(arguments: [
        (deleted: 0, merges: 0, drift: nil, regime: MergeRegime.asymmetric),
        (deleted: 88, merges: 4, drift: 1.1, regime: .asymmetric),
        (deleted: 90, merges: 0, drift: nil, regime: .symmetric),
        (deleted: 250, merges: 0, drift: nil, regime: .symmetric),
        (deleted: 280, merges: 0, drift: nil, regime: .rebuild),
        (deleted: 0, merges: 5, drift: nil, regime: .rebuild),
        (deleted: 0, merges: 0, drift: 1.11, regime: .rebuild),
    ])
    func `deletions, merges and drift call for a new graph`(
        deleted: Int, merges: Int, drift: Double?, regime: MergeRegime
    ) {
        let largest = MergeSource(rowCount: 800, deletedRowCount: deleted, mergeCount: merges)
        let other = MergeSource(rowCount: 200, deletedRowCount: 900, mergeCount: 9)
        #expect(chooseRegime(for: [other, largest], drift: drift) == regime)
    }
}

@Suite struct GraphMergeTests {
    static let regimes = MergeRegime.allCases

    @Test(
        arguments: regimes,
        [
            [], [0], [1], [1, 1], [2, 0, 1], [300, 1], [1, 300], [200, 200, 200], [900, 60, 0, 40],
        ])
    func `sources of any size make a sound graph`(regime: MergeRegime, sizes: [Int]) throws {
        let vectors = ByteVectors.clustered(
            rowCount: sizes.reduce(0, +), dimension: 12, seed: 41)
        let scene = try MergeScene(vectors, sizes: sizes)
        let graph = scene.merged(regime)
        #expect(graph.flaw == nil)
        #expect(graph.rowCount == vectors.rowCount)
    }

    @Test(arguments: regimes)
    func `rows are found whichever source they are from`(regime: MergeRegime) throws {
        let vectors = ByteVectors.clustered(rowCount: 3_000, dimension: 24, seed: 42)
        let sizes = regime == .absorb ? [2_600, 250, 150] : [1_500, 900, 600]
        let scene = try MergeScene(vectors, sizes: sizes)
        let fresh = try MergeScene.graph(vectors).recall(vectors, width: 48)
        let graph = scene.merged(regime)
        #expect(graph.flaw == nil)
        #expect(graph.recall(vectors, width: 48) > fresh - 0.02)
    }

    @Test(arguments: regimes)
    func `sources of one cluster each become one graph`(regime: MergeRegime) throws {
        // Clusters in order and far apart: no row has a near one in another source.
        let vectors = ByteVectors.clustered(
            rowCount: 2_000, dimension: 16, clusterCount: 4, seed: 43, inOrder: true, spread: 60)
        let scene = try MergeScene(vectors, sizes: [800, 500, 400, 300])
        let graph = scene.merged(regime)
        #expect(graph.flaw == nil)
        #expect(graph.recall(vectors, width: 48) > 0.95)
    }

    @Test(arguments: regimes)
    func `deleted rows leave no gap`(regime: MergeRegime) throws {
        let vectors = ByteVectors.clustered(rowCount: 2_500, dimension: 16, seed: 44)
        let scene = try MergeScene(vectors, sizes: [1_600, 500, 400]) { $0 % 5 == 0 }
        let graph = scene.merged(regime)
        #expect(graph.rowCount == 2_000)
        #expect(graph.flaw == nil)
        #expect(graph.recall(scene.live, width: 48) > 0.93)
    }

    @Test(arguments: regimes)
    func `a source that is all deleted is as if it were not there`(regime: MergeRegime) throws {
        let vectors = ByteVectors.clustered(rowCount: 700, dimension: 8, seed: 45)
        let scene = try MergeScene(vectors, sizes: [400, 200, 100]) { (400..<600).contains($0) }
        let graph = scene.merged(regime)
        #expect(graph.flaw == nil)
        #expect(graph.rowCount == 500)
        let gone = try MergeScene(vectors, sizes: [400, 300]) { _ in true }
        #expect(gone.merged(regime).rowCount == 0)
    }

    @Test(arguments: regimes)
    func `equal vectors are all reachable`(regime: MergeRegime) throws {
        let equal = ByteVectors(rowCount: 900, dimension: 8) { _, index in Float(index) }
        #expect(try MergeScene(equal, sizes: [500, 300, 100]).merged(regime).flaw == nil)
        let heaps = ByteVectors(rowCount: 900, dimension: 8) { row, index in
            Float(index * (row % 2 + 1))
        }
        #expect(try MergeScene(heaps, sizes: [300, 300, 300]).merged(regime).flaw == nil)
    }

    @Test(arguments: regimes)
    func `every row twice makes a sound graph`(regime: MergeRegime) throws {
        let half = ByteVectors.clustered(rowCount: 400, dimension: 12, seed: 46)
        let vectors = half.kept(Array(0..<400) + Array(0..<400))
        let scene = try MergeScene(vectors, sizes: [400, 400])
        #expect(scene.merged(regime).flaw == nil)
    }

    @Test(arguments: regimes)
    func `the graph does not depend on threads, memory or tiers`(regime: MergeRegime) throws {
        let lists = try KernelTier.available.flatMap { tier in
            let vectors = ByteVectors.clustered(
                rowCount: 4_000, dimension: 20, seed: 47, tier: tier)
            let scene = try MergeScene(vectors, sizes: [2_900, 700, 400])
            var small = MergeScene.parameters
            small.memoryByteLimit = 1 << 18
            return [
                scene.merged(regime, threadCount: 1).lists,
                scene.merged(regime, threadCount: 3).lists,
                regime == .absorb
                    ? scene.merged(regime, threadCount: 2).lists
                    : scene.merged(regime, parameters: small).lists,
            ]
        }
        for other in lists.dropFirst() { #expect(other == lists[0]) }
    }

    @Test(arguments: regimes)
    func `progress rises from step to step, and a merge may be given up`(
        regime: MergeRegime
    ) throws {
        let vectors = ByteVectors.clustered(rowCount: 2_000, dimension: 16, seed: 48)
        let scene = try MergeScene(vectors, sizes: [1_000, 1_000])
        let merge = scene.merge(regime)
        var last = merge.progress
        #expect(last.share == 0 && !last.isFinished)
        while !last.isFinished {
            let next = merge.step(threadCount: 2)
            #expect(next.share >= last.share && next.share <= 1)
            last = next
        }
        #expect(last.share == 1)
        #expect(merge.step(threadCount: 1) == last)
        let graph = merge.finish(threadCount: 1).graph
        #expect(graph.lists == scene.merged(regime).lists)
        var stepCount = 0
        let lists = MergeLists(rowCount: 2_000, maxDegree: 32)
        let given = mergeGraphs(
            table: scene.live.table, lists: lists, sources: scene.sources, regime: regime,
            parameters: MergeScene.parameters, runtime: SystemRuntime(), threadCount: 2
        ) { _ in
            stepCount += 1
            return stepCount < 2
        }
        #expect(given == nil && stepCount == 2)
    }
}

@Suite struct MergeCostTests {
    /// Distances measured one pair at a time.
    func scattered(_ statistics: GraphStatistics) -> UInt64 {
        statistics.searchDistanceCount + statistics.pruneDistanceCount
    }

    func insertion(_ vectors: ByteVectors) throws -> (graph: Adjacency, distances: UInt64) {
        let graph = try GrowingGraph(table: vectors.table, capacity: vectors.rowCount)
        graph.insert(upTo: vectors.rowCount, runtime: SystemRuntime(), threadCount: 2)
        let finished = graph.finish(
            rowCount: vectors.rowCount, runtime: SystemRuntime(), threadCount: 2)
        return (finished, scattered(graph.statistics))
    }

    /// What insertion measures for a row grows with the rows, what a merge measures does not.
    ///
    /// Own links and pruning are as many for each: of 8,000 rows that is more than the .13 of
    /// 100,000 or the .12 of a million.
    @Test(arguments: [
        (regime: MergeRegime.symmetric, sizes: [2_000, 2_000, 2_000, 2_000], most: 0.2),
        (regime: .asymmetric, sizes: [6_400, 800, 800], most: 0.12),
        (regime: .absorb, sizes: [7_600, 200, 200], most: 0.12),
        (regime: .rebuild, sizes: [4_000, 4_000], most: 0.25),
    ])
    func `a merge measures few distances`(
        regime: MergeRegime, sizes: [Int], most: Double
    ) throws {
        let vectors = ByteVectors.clustered(
            rowCount: 8_000, dimension: 24, clusterCount: 200, seed: 51)
        let fresh = try insertion(vectors)
        let scene = try MergeScene(vectors, sizes: sizes)
        let (graph, statistics) = scene.merge(regime).finish(threadCount: 2)
        let share = Double(scattered(statistics)) / Double(fresh.distances)
        #expect(share <= most, "\(share) of the distances of insertion")
        #expect(regime == .absorb || statistics.leafDistanceCount > 0)
        let found = graph.recall(vectors, width: 32)
        #expect(found > fresh.graph.recall(vectors, width: 32) - 0.03)
    }
}
