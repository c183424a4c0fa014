// The order in which rows are written.

import Testing
import VarveGraph
import VarveKernels
import VarveStorage

@Suite("Row order")
struct RowOrderTests {
    static func order(
        _ vectors: ByteVectors, pageRowCount: Int = 8, threadCount: Int = 2
    ) -> RowOrder {
        RowOrder(
            clustering: vectors.table, rowCount: vectors.rowCount, pageRowCount: pageRowCount,
            seed: 3, runtime: SystemRuntime(), threadCount: threadCount)
    }

    @Test(arguments: [0, 1, 2, 255, 1_024, 1_025, 3_000, 66_000])
    func `every row has one place, and lists cover the places`(_ rowCount: Int) {
        let vectors = ByteVectors.clustered(rowCount: rowCount, dimension: 3, seed: 1)
        let order = Self.order(vectors)
        #expect(order.rows.sorted() == (0..<UInt32(rowCount)).map { $0 })
        #expect(order.listStarts.first == 0 && order.listStarts.last == UInt32(rowCount))
        #expect(zip(order.listStarts, order.listStarts.dropFirst()).allSatisfy { $0 < $1 })
        #expect(order.listCount == order.listStarts.count - 1)
        if rowCount <= RowOrder.unorderedRowCount {
            #expect(order == RowOrder(unchanged: rowCount))
        } else {
            #expect(order.listCount > rowCount / RowOrder.listRowCount(dimension: 3) / 2)
        }
        for (row, ordinal) in order.ordinals().enumerated() {
            #expect(order.rows[Int(ordinal)] == UInt32(row))
        }
    }

    @Test func `threads do not change the order`() {
        let vectors = ByteVectors.clustered(rowCount: 66_000, dimension: 2, seed: 2)
        let one = Self.order(vectors, threadCount: 1)
        #expect(Self.order(vectors, threadCount: 2) == one)
        #expect(Self.order(vectors, threadCount: 7) == one)
    }

    @Test(arguments: KernelTier.available)
    func `every tier finds the same order`(_ tier: KernelTier) {
        let vectors = ByteVectors.clustered(rowCount: 2_000, dimension: 20, seed: 5, tier: tier)
        let best = ByteVectors.clustered(rowCount: 2_000, dimension: 20, seed: 5)
        #expect(Self.order(vectors) == Self.order(best))
    }

    @Test func `equal rows all find a place`() {
        let vectors = ByteVectors(rowCount: 5_000, dimension: 2) { _, _ in 1 }
        let order = Self.order(vectors)
        #expect(order.listCount == 1)
        #expect(order.rows.sorted() == (0..<5_000).map { UInt32($0) })
    }

    @Test(arguments: [3_000])
    func `rows of a page are nearer to each other than rows side by side were`(_ count: Int) {
        let vectors = ByteVectors.clustered(rowCount: count, dimension: 8, seed: 4)
        func spread(_ rows: [UInt32]) -> Float {
            stride(from: 0, to: count - 8, by: 8).reduce(Float(0)) { sum, page in
                (1..<8).reduce(sum) {
                    $0 + vectors.table.distance(rows[page], rows[page + $1])
                }
            }
        }
        let before = spread((0..<UInt32(count)).map { $0 })
        #expect(spread(Self.order(vectors).rows) < before / 6)
    }

    @Test func `records are brought into order in place`() {
        let vectors = ByteVectors.clustered(rowCount: 4_000, dimension: 4, seed: 6)
        let order = Self.order(vectors)
        var records = (0..<12_000).map { UInt32($0) }
        unsafe records.withUnsafeMutableBytes { bytes in
            guard let base = bytes.baseAddress else { return }
            unsafe order.apply(toRecordsAt: base, stride: 12)
        }
        for (ordinal, row) in order.rows.enumerated() {
            #expect(records[3 * ordinal] == 3 * row && records[3 * ordinal + 2] == 3 * row + 2)
        }
        let texts = order.applied(to: (0..<4_000).map { "\($0)" })
        #expect(texts == order.rows.map { "\($0)" })
    }
}
