// The search that reads node pages: codes steer, every record of a page that is read is compared
// exactly.

import Synchronization
import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

extension SegmentReader {
    /// What searches by pages keep in memory, read when it is first asked for.
    func residentPages() throws(SegmentError) -> ResidentPages? {
        if let pages = loadedPages.load() { return pages }
        guard let pages = try ResidentPages(of: self) else { return nil }
        return loadedPages.storeIfNil(pages)
    }

    /// Rows whose codes are looked at to find where to begin: the more, the fewer pages are read.
    ///
    /// A page costs as much as the codes of a thousand rows.
    static func scanRowCount(rowCount: Int, width: Int) -> Int {
        min(max(2_048, width * (256 + min(rowCount / 2_048, 512))), 32_768)
    }

    /// The slack that a search by pages stops at where only a width is asked for.
    static func slack(width: Int) -> Float { Float(width) / widthPerSlack }
    private static var widthPerSlack: Float { 500 }

    /// How near a candidate must be to be worth a page, as the walk compares it, where the farthest
    /// result is `bound` away (infinitely where there are too few).
    static func pageLimit(
        _ bound: Float, slack: Float, _ query: SegmentQuery, liftNorm2: Float
    ) -> Float {
        guard bound < .infinity else { return .infinity }
        return (1 + slack) * max(query.vector.codeDistance(bound, liftNorm2: liftNorm2), 0)
    }

    /// Walks from page to page and leaves the nearest rows in `query.results`.
    ///
    /// A width alone also stops at a slack of its five-hundredth: candidates much farther than the
    /// results are not worth a read. In rounds: everything near enough whose page is here is
    /// expanded, then the pages of the nearest candidates are read together. The answer does not
    /// depend on how pages are reached.
    func searchPages(
        _ query: SegmentQuery, _ resident: ResidentPages, effort: SearchEffort, k: Int,
        passes: (RowOrdinal) -> Bool, statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        let search = query.pages
        let walk = search.walk
        let slack = effort.gamma >= 0 ? effort.gamma : Self.slack(width: effort.width)
        let width = effort.width > 0 ? max(effort.width, k) : max(1_000, 4 * k)
        let scanWidth = effort.width > 0 ? width : max(k, Int(min(slack, 4) * Self.widthPerSlack))
        let codes = unsafe search.codeQuery(
            resident.rotation, query.vector.floats, generation: query.vector.generation)
        search.releaseFrames()
        unsafe walk.begin(
            resident.space, row: query.vector.bytes.row, bytes: query.vector.bytes.codes,
            codes: codes,
            width: min(width, rowCount),
            scanRowCount: Self.scanRowCount(rowCount: rowCount, width: scanWidth))
        defer {
            statistics.expandedNodeCount += walk.expandedCount
            statistics.codeDistanceCount += walk.estimatedCount
        }
        while true {
            let limit = Self.pageLimit(
                query.results.bound, slack: slack, query, liftNorm2: description.liftNorm2)
            if let row = walk.expand(limit: limit) { try throwDamage(ofRecord: row) }
            let wanted = unsafe walk.wantedPages(
                limit: limit, most: min(max(4, width), PageSearch.roundReadLimit))
            if wanted.isEmpty { return }
            statistics.roundCount += 1
            unsafe try visit(wanted, query, resident, passes, &statistics)
        }
    }

    /// Reads pages and compares their records.
    private func visit(
        _ pages: UnsafeBufferPointer<UInt32>, _ query: SegmentQuery, _ resident: ResidentPages,
        _ passes: (RowOrdinal) -> Bool, _ statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        statistics.pageCount += pages.count * layout.unitsPerPage
        if isMapped {
            for index in pages.indices {
                let page = unsafe pages[index]
                let start = Int(page) * layout.pageByteCount
                guard
                    let base = unsafe try container.mappedBase(
                        places.nodes, verifying: start..<start + layout.pageByteCount)
                else { continue }
                unsafe try compare(page, base + start, query, passes, &statistics)
            }
            return
        }
        let search = query.pages
        try search.takeFrames(pages.count, byteCount: layout.pageByteCount)
        let offset = container.sections[places.nodes].entry.offset
        let byteCount = layout.pageByteCount
        unsafe try search.read(pages.count, of: container.pageFile, name: container.name) {
            unsafe (offset + UInt64(pages[$0]) * UInt64(byteCount), search.frames[$0])
        }
        for index in pages.indices {
            let page = unsafe pages[index]
            let bytes = unsafe UnsafeRawBufferPointer(search.frames[index])
            unsafe try verify(page, bytes, resident)
            guard let base = bytes.baseAddress else { continue }
            unsafe try compare(page, base, query, passes, &statistics)
        }
    }

    /// Compares a page that was read with its checksums.
    private func verify(
        _ page: UInt32, _ bytes: UnsafeRawBufferPointer, _ resident: ResidentPages
    ) throws(SegmentError) {
        let blockByteCount = layout.blockByteCount
        let perPage = layout.pageByteCount / blockByteCount
        for index in 0..<perPage {
            let block = Int(page) * perPage + index
            let part = unsafe UnsafeRawBufferPointer(
                rebasing: bytes[index * blockByteCount..<(index + 1) * blockByteCount])
            unsafe try container.verify(
                places.nodes, block, part, expecting: resident.checksums[block])
        }
    }

    /// Compares every record of a page with the query.
    private func compare(
        _ page: UInt32, _ base: UnsafeRawPointer, _ query: SegmentQuery,
        _ passes: (RowOrdinal) -> Bool, _ statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        let rows = layout.rows(ofPage: Int(page), rowCount: rowCount)
        unsafe query.vector.exact.scan(
            query.vector.floats, base: base, stride: layout.recordByteCount, count: rows.count,
            into: query.distances)
        statistics.exactDistanceCount += rows.count
        let distances = unsafe query.pages.distances
        for slot in 0..<rows.count {
            let distance = query.vector.distance(unsafe query.distances[slot])
            unsafe distances[slot] = query.vector.codeDistance(
                distance, liftNorm2: description.liftNorm2)
            guard distance <= query.results.bound else { continue }
            let row = RowOrdinal(UInt32(rows.lowerBound + slot))
            try offer(row, distance, to: query, passes)
        }
        unsafe query.pages.walk.arrived(page, bytes: base, distances: distances)
    }

    private func throwDamage(ofRecord row: RowOrdinal) throws(SegmentError) -> Never {
        throw container.error(
            .invalidValue, section: places.nodes,
            at: layout.offset(of: row) + layout.degreeOffset,
            "row \(row.rawValue) has more neighbours than allowed, or one that does not exist")
    }
}
