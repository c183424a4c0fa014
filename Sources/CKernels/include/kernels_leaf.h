// Comparing all rows of a leaf with each other, in blocks: many times cheaper than one pair at a
// time.
#pragma once

#include "kernels_graph.h"

#pragma clang assume_nonnull begin

/// Rows packed for comparing: panels of 16 columns, four components of each column side by side.
///
/// Zero it before the first use; buffers grow and are kept.
typedef struct {
    uint8_t *_Nullable codes;
    /// For every column of a panel, one after the other: lo, delta, delta * sum, squared norm,
    /// lift.
    float *_Nullable numbers;
    /// The headers of the columns.
    vk_byte_row *_Nullable headers;
    uint32_t *_Nullable sums;
    uint32_t *_Nullable square_sums;
    uint32_t *_Nullable labels;
    /// The largest magnitude each of the first four numbers has, the second times the root of the
    /// sum of squared codes: what estimates may be off by follows from them.
    float largest[4];
    size_t code_capacity;
    uint32_t column_capacity;
    uint32_t count;
    /// All columns have the lo and delta of the first.
    bool uniform;
    /// Some column has a lift.
    bool lifted;
} vg_leaf;

/// Packs `count` rows; `labels` name them in results, the rows themselves where it is NULL.
void vg_leaf_pack(
    const vg_space *space, const uint32_t *rows, const uint32_t *_Nullable labels, uint32_t count,
    vg_leaf *leaf);
/// Gives the buffers back.
void vg_leaf_free(vg_leaf *leaf);

/// For each of `row_count` rows, the `k` nearest columns by (distance, label), sorted, in `best + i
/// * k`.
///
/// `best_counts` says how many are there already, and is kept up to date. Columns whose label is
/// the row are passed over if `skips_own`.
void vg_leaf_nearest(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    bool skips_own, uint32_t k, vg_key *best, uint32_t *best_counts);

/// Puts sorted keys into the sorted list of the `limit` nearest at `list`, each row once; under the
/// lock of the list, whatever order calls come in. `count` and `lock` belong to the list.
void vg_merge_finds(
    vg_key *list, uint16_t *count, uint8_t *lock, uint32_t limit, const vg_key *finds,
    uint32_t find_count);

/// Makes `keys` the candidates.
void vg_take_candidates(vg_scratch *scratch, const vg_key *keys, uint32_t count);
/// Appends `keys` to the candidates.
void vg_add_candidates(vg_scratch *scratch, const vg_key *keys, uint32_t count);

/// Counts for every target the links to it that are not flagged, in the lists of rows `first_row`
/// to `end_row`, list r at `lists + r * stride`. Several threads may count different rows.
void vg_count_offers(
    const vg_key *lists, const uint16_t *counts, uint32_t stride, uint32_t first_row,
    uint32_t end_row, uint32_t *offer_counts);
/// Writes those links, turned round, to `offers` at the places of their targets, which move on.
///
/// Only targets from `first_target` to `end_target`; `places` begins with the first of them.
/// Several threads may place different rows; the order of a target's offers is then left to chance.
void vg_place_offers(
    const vg_key *lists, const uint16_t *counts, uint32_t stride, uint32_t first_row,
    uint32_t end_row, uint32_t first_target, uint32_t end_target, uint32_t *places,
    vg_key *offers);
/// Writes the list of `row`: its own choice and the nearest `offer_limit` offers, pruned if they
/// are too many.
void vg_join_offers(
    const vg_space *space, const vg_graph *graph, uint32_t row, const vg_key *own,
    uint32_t own_count, vg_key *offers, uint32_t offer_count, uint32_t offer_limit,
    const vg_prune_rule *rule, vg_scratch *scratch);

#pragma clang assume_nonnull end
