// Searching row by row: exact, by codes, and within a radius.

public import VarveFormat
internal import VarveGraph
internal import VarveKernels

extension MemtableView {
    /// The `k` nearest visible rows, every one compared exactly; nearest first, ties in the order
    /// of ids.
    ///
    /// `isLive` is asked only about rows near enough to be results; rows it refuses are left out.
    public func searchExactly(
        _ query: MemtableQuery, k: Int, statistics: inout MemtableSearchStatistics,
        isLive: (RowOrdinal) -> Bool
    ) -> [RowHit] {
        query.results.reset(limit: k)
        scanExactly(query, 0..<rowCount, &statistics, isLive)
        return query.results.takeSorted(precedes: idPrecedes)
    }

    /// The nearest visible rows that are at most `distance` away, `limit` at most; nearest first,
    /// ties in the order of ids.
    ///
    /// Compares every row. `isLive` is asked only about rows that near; rows it refuses are left
    /// out.
    public func search(
        _ query: MemtableQuery, within distance: Float, limit: Int,
        statistics: inout MemtableSearchStatistics, isLive: (RowOrdinal) -> Bool
    ) -> [RowHit] {
        query.results.reset(limit: limit, maximumDistance: distance)
        scanExactly(query, 0..<rowCount, &statistics, isLive)
        return query.results.takeSorted(precedes: idPrecedes)
    }

    /// The exact distances to `rows`, which are rows of the view, visible or not, in the order
    /// given.
    public func distances(
        _ query: MemtableQuery, to rows: [RowOrdinal],
        statistics: inout MemtableSearchStatistics
    ) -> [Float] {
        var distances: [Float] = []
        distances.reserveCapacity(rows.count)
        var start = 0
        while start < rows.count {
            let end = min(start + MemtableQuery.chunkRowCount, rows.count)
            for index in start..<end {
                precondition(rows[index].index < rowCount, "a row of the view")
                unsafe query.chunkRows[index - start] = rows[index].rawValue
            }
            gatherExactly(query, end - start, &statistics)
            for index in start..<end {
                distances.append(query.vector.distance(unsafe query.chunkDistances[index - start]))
            }
            start = end
        }
        return distances
    }

    /// Compares visible rows in `range` exactly and keeps the nearest in the query's results.
    func scanExactly(
        _ query: MemtableQuery, _ range: Range<Int>,
        _ statistics: inout MemtableSearchStatistics, _ isLive: (RowOrdinal) -> Bool
    ) {
        var next = range.lowerBound
        while next < range.upperBound {
            let count = fillChunk(query, &next, range.upperBound)
            gatherExactly(query, count, &statistics)
            keepNearest(query, count, isLive)
        }
    }

    /// Compares the codes of visible rows in `range` and keeps the nearest in the query's
    /// candidates.
    func scanCodes(
        _ query: MemtableQuery, _ range: Range<Int>,
        _ statistics: inout MemtableSearchStatistics, _ isLive: (RowOrdinal) -> Bool
    ) {
        let table = memtable.rows.byteVectors(memtable.schema)
        var next = range.lowerBound
        while next < range.upperBound {
            let count = fillChunk(query, &next, range.upperBound)
            unsafe table.distances(
                from: query.vector.bytes, to: query.chunkRows, count: count,
                into: query.chunkDistances)
            statistics.byteDistanceCount += count
            for index in 0..<count {
                let distance = unsafe query.chunkDistances[index]
                let row = unsafe query.chunkRows[index]
                guard distance <= query.candidates.bound, isLive(RowOrdinal(row)) else {
                    continue
                }
                query.candidates.insert(
                    RowOrdinal(row), distance, precedes: idPrecedes)
            }
        }
    }

    /// Compares `query.rerankRows` exactly and keeps the nearest in the query's results.
    func rerank(_ query: MemtableQuery, _ statistics: inout MemtableSearchStatistics) {
        var start = 0
        while start < query.rerankRows.count {
            let end = min(start + MemtableQuery.chunkRowCount, query.rerankRows.count)
            for index in start..<end {
                unsafe query.chunkRows[index - start] = query.rerankRows[index]
            }
            gatherExactly(query, end - start, &statistics)
            keepNearest(query, end - start) { _ in true }
            start = end
        }
    }

    /// Puts the next visible rows into the query's chunk and says how many.
    private func fillChunk(_ query: MemtableQuery, _ next: inout Int, _ end: Int) -> Int {
        var count = 0
        while count < MemtableQuery.chunkRowCount, next < end {
            if memtable.rows.isVisible(next, operationCount: operationCount) {
                unsafe query.chunkRows[count] = UInt32(next)
                count += 1
            }
            next += 1
        }
        return count
    }

    /// Reduces the query with the first `count` rows of its chunk.
    private func gatherExactly(
        _ query: MemtableQuery, _ count: Int, _ statistics: inout MemtableSearchStatistics
    ) {
        precondition(query.schema == memtable.schema, "a query of another schema")
        // Safety: the chunk holds rows of the view only, all of which have their vectors.
        unsafe query.vector.exact.gather(
            query.vector.floats, base: memtable.rows.vectors,
            stride: memtable.capacity.vectorStride,
            ids: query.chunkRows, count: count, into: query.chunkDistances)
        statistics.exactDistanceCount += count
    }

    private func keepNearest(
        _ query: MemtableQuery, _ count: Int, _ isLive: (RowOrdinal) -> Bool
    ) {
        for index in 0..<count {
            let distance = query.vector.distance(unsafe query.chunkDistances[index])
            let row = unsafe query.chunkRows[index]
            guard !(distance > query.results.bound), isLive(RowOrdinal(row)) else { continue }
            query.results.insert(RowOrdinal(row), distance, precedes: idPrecedes)
        }
    }
}
