// Vectors for the tests of graphs, with their exact neighbours.

import VarveFormat
import VarveGraph
import VarveKernels

/// Rows of 8-bit vectors in memory of their own.
@safe final class ByteVectors: @unchecked Sendable {
    // Invariant for Sendable: written in init only.

    let rowCount: Int
    let dimension: Int
    let table: ByteVectorTable
    private let codes: UnsafeMutableRawPointer
    private let rows: UnsafeMutablePointer<ByteRow>

    /// Encodes `rowCount` vectors that `component` makes, row after row.
    init(
        rowCount: Int, dimension: Int, tier: KernelTier = .best,
        component: (_ row: Int, _ index: Int) -> Float
    ) {
        self.rowCount = rowCount
        self.dimension = dimension
        let stride = ByteRow.paddedCount(dimension: dimension)
        unsafe codes = .allocate(byteCount: max(1, rowCount) * stride, alignment: 64)
        unsafe rows = .allocate(capacity: max(1, rowCount))
        let encoder = ByteEncoder(dimension: dimension)
        for row in 0..<rowCount {
            let vector = (0..<dimension).map { component(row, $0) }
            let place = unsafe (codes + row * stride).bindMemory(to: UInt8.self, capacity: stride)
            unsafe rows[row] = encoder.encode(vector, into: place)
        }
        table = unsafe ByteVectorTable(
            codes: codes, codeStride: stride, rows: rows, rowStride: ByteRow.byteCount,
            dimension: dimension, tier: tier)
    }

    deinit {
        unsafe codes.deallocate()
        unsafe rows.deallocate()
    }

    /// Rows around `clusterCount` centres.
    static func clustered(
        rowCount: Int, dimension: Int, clusterCount: Int = 20, seed: UInt64, inOrder: Bool = false,
        spread: Float = 4, tier: KernelTier = .best
    ) -> ByteVectors {
        var random = SplitMix(seed: seed)
        let centres = (0..<clusterCount * dimension).map { _ in random.unit() * spread }
        let noise = (0..<rowCount * dimension).map { _ in random.unit() + random.unit() - 1 }
        return ByteVectors(rowCount: rowCount, dimension: dimension, tier: tier) { row, index in
            let cluster = inOrder ? row * clusterCount / rowCount : row * 7919 % clusterCount
            return centres[cluster * dimension + index] + noise[row * dimension + index]
        }
    }

    /// Random whole numbers, as they are; every third row has a lift.
    static func whole(
        rowCount: Int, dimension: Int, seed: UInt64, tier: KernelTier = .best
    ) -> ByteVectors {
        var random = SplitMix(seed: seed)
        let vectors = whole(rowCount: rowCount, dimension: dimension, tier: tier) { _, _ in
            UInt8.random(in: 0...255, using: &random)
        }
        for row in stride(from: 0, to: rowCount, by: 3) {
            unsafe vectors.rows[row].lift = random.unit() * 500
        }
        return vectors
    }

    /// Whole numbers that `component` makes, as they are.
    static func whole(
        rowCount: Int, dimension: Int, tier: KernelTier = .best,
        component: (_ row: Int, _ index: Int) -> UInt8
    ) -> ByteVectors {
        let vectors = ByteVectors(rowCount: rowCount, dimension: dimension, tier: tier) { _, _ in 0
        }
        let stride = vectors.table.paddedCount
        let encoder = ByteEncoder(dimension: dimension)
        for row in 0..<rowCount {
            let vector = (0..<dimension).map { component(row, $0) }
            let place = unsafe (vectors.codes + row * stride)
                .assumingMemoryBound(to: UInt8.self)
            unsafe vectors.rows[row] = encoder.encode(vector, into: place)
        }
        return vectors
    }

    /// The rows `kept`, in that order.
    func kept(_ kept: [Int]) -> ByteVectors {
        let result = ByteVectors(rowCount: kept.count, dimension: dimension) { _, _ in 0 }
        for (new, old) in kept.enumerated() {
            unsafe result.rows[new] = rows[old]
            unsafe (result.codes + new * table.paddedCount).copyMemory(
                from: codes + old * table.paddedCount, byteCount: table.paddedCount)
        }
        return result
    }

    /// Row `row` as a query.
    func query(_ row: Int) -> ByteVector {
        var query = ByteVector(dimension: dimension)
        query.row = table.row(UInt32(row))
        unsafe query.codes.update(from: table.codes(UInt32(row)), count: table.paddedCount)
        return query
    }

    /// The `count` rows below `limit` nearest to row `row`, itself among them.
    func nearest(to row: Int, count: Int, limit: Int) -> [UInt32] {
        let all = (0..<UInt32(limit)).map {
            RowDistance(distance: table.distance(UInt32(row), $0), row: RowOrdinal($0))
        }
        return all.sorted().prefix(count).map(\.row.rawValue)
    }
}

/// A small generator of random bits.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return bits ^ (bits >> 31)
    }

    /// A number from 0 to 1.
    mutating func unit() -> Float { Float(next() >> 40) / Float(1 << 24) }
}

extension Adjacency {
    /// The first thing that is wrong with the graph, or nil.
    var flaw: String? {
        var reached = [Bool](repeating: false, count: rowCount)
        var queue = entryPoints.map(\.rawValue)
        for row in queue { reached[Int(row)] = true }
        if rowCount > 0 && queue.isEmpty { return "no entry" }
        for row in 0..<rowCount {
            let list = neighbours(of: RowOrdinal(UInt32(row)))
            var seen = Set<UInt32>()
            for index in list.indices {
                if list[index] >= rowCount { return "row \(row) leads to \(list[index])" }
                if list[index] == row { return "row \(row) leads to itself" }
                if !seen.insert(list[index]).inserted { return "row \(row) repeats a neighbour" }
            }
            if list.count > maxDegree { return "row \(row) has \(list.count) neighbours" }
        }
        var next = 0
        while next < queue.count {
            let list = neighbours(of: RowOrdinal(queue[next]))
            next += 1
            for index in list.indices where !reached[Int(list[index])] {
                reached[Int(list[index])] = true
                queue.append(list[index])
            }
        }
        return queue.count == rowCount ? nil : "only \(queue.count) of \(rowCount) rows reached"
    }

    /// The share of the ten nearest rows that searches for some rows find.
    func recall(_ vectors: ByteVectors, width: Int) -> Double {
        let scratch = SearchScratch()
        var hits = 0
        var wanted = 0
        for row in stride(from: 1, to: rowCount, by: max(1, rowCount / 50)) {
            let truth = vectors.nearest(to: row, count: 10, limit: rowCount)
            search(vectors.query(row), width: width, table: vectors.table, scratch: scratch)
            let found = (0..<min(10, scratch.resultCount)).map {
                scratch.result(at: $0).row.rawValue
            }
            wanted += truth.count
            hits += Set(truth).intersection(found).count
        }
        return Double(hits) / Double(max(1, wanted))
    }

    /// All lists, for comparison.
    var lists: [[UInt32]] {
        (0..<rowCount).map { row in
            let list = neighbours(of: RowOrdinal(UInt32(row)))
            return list.indices.map { list[$0] }
        }
    }
}
