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

    /// Whether this segment may be searched by pages together with others: it is not walked in
    /// memory, and has codes.
    public func canJoinPages() throws(SegmentError) -> Bool {
        if try walk() != nil { return false }
        return try residentPages() != nil
    }

    /// Where a node page stands in the file.
    func fileOffset(ofPage page: UInt32) -> UInt64 {
        container.sections[places.nodes].entry.offset + UInt64(page) * UInt64(layout.pageByteCount)
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

    /// The nearest rows by a walk from page to page.
    func searchPages(
        _ query: SegmentQuery, effort: SearchEffort, k: Int, passes: (RowOrdinal) -> Bool,
        statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) -> [RowHit] {
        query.beginPages(k: k)
        try addPages(to: query, slot: 0, effort: effort, k: k)
        try query.walkPages(statistics: &statistics) { (_, row) in passes(row) }
        return try query.takePages(slot: 0)
    }

    /// Adds a walk over this segment's pages, in place `slot`, to those that
    /// ``SegmentQuery/walkPages(statistics:passes:)`` has walk towards `k` rows.
    ///
    /// The segment must be one that ``canJoinPages()``. Rows of `deleted` count as an effort that
    /// is spent in vain; they are not left out.
    public func joinPages(
        _ query: SegmentQuery, slot: Int, effort: SearchEffort, k: Int, deleted: DeletedRows?
    ) throws(SegmentError) {
        let live = rowCount - (deleted?.count ?? 0)
        try addPages(
            to: query, slot: slot,
            effort: effort.widened(share: Double(live) / Double(rowCount)), k: k)
    }

    /// A width alone also stops at a slack of its five-hundredth: candidates much farther than the
    /// results are not worth a read.
    private func addPages(
        to query: SegmentQuery, slot: Int, effort: SearchEffort, k: Int
    ) throws(SegmentError) {
        guard let resident = try residentPages() else {
            preconditionFailure("a segment that has codes")
        }
        let slack = effort.gamma >= 0 ? effort.gamma : Self.slack(width: effort.width)
        let width = effort.width > 0 ? max(effort.width, k) : max(1_000, 4 * k)
        let scanWidth = effort.width > 0 ? width : max(k, Int(min(slack, 4) * Self.widthPerSlack))
        query.pages.slot(slot).begin(
            self, resident, query, k: k, slack: slack, width: min(width, rowCount),
            scanRowCount: Self.scanRowCount(rowCount: rowCount, width: scanWidth))
        query.pages.roundPageLimit = max(
            query.pages.roundPageLimit, min(max(4, width), PageSearch.roundReadLimit))
    }

    /// Expands what is near enough and whose page is here.
    func expandPages(_ query: SegmentQuery, _ place: PageSlot) throws(SegmentError) {
        place.bind(query.nearest.bound, query)
        if let row = place.walk.expand(limit: place.limit) { try throwDamage(ofRecord: row) }
    }

    /// Compares the pages of a round, which have been read.
    func comparePages(
        _ query: SegmentQuery, _ place: PageSlot, passes: (RowOrdinal) -> Bool,
        statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        guard let resident = place.resident else { return }
        try query.pages.checkLengths(place)
        statistics.pageCount += place.round.count * layout.unitsPerPage
        for index in place.round {
            let page = query.pages.round[index]
            if isMapped {
                let start = Int(page) * layout.pageByteCount
                guard
                    let base = unsafe try container.mappedBase(
                        places.nodes, verifying: start..<start + layout.pageByteCount)
                else { continue }
                unsafe try compare(page, base + start, place, query, passes, &statistics)
            } else {
                let bytes = unsafe UnsafeRawBufferPointer(query.pages.frames[index])
                unsafe try verify(page, bytes, resident)
                guard let base = bytes.baseAddress else { continue }
                unsafe try compare(page, base, place, query, passes, &statistics)
            }
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
        _ page: UInt32, _ base: UnsafeRawPointer, _ place: PageSlot, _ query: SegmentQuery,
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
            guard distance <= query.nearest.bound else { continue }
            let row = RowOrdinal(UInt32(rows.lowerBound + slot))
            guard passes(row) else { continue }
            query.nearest.insert(distance, slot: NearestAcross.elsewhere)
            try place.results.insert(row, distance, precedes: idPrecedes)
        }
        unsafe place.walk.arrived(page, bytes: base, distances: distances)
    }

    private func throwDamage(ofRecord row: RowOrdinal) throws(SegmentError) -> Never {
        throw container.error(
            .invalidValue, section: places.nodes,
            at: layout.offset(of: row) + layout.degreeOffset,
            "row \(row.rawValue) has more neighbours than allowed, or one that does not exist")
    }
}
