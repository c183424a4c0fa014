// The search that walks over fused blocks in memory.

import VarveFormat
import VarveGraph
import VarveKernels
import VarveQuantization

extension SegmentReader {
    /// What the walk's blocks mean; the segment must have them.
    func walkHeader() throws(SegmentError) -> WalkHeader {
        let section = try Self.smallSection(.walkHeader, of: container)
        return try decoding(in: container.name) { () throws(FormatError) in
            unsafe try WalkHeader(
                decoding: section.bytes.span.bytes, at: section.offset, of: description)
        }
    }

    /// The walk over the segment's blocks; nil if it has none or is not mapped.
    func walk() throws(SegmentError) -> ResidentWalk? {
        if let walk = openedWalk.load() { return walk }
        guard let walk = try ResidentWalk(of: self) else { return nil }
        return openedWalk.storeIfNil(walk)
    }

    /// Candidates a walk gives for `k` results: 8-bit vectors swap close neighbours, seldom far
    /// ones.
    public static func candidateCount(k: Int) -> Int { k + k / 2 + 5 }

    /// Walks over blocks and leaves the nearest rows, by exact distance, in `query.results`.
    ///
    /// Rows refused by `passes` cost a second walk for more candidates, where fewer than `k` are
    /// left.
    func searchBlocks(
        _ query: SegmentQuery, _ resident: ResidentWalk, effort: SearchEffort, k: Int,
        live: RowMask?, passes: (RowOrdinal) -> Bool, statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        let table = query.table(resident.codebook.rotation)
        var count = min(rowCount, Self.candidateCount(k: k))
        while true {
            try walk(query, resident, table, effort, k: k, count: count, live: live)
            let scratch = query.walkScratch
            statistics.expandedNodeCount += scratch.expandedCount
            statistics.codeDistanceCount += scratch.estimatedCount + scratch.measuredCount
            query.passingRanks.removeAll(keepingCapacity: true)
            for rank in 0..<scratch.resultCount where passes(scratch.row(rank)) {
                query.passingRanks.append(rank)
            }
            try rerank(
                query, resident, scratch, query.passingRanks, k: k, statistics: &statistics)
            let isEnough = query.rerank.count == scratch.resultCount || query.rerank.count >= k
            if isEnough || count == rowCount { return }
            count = min(rowCount, 4 * count)
        }
    }

    /// Ranks results of a walk by exact distance and leaves the nearest in `query.results`.
    ///
    /// All vectors are fetched at once: each would otherwise be waited for.
    func rerank(
        _ query: SegmentQuery, _ resident: ResidentWalk, _ scratch: WalkScratch,
        _ ranks: some Sequence<Int>, k: Int, statistics: inout SegmentSearchStatistics
    ) throws(SegmentError) {
        let room = query.rerank
        room.begin(capacity: scratch.resultCount)
        for rank in ranks { try append(scratch, rank, resident, to: room) }
        unsafe query.vector.exact.gather(
            query.vector.floats, rows: room.vectors, count: room.count, into: room.distances)
        statistics.exactDistanceCount += room.count
        // Whoever searched reads the ids of the results next, which lie far apart.
        let identifiers = unsafe try container.mappedBase(places.identifiers, verifying: 0..<0)
        // Taken out and put back, so that each row does not claim it anew.
        var results = NearestRows()
        swap(&results, &query.results)
        defer { swap(&results, &query.results) }
        results.reset(limit: k)
        for index in 0..<room.count {
            let distance = query.vector.distance(unsafe room.distances[index])
            guard !(distance > results.bound) else { continue }
            let row = unsafe RowOrdinal(room.rows[index])
            unsafe fetchIdentifier(of: row, in: identifiers)
            try results.insert(row, distance, precedes: idPrecedes)
        }
    }

    /// Has the id of a row, or where it lies, fetched from the section that begins at
    /// `identifiers`.
    func fetchIdentifier(of row: RowOrdinal, in identifiers: UnsafeRawPointer?) {
        guard let identifiers = unsafe identifiers else { return }
        // Safety: nothing is read; an address that is none is ignored.
        unsafe prefetch(identifiers + row.index * 8, byteCount: 8)
    }

    /// Has the vector of a walk's result fetched.
    func append(
        _ scratch: WalkScratch, _ rank: Int, _ resident: ResidentWalk, to room: RerankRoom
    ) throws(SegmentError) {
        let row = scratch.row(rank)
        // Where the codes are the vectors, those of the blocks have just been read.
        if schema.elementType == .uint8 {
            return unsafe room.append(row, resident.graph.codes(of: scratch.block(rank)))
        }
        let start = layout.offset(of: row)
        let range = start..<start + layout.vectorByteCount
        guard let base = unsafe try container.mappedBase(places.nodes, verifying: range)
        else { preconditionFailure("walks are over mapped segments") }
        unsafe room.append(row, base + start)
    }

    private func walk(
        _ query: SegmentQuery, _ resident: ResidentWalk, _ table: QueryTable,
        _ effort: SearchEffort, k: Int, count: Int, live: RowMask?
    ) throws(SegmentError) {
        var rule: WalkRule
        if effort.width > 0 {
            rule = WalkRule(resultCount: count, width: max(effort.width, k))
        } else {
            rule = WalkRule(resultCount: count, stopRank: min(k, count), slack: effort.gamma)
        }
        if effort.width > 0, effort.gamma >= 0 {
            rule.stopRank = min(k, count)
            rule.slack = effort.gamma
        }
        // Lifted distances of different segments cannot be compared as they are.
        rule.keepsFront =
            query.keepsFront && query.frontGeneration == query.vector.generation
            && schema.metric != .innerProduct
        query.frontGeneration = query.vector.generation
        rule.lead = min(4 + effort.width / 4, WalkRule.maximumLead)
        unsafe resident.graph.walk(
            query.vector.bytes, table: table.view, rule: rule, live: live?.words,
            scratch: query.walkScratch)
        withExtendedLifetime(live) {}
        if query.walkScratch.wasRefused { try throwDamage() }
    }

    /// Finds the damaged block of the walk that a walk came to.
    func throwDamage() throws(SegmentError) {
        if let failure = openedWalk.load()?.failure { throw failure }
        guard let place = places.walk else { return }
        let section = container.sections[place]
        for block in 0..<section.entry.blockCount where section.blocks.isDamaged(block) {
            let range = section.entry.blockRange(block)
            _ = unsafe try container.mappedBase(
                place, verifying: range.clamped(to: 0..<Int(section.entry.byteCount)))
        }
        throw container.error(
            .checksumMismatch, section: place, at: 0, "a block could not be verified")
    }
}
