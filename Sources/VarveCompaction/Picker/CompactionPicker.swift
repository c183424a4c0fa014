// Which segments to merge next: a pure function of what there is.

/// The rules by which segments are chosen for merging.
///
/// *Size-tiered with one large graph at the bottom.* Segments of about the same size are merged
/// once ``tierCount`` of them have come together, so that a row is rewritten about as often as the
/// logarithm of all rows over those of a flush; whatever the sizes, a store has about
/// ``segmentLimit`` segments, because a search looks through each.
public struct CompactionPicker: Hashable, Sendable {
    /// Segments of about the same size that are merged.
    public var tierCount = 4
    /// How much larger than the mean of the smaller ones a segment of a tier may be.
    public var tierSpread = 3.0
    /// Segments above which the smallest are merged, whatever their sizes.
    public var segmentLimit = 8
    /// The share of dead rows from which on a segment is rewritten.
    public var deadShareLimit = 0.2
    /// Bytes that all tombstones together may take in memory.
    public var tombstoneByteLimit: UInt64 = 8 << 20
    /// Bytes of disk a merge may take besides what there is; nil for all that is free.
    public var spaceLimitByteCount: UInt64?
    /// The most rows a segment may have.
    public var rowLimit = Int(Int32.max) - 1

    /// The defaults.
    public init() {}

    /// What to merge next; nil if nothing is due, or there is no room for it.
    ///
    /// - Parameters:
    ///   - segments: In the order in which the version names them, oldest first.
    ///   - freeByteCount: Bytes free on the disk that a merge may take.
    public func pick(_ segments: [SegmentFacts], freeByteCount: UInt64) -> CompactionPlan? {
        let room = min(freeByteCount, spaceLimitByteCount ?? .max)
        let dead = segments.filter { $0.liveRowCount == 0 }
        if !dead.isEmpty { return CompactionPlan(merging: dead, reason: .dead) }
        for candidate in candidates(segments) where candidate.plan.outputByteCount <= room {
            if candidate.rowCount <= rowLimit { return candidate.plan }
        }
        return nil
    }

    /// Everything at once: one plan that leaves one segment without dead rows; nil if that is so.
    ///
    /// Where there is no room for that, the largest set of smaller segments that there is room for.
    public func everything(
        _ segments: [SegmentFacts], freeByteCount: UInt64
    ) -> CompactionPlan? {
        guard segments.count > 1 || segments.contains(where: { $0.deadShare > 0 }) else {
            return nil
        }
        let room = min(freeByteCount, spaceLimitByteCount ?? .max)
        var chosen = ascending(segments)
        while let largest = chosen.last {
            let plan = self.plan(chosen, of: segments, .demand)
            let rowCount = chosen.reduce(0) { $0 + $1.liveRowCount }
            let isUseful = chosen.count > 1 || chosen.contains { $0.deadShare > 0 }
            if plan.outputByteCount <= room, rowCount <= rowLimit, isUseful { return plan }
            chosen.removeAll { $0.id == largest.id }
        }
        return nil
    }

    private typealias Candidate = (plan: CompactionPlan, rowCount: Int)

    /// What is due, the most urgent first; of each kind the one wanted, then cheaper ones in case
    /// there is no room for it.
    private func candidates(_ segments: [SegmentFacts]) -> [Candidate] {
        let sorted = ascending(segments)
        var found: [[SegmentFacts]] = []
        var reasons: [CompactionPlan.Reason] = []
        func add(_ chosen: [SegmentFacts], _ reason: CompactionPlan.Reason) {
            found.append(chosen)
            reasons.append(reason)
        }
        for segment in sorted.reversed() where segment.deadShare >= deadShareLimit {
            // Smaller ones are taken in on the way while that hardly costs more.
            let smaller = sorted.prefix { $0.id != segment.id }
            let rows = smaller.reduce(0) { $0 + $1.liveRowCount }
            if rows > 0, rows <= segment.liveRowCount / 2 { add(smaller + [segment], .tombstones) }
            add([segment], .tombstones)
        }
        if segments.reduce(0, { $0 + $1.tombstoneByteCount }) > tombstoneByteLimit,
            let worst = sorted.max(by: { $0.tombstoneByteCount < $1.tombstoneByteCount })
        {
            add([worst], .tombstones)
        }
        for start in sorted.indices {
            let tier = tier(sorted[start...])
            if tier.count >= tierCount { add(tier, .tier) }
        }
        if segments.count > segmentLimit {
            add(run(sorted), .count)
            add(Array(sorted.prefix(segments.count - segmentLimit + 1)), .count)
            add(Array(sorted.prefix(2)), .count)
        }
        return zip(found, reasons).map { chosen, reason in
            (plan(chosen, of: segments, reason), chosen.reduce(0) { $0 + $1.liveRowCount })
        }
    }

    /// The longest beginning of `sorted` whose segments are about as large as each other.
    private func tier(_ sorted: ArraySlice<SegmentFacts>) -> [SegmentFacts] {
        var chosen: [SegmentFacts] = []
        var rows = 0
        for segment in sorted {
            let mean = Double(rows) / Double(max(1, chosen.count))
            guard chosen.isEmpty || Double(segment.liveRowCount) <= tierSpread * mean else { break }
            chosen.append(segment)
            rows += segment.liveRowCount
        }
        return chosen
    }

    /// The smallest segments and, one after the other, those not larger than all before together.
    private func run(_ sorted: [SegmentFacts]) -> [SegmentFacts] {
        var chosen = Array(sorted.prefix(2))
        for segment in sorted.dropFirst(2) {
            let rows = chosen.reduce(0) { $0 + $1.liveRowCount }
            guard segment.liveRowCount <= rows else { break }
            chosen.append(segment)
        }
        return chosen
    }

    /// By live rows, equals by number.
    private func ascending(_ segments: [SegmentFacts]) -> [SegmentFacts] {
        segments.sorted { ($0.liveRowCount, $0.id) < ($1.liveRowCount, $1.id) }
    }

    private func plan(
        _ chosen: [SegmentFacts], of segments: [SegmentFacts], _ reason: CompactionPlan.Reason
    ) -> CompactionPlan {
        let ids = Set(chosen.map(\.id))
        return CompactionPlan(merging: segments.filter { ids.contains($0.id) }, reason: reason)
    }
}
