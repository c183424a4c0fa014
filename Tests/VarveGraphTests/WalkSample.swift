// A graph with its walk blocks, for the tests of walks.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization
import VarveStorage

/// Vectors, a graph of them, and the blocks to walk.
@safe final class WalkSample: @unchecked Sendable {
    // Invariant for Sendable: written in init only.

    let vectors: ByteVectors
    let layout: WalkBlockLayout
    let codebook: NeighbourCodebook
    let blocks: UnsafeMutableRawPointer
    let graph: WalkGraph

    init(_ vectors: ByteVectors, isLifted: Bool = false, seedCount: Int = 32, maxDegree: Int = 20)
        throws
    {
        self.vectors = vectors
        let runtime = SystemRuntime()
        var parameters = GraphParameters()
        parameters.maxDegree = maxDegree
        parameters.buildWidth = 40
        let growing = try GrowingGraph(
            table: vectors.table, capacity: vectors.rowCount, parameters: parameters)
        growing.insert(upTo: vectors.rowCount, runtime: runtime, threadCount: 1)
        let adjacency = growing.finish(
            rowCount: vectors.rowCount, runtime: runtime, threadCount: 1)
        layout = WalkBlockLayout(
            dimension: vectors.dimension, isLifted: isLifted, maxDegree: maxDegree)
        let encoder = unsafe WalkBlockEncoder(
            table: vectors.table, rowCount: vectors.rowCount,
            neighbours: adjacency.neighbourTable, neighbourStride: maxDegree,
            degrees: adjacency.degreeTable, layout: layout, seed: 1, runtime: runtime,
            threadCount: 1)
        codebook = encoder.codebook
        let places = encoder.order.places
        let order = encoder.order
        unsafe blocks = .allocate(byteCount: max(1, places.byteCount), alignment: 64)
        unsafe encoder.encode(
            0..<vectors.rowCount, into: blocks, runtime: runtime, threadCount: 1)
        withExtendedLifetime(adjacency) {}
        graph = unsafe WalkGraph(
            blocks: blocks, places: places, unit: codebook.unit,
            seeds: (WalkGraph.spreadSeeds(count: seedCount, rowCount: vectors.rowCount)
                + adjacency.entryPoints).map { order.number(ofRow: $0.index) })
    }

    deinit { unsafe blocks.deallocate() }

    /// The components of row `row`, its lift last where there is one.
    func components(_ row: Int) -> [Float] {
        let header = vectors.table.row(UInt32(row))
        let codes = unsafe vectors.table.codes(UInt32(row))
        let vector = (0..<vectors.dimension).map {
            header.lo + header.delta * Float(unsafe codes[$0])
        }
        return layout.isLifted ? vector + [header.lift] : vector
    }

    /// Walks towards row `row` and gives what was found.
    func walk(
        to row: Int, _ rule: WalkRule, live: [UInt64]? = nil, tier: KernelTier = .best,
        scratch: WalkScratch = WalkScratch()
    ) -> [UInt32] {
        let table = QueryTable(rotation: codebook.rotation)
        unsafe table.prepare(components(row))
        let query = vectors.query(row)
        if let live {
            unsafe live.withUnsafeBufferPointer {
                unsafe graph.walk(
                    query, table: table.view, rule: rule, live: $0.baseAddress,
                    scratch: scratch, tier: tier)
            }
        } else {
            unsafe graph.walk(
                query, table: table.view, rule: rule, live: nil, scratch: scratch, tier: tier)
        }
        return (0..<scratch.resultCount).map { scratch.row($0).rawValue }
    }
}
