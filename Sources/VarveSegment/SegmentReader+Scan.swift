// Exact answers: every row compared.

public import VarveFormat
import VarveGraph
import VarveKernels

extension SegmentReader {
    /// The distance of a row from the query, from the stored vector.
    public func exactDistance(
        _ ordinal: RowOrdinal, from query: SegmentQuery
    ) throws(SegmentError) -> Float {
        precondition(query.schema == schema)
        return unsafe try withVector(ordinal) { (bytes) throws(SegmentError) in
            guard let base = bytes.baseAddress else { return .infinity }
            return unsafe query.vector.distance(query.vector.exact(query.vector.floats, base))
        }
    }

    /// The `k` nearest rows of all, or of `allowed`; nearest first, exact ties in the order of ids.
    ///
    /// Reads the node pages in the order of the file. Rows of `deleted` are left out, and so are
    /// those `isLive` refuses, which is asked only about rows near enough to be results.
    ///
    /// - Complexity: One distance a row.
    public func searchExactly(
        _ query: SegmentQuery, k: Int, deleted: DeletedRows? = nil, allowed: RowSet? = nil,
        statistics: inout SegmentSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) throws(SegmentError) -> [RowHit] {
        precondition(query.schema == schema && k >= 0)
        query.results.reset(limit: k)
        statistics.scanCount += 1
        if let allowed, allowed.count < rowCount / 4 {
            for row in allowed.ordinals where row < UInt32(rowCount) {
                let ordinal = RowOrdinal(row)
                let distance = try exactDistance(ordinal, from: query)
                statistics.exactDistanceCount += 1
                try offer(ordinal, distance, to: query) {
                    deleted?.contains($0) != true && isLive($0)
                }
            }
            return try query.results.takeSorted(precedes: idPrecedes)
        }
        var first = 0
        while first < rowCount {
            let count = min(layout.recordsPerPage, rowCount - first)
            let start = first / layout.recordsPerPage * layout.pageByteCount
            unsafe try container.withBytes(
                places.nodes, start..<start + count * layout.recordByteCount
            ) { (bytes) throws(SegmentError) in
                guard let base = bytes.baseAddress else { return }
                unsafe query.vector.exact.scan(
                    query.vector.floats, base: base, stride: layout.recordByteCount, count: count,
                    into: query.distances)
            }
            statistics.exactDistanceCount += count
            for slot in 0..<count {
                let row = RowOrdinal(UInt32(first + slot))
                let distance = query.vector.distance(unsafe query.distances[slot])
                guard distance <= query.results.bound, allowed?.contains(row) ?? true else {
                    continue
                }
                try offer(row, distance, to: query) { deleted?.contains($0) != true && isLive($0) }
            }
            first += count
        }
        return try query.results.takeSorted(precedes: idPrecedes)
    }

    /// Takes a row into the results of `query` if it is near enough and passes.
    func offer(
        _ row: RowOrdinal, _ distance: Float, to query: SegmentQuery,
        _ passes: (RowOrdinal) -> Bool
    ) throws(SegmentError) {
        guard distance <= query.results.bound, passes(row) else { return }
        try query.results.insert(row, distance, precedes: idPrecedes)
    }

    /// Whether the id of row `a` orders before that of row `b`.
    func idPrecedes(_ a: RowOrdinal, _ b: RowOrdinal) throws(SegmentError) -> Bool {
        try id(of: a) < id(of: b)
    }
}
