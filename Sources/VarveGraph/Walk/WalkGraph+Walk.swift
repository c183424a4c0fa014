// One walk: from the nearest seed to the nearest rows.

internal import CKernels
public import VarveKernels

extension WalkGraph {
    /// Walks towards `query` and leaves the nearest rows found in `scratch`, nearest first, ties by
    /// lower row.
    ///
    /// `table` is that of the same query (normalised and with its lift, as the rows were) under the
    /// graph's codebook. Distances in the results are squared L2 of 8-bit vectors: rerank on exact
    /// ones. Where `live` is given it has a bit for each row, lowest first in words of 64; rows
    /// without it are walked through but are no results. The results are the same on every tier and
    /// machine. Nothing is allocated once `scratch` has grown.
    public func walk(
        _ query: borrowing ByteVector, table: CodeTable, rule: WalkRule,
        live: UnsafePointer<UInt64>? = nil, scratch: WalkScratch
    ) {
        unsafe walk(
            query, table: table, rule: rule, live: live, known: .init(start: nil, count: 0),
            scratch: scratch, tier: .best)
    }

    /// The same where rows at the distances `known` (at most `rule.resultCount`) have been found
    /// elsewhere, for a walk that is taken up again: they take places among the results, as
    /// ``WalkScratch/isForeign`` tells.
    package func walk(
        _ query: borrowing ByteVector, table: CodeTable, rule: WalkRule,
        live: UnsafePointer<UInt64>?, known: UnsafeBufferPointer<Float>, scratch: WalkScratch
    ) {
        unsafe walk(
            query, table: table, rule: rule, live: live, known: known, scratch: scratch,
            tier: .best)
    }

    package func walk(
        _ query: borrowing ByteVector, table: CodeTable, rule: WalkRule,
        live: UnsafePointer<UInt64>?, known: UnsafeBufferPointer<Float>, scratch: WalkScratch,
        tier: KernelTier
    ) {
        precondition(query.dimension == layout.dimension)
        precondition(rule.resultCount >= 1 && rule.stopRank >= 1)
        precondition(rule.stopRank <= rule.resultCount && rule.expansionCap >= 0)
        precondition(rule.slack != nil || rule.width != nil, "a walk without a rule never stops")
        precondition((rule.slack ?? 0) >= 0 && (rule.width ?? 1) >= 1)
        precondition((rule.tailSlack ?? 0) >= 0 && known.count <= rule.resultCount)
        precondition(rule.phase != .whole || known.isEmpty, "only walks in parts know of others")
        precondition((0...WalkRule.maximumSeedGroupCount).contains(rule.seedGroupCount))
        precondition(rule.lead >= 1 && rule.lead <= vk_walk_lead_limit)
        guard let kernel = unsafe vk_walk_for(vk_tier(tier.rawValue)) else {
            preconditionFailure("this machine has no \(tier)")
        }
        scratch.prepare(rowCount: rowCount, seedCount: seedCount + seedGroupCount, rule: rule)
        var graph = unsafe cGraph
        var cQuery = unsafe vk_walk_query(
            row: query.row.cRow, codes: query.codes, table: table.entries, step: table.step)
        var cRule = unsafe vk_walk_rule(
            result_count: UInt32(rule.resultCount), stop_rank: UInt32(rule.stopRank),
            gamma: rule.slack ?? -1, width: UInt32(rule.width ?? 0), tail: rule.tailSlack ?? -1,
            expansion_cap: UInt32(clamping: rule.expansionCap), live: live,
            excluded: rule.excluded?.rawValue ?? .max, known: known.baseAddress,
            known_count: UInt32(known.count), phase: vk_walk_phase(rule.phase.rawValue),
            lead: UInt32(rule.lead),
            seed_group_count: UInt32(rule.seedGroupCount),
            keeps_front: rule.keepsFront)
        if rule.phase != .resume {
            unsafe vk_walk_measure_seeds(
                tier.kernels, &graph, &cQuery, &cRule, &scratch.memory)
        }
        unsafe kernel(&graph, &cQuery, &cRule, &scratch.memory)
        withExtendedLifetime(self) {}
    }
}
