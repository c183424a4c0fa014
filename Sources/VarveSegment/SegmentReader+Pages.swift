// The search that reads node pages: codes steer, every record of a page that is read is compared
// exactly.

import Synchronization
import VarveFormat
import VarveKernels
import VarveQuantization

extension SegmentReader {
    /// Groups of codes that are looked at to find where to begin.
    private static var seedGroupCount: Int { 256 }
    /// Candidates a search begins with.
    private static var seedCount: Int { 16 }

    /// The codes of the rows, read when they are first asked for.
    func rowCodes() throws(SegmentError) -> ResidentCodes? {
        if let codes = loadedCodes.load() { return codes }
        guard let codes = try ResidentCodes(of: self) else { return nil }
        return loadedCodes.storeIfNil(codes)
    }

    /// Walks from page to page and leaves the nearest rows in `query.results`.
    ///
    /// One page is read at a time: the one of the candidate nearest by its code, or by its exact
    /// distance where its page has been read for another row.
    func searchPages(
        _ query: SegmentQuery, _ resident: ResidentCodes, effort: SearchEffort, k: Int,
        passes: (RowOrdinal) -> Bool, statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        let search = query.pages
        let table = query.table(resident.rotation)
        let width = effort.width > 0 ? max(effort.width, k) : max(1_000, 4 * k)
        search.begin(rowCount: rowCount, capacity: width)
        defer { search.end() }
        openSeeds(search, resident.codes, table, &statistics)
        while let candidate = search.takeNearest() {
            if effort.gamma >= 0, query.results.isFull {
                let bound = query.codeDistance(
                    query.results.bound, liftNorm2: description.liftNorm2)
                if candidate.distance > (1 + effort.gamma) * max(bound, 0) { break }
            }
            statistics.expandedNodeCount += 1
            try visitPage(of: candidate.row, query, passes, &statistics)
            let record = layout.offset(of: RowOrdinal(candidate.row))
            let list = unsafe try withNodes(
                record..<record + layout.recordByteCount, search
            ) { (bytes) throws(SegmentError) in
                unsafe try neighbors(of: RowOrdinal(candidate.row), inRecord: bytes)
            }
            for neighbor in list where search.mark(neighbor.rawValue) {
                search.insert(
                    neighbor.rawValue, resident.codes.estimate(neighbor.index, table))
                statistics.codeDistanceCount += 1
            }
        }
    }

    /// Calls `body` with bytes of the node pages; a block that has been read stays until the search
    /// ends.
    private func withNodes<R>(
        _ range: Range<Int>, _ search: PageSearch,
        _ body: (UnsafeRawBufferPointer) throws(SegmentError) -> R
    ) throws(SegmentError) -> R {
        let shift = container.sections[places.nodes].entry.blockByteCount.trailingZeroBitCount
        let number = range.lowerBound >> shift
        guard !isMapped, (range.upperBound - 1) >> shift == number else {
            return unsafe try container.withBytes(places.nodes, range, body)
        }
        let block: CachedBlock
        if let found = search.blocks[number] {
            block = found
        } else {
            block = try container.cachedBlock(places.nodes, number)
            search.blocks[number] = block
        }
        defer { withExtendedLifetime(block) {} }
        let start = range.lowerBound - number << shift
        // Safety: the block holds all of the range and lives until the end of the call.
        return unsafe try body(
            UnsafeRawBufferPointer(rebasing: block.bytes[start..<start + range.count]))
    }

    /// Opens the entry points and the nearest of a sample of rows spread over the segment.
    private func openSeeds(
        _ search: PageSearch, _ codes: RowCodes, _ table: QueryTable,
        _ statistics: inout SegmentSearchStatistics
    ) {
        let groupCount = RowCodes.groupCount(rowCount: rowCount)
        let sampled = min(groupCount, Self.seedGroupCount)
        let lanes = RowCodes.groupRowCount
        var nearest: [(distance: Float, row: UInt32)] = []
        unsafe withUnsafeTemporaryAllocation(of: Float.self, capacity: lanes) { distances in
            guard let base = distances.baseAddress else { return }
            for sample in 0..<sampled {
                let group = sample * groupCount / sampled
                unsafe codes.scan(group..<group + 1, table, into: base)
                for lane in 0..<min(lanes, rowCount - group * lanes) {
                    nearest.append((unsafe base[lane], UInt32(group * lanes + lane)))
                }
            }
        }
        statistics.codeDistanceCount += nearest.count
        nearest.sort { $0 < $1 }
        for seed in nearest.prefix(Self.seedCount) where search.mark(seed.row) {
            search.insert(seed.row, seed.distance)
        }
        for entry in entryPoints.ordinals.prefix(Self.seedCount)
        where search.mark(entry.rawValue) {
            search.insert(entry.rawValue, codes.estimate(entry.index, table))
        }
    }

    /// Compares every record of the page that `row` stands on, once.
    private func visitPage(
        of row: UInt32, _ query: SegmentQuery, _ passes: (RowOrdinal) -> Bool,
        _ statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        let mates = layout.pageMates(of: RowOrdinal(row), rowCount: rowCount)
        guard query.pages.markFetched(Int(mates.lowerBound)) else { return }
        statistics.pageCount += layout.pagesPerRecord
        let start = layout.offset(of: RowOrdinal(mates.lowerBound))
        unsafe try withNodes(
            start..<start + mates.count * layout.recordByteCount, query.pages
        ) { (bytes) throws(SegmentError) in
            guard let base = bytes.baseAddress else { return }
            unsafe query.exact.scan(
                query.floats, base: base, stride: layout.recordByteCount, count: mates.count,
                into: query.distances)
        }
        statistics.exactDistanceCount += mates.count
        for mate in mates {
            let distance = query.distance(unsafe query.distances[Int(mate - mates.lowerBound)])
            try offer(
                SegmentHit(row: RowOrdinal(mate), distance: distance), to: query, passes)
            if query.pages.mark(mate) {
                query.pages.insert(
                    mate, query.codeDistance(distance, liftNorm2: description.liftNorm2))
            }
        }
    }
}
