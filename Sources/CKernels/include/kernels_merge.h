// Merging neighbour lists: what a row keeps of its own list beside what it found, and the links
// back.
//
// While rows choose, a link that is to be offered back carries a mark: the highest bit of the
// neighbour, which no row has.
#pragma once

#include "kernels_graph.h"

#pragma clang assume_nonnull begin

/// Makes what `row` chooses from the candidates: `finds`, sorted by distance, and of its own list
/// the nearest `own_limit` and those not farther than the farthest find, flagged.
///
/// Without finds the own list stays whole.
void vg_merge_candidates(
    const vg_space *space, const vg_graph *graph, uint32_t row, const vg_key *finds,
    uint32_t find_count, uint32_t own_limit, vg_scratch *scratch);
/// Makes the rows the last search kept or expanded the finds: `expanded` holds them, sorted, each
/// once.
void vg_gather_finds(vg_scratch *scratch);
/// Writes `selected` as the list of `row`, with a mark on what is not flagged.
void vg_write_marked(const vg_graph *graph, uint32_t row, const vg_scratch *scratch);

/// Counts for every target the marked links to it in the lists of `rows[0..<row_count]`, or of
/// `row_count` rows from `first_row` on where there are no `rows`, at the target's place:
/// `counts[places[target]]`, the target itself where there are no places. Several threads may count
/// different rows.
void vg_count_marked(
    const vg_graph *graph, const uint32_t *_Nullable rows, uint32_t first_row,
    uint32_t row_count, const uint32_t *_Nullable places, uint32_t *counts);
/// Writes those links, turned round, to `offers` where `starts` says, which moves on; only targets
/// whose place is in `first_place ..< end_place`, the first entry of `starts` is that of
/// `first_place`. The order of a target's offers is left to chance.
void vg_place_marked(
    const vg_graph *graph, const uint32_t *_Nullable rows, uint32_t first_row,
    uint32_t row_count, const uint32_t *_Nullable places, uint32_t first_place,
    uint32_t end_place, uint32_t *starts, uint32_t *offers);
/// Writes the list of `row` in `target`: its list in `source` and the nearest `offer_limit` of the
/// rows at `offers`, in any order, pruned if they are too many.
///
/// `flags_own`: neighbours of one list are not tested against each other again. `source` and
/// `target` may be one graph.
void vg_join_marked(
    const vg_space *space, const vg_graph *source, const vg_graph *target, uint32_t row,
    const uint32_t *offers, uint32_t offer_count, uint32_t offer_limit, bool flags_own,
    const vg_prune_rule *rule, vg_scratch *scratch);

#pragma clang assume_nonnull end
