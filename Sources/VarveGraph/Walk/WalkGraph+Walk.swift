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
            query, table: table, rule: rule, live: live, scratch: scratch, tier: .best)
    }

    package func walk(
        _ query: borrowing ByteVector, table: CodeTable, rule: WalkRule,
        live: UnsafePointer<UInt64>?, scratch: WalkScratch, tier: KernelTier
    ) {
        check(rule, dimension: query.dimension)
        guard let kernel = unsafe vk_walk_for(vk_tier(tier.rawValue)) else {
            preconditionFailure("this machine has no \(tier)")
        }
        scratch.prepare(rowCount: rowCount, seedCount: seedCount + seedGroupCount, rule: rule)
        var graph = unsafe cGraph
        var cQuery = unsafe query.cQuery(table)
        var cRule = unsafe rule.cRule(live: live)
        unsafe vk_walk_measure_seeds(tier.kernels, &graph, &cQuery, &cRule, scratch.memory)
        unsafe kernel(&graph, &cQuery, &cRule, scratch.memory)
        withExtendedLifetime(self) {}
    }

    func check(_ rule: WalkRule, dimension: Int) {
        precondition(dimension == layout.dimension)
        precondition(rule.resultCount >= 1 && rule.stopRank >= 1)
        precondition(rule.stopRank <= rule.resultCount && rule.expansionCap >= 0)
        precondition(rule.slack != nil || rule.width != nil, "a walk without a rule never stops")
        precondition((rule.slack ?? 0) >= 0 && (rule.width ?? 1) >= 1)
        precondition((rule.tailSlack ?? 0) >= 0)
        precondition((0...WalkRule.maximumSeedGroupCount).contains(rule.seedGroupCount))
        precondition((1...WalkRule.maximumLead).contains(rule.lead))
    }
}

extension ByteVector {
    func cQuery(_ table: CodeTable) -> vk_walk_query {
        unsafe vk_walk_query(row: row.cRow, codes: codes, table: table.entries, step: table.step)
    }
}

extension WalkRule {
    func cRule(live: UnsafePointer<UInt64>?) -> vk_walk_rule {
        unsafe vk_walk_rule(
            result_count: UInt32(resultCount), stop_rank: UInt32(stopRank),
            gamma: slack ?? -1, width: UInt32(width ?? 0), tail: tailSlack ?? -1,
            expansion_cap: UInt32(clamping: expansionCap), live: live,
            excluded: excluded?.rawValue ?? .max, lead: UInt32(lead),
            seed_group_count: UInt32(seedGroupCount), keeps_front: keepsFront)
    }
}
