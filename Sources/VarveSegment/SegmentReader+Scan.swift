// Exact answers: every row compared.

public import VarveFormat
import VarveKernels

extension SegmentReader {
    /// The distance of a row from the query, from the stored vector.
    public func exactDistance(
        _ ordinal: RowOrdinal, from query: SegmentQuery
    ) throws(SegmentError) -> Float {
        precondition(query.schema == schema)
        return unsafe try withVector(ordinal) { (bytes) throws(SegmentError) in
            guard let base = bytes.baseAddress else { return .infinity }
            return unsafe query.distance(query.exact(query.floats, base))
        }
    }

    /// The `k` nearest rows of all, or of `allowed`; nearest first, exact ties in the order of ids.
    ///
    /// Reads the node pages in the order of the file. Rows of `deleted` are left out, and so are
    /// those `isLive` refuses, which is asked only about rows near enough to be results.
    ///
    /// - Complexity: One distance a row.
    public func searchExactly(
        _ query: SegmentQuery, k: Int, deleted: RowSet? = nil, allowed: RowSet? = nil,
        statistics: inout SegmentSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) -> [SegmentHit] {
        precondition(query.schema == schema && k >= 0)
        query.results.reset(limit: k)
        statistics.scanCount += 1
        if let allowed, allowed.count < rowCount / 4 {
            for row in allowed.ordinals where row < UInt32(rowCount) {
                let ordinal = RowOrdinal(row)
                let hit = SegmentHit(
                    row: ordinal, distance: try exactDistance(ordinal, from: query))
                statistics.exactDistanceCount += 1
                try offer(hit, to: query) { deleted?.contains($0) != true && isLive($0) }
            }
            return try query.results.takeSorted(self)
        }
        var first = 0
        while first < rowCount {
            let count = min(layout.recordsPerPage, rowCount - first)
            let start = first / layout.recordsPerPage * layout.pageByteCount
            unsafe try container.withBytes(
                places.nodes, start..<start + count * layout.recordByteCount
            ) { (bytes) throws(SegmentError) in
                guard let base = bytes.baseAddress else { return }
                unsafe query.exact.scan(
                    query.floats, base: base, stride: layout.recordByteCount, count: count,
                    into: query.distances)
            }
            statistics.exactDistanceCount += count
            for slot in 0..<count {
                let row = RowOrdinal(UInt32(first + slot))
                let hit = SegmentHit(
                    row: row, distance: query.distance(unsafe query.distances[slot]))
                guard hit.distance <= query.results.bound, allowed?.contains(row) ?? true else {
                    continue
                }
                try offer(hit, to: query) { deleted?.contains($0) != true && isLive($0) }
            }
            first += count
        }
        return try query.results.takeSorted(self)
    }

    /// Takes a row into the results of `query` if it is near enough and passes.
    func offer(
        _ hit: SegmentHit, to query: SegmentQuery, _ passes: (RowOrdinal) -> Bool
    ) throws(SegmentError) {
        guard hit.distance <= query.results.bound, passes(hit.row) else { return }
        try query.results.insert(hit, self)
    }
}
