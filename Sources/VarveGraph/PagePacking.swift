// Which rows of a list share a page.

internal import VarveKernels

/// Fills the pages of a list with rows near each other.
struct PagePacking: Sendable {
    let table: ByteVectorTable
    let pageRowCount: Int
    /// Rows compared with each other at most; longer lists are packed in pieces.
    private static let pieceRowCount = 512

    /// The rows of a list whose first row gets the ordinal `first`, in the order of their pages.
    ///
    /// A page begins with the row farthest from `leader` and goes on with the row whose distances
    /// to those it has sum up to the least; of equals the first. The first page is what the list
    /// before has left of its last one.
    func packed(_ rows: [UInt32], leader: UInt32, from first: Int) -> [UInt32] {
        guard pageRowCount > 1, rows.count > 2 else { return rows }
        var result: [UInt32] = []
        result.reserveCapacity(rows.count)
        for start in stride(from: 0, to: rows.count, by: Self.pieceRowCount) {
            pack(
                Array(rows[start..<min(rows.count, start + Self.pieceRowCount)]), leader: leader,
                from: first + start, into: &result)
        }
        return result
    }

    private func pack(
        _ rows: [UInt32], leader: UInt32, from first: Int, into result: inout [UInt32]
    ) {
        var left = rows
        var ranks = distances(from: leader, to: left)
        var sums = [Float](repeating: 0, count: left.count)
        var place = first
        var chosen = Self.farthest(ranks)
        while true {
            let row = left[chosen]
            result.append(row)
            place += 1
            // The last row takes the place of the chosen one.
            let last = left.count - 1
            left[chosen] = left[last]
            ranks[chosen] = ranks[last]
            sums[chosen] = sums[last]
            left.removeLast()
            ranks.removeLast()
            sums.removeLast()
            if left.isEmpty { return }
            if place % pageRowCount == 0 {
                for index in sums.indices { sums[index] = 0 }
                chosen = Self.farthest(ranks)
                continue
            }
            let found = distances(from: row, to: left)
            chosen = 0
            for index in left.indices {
                sums[index] += found[index]
                if sums[index] < sums[chosen] { chosen = index }
            }
        }
    }

    private func distances(from row: UInt32, to rows: [UInt32]) -> [Float] {
        guard !rows.isEmpty else { return [] }
        return unsafe [Float](unsafeUninitializedCapacity: rows.count) { buffer, count in
            guard let base = buffer.baseAddress else { return }
            unsafe rows.withUnsafeBufferPointer { list in
                guard let list = list.baseAddress else { return }
                unsafe table.distances(fromRow: row, to: list, count: rows.count, into: base)
            }
            count = rows.count
        }
    }

    private static func farthest(_ distances: [Float]) -> Int {
        var place = 0
        for index in distances.indices where distances[index] > distances[place] { place = index }
        return place
    }
}
