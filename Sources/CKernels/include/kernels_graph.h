// Graph construction and graph walks over 8-bit vectors: the loops that are too hot for anything
// but C.
#pragma once

#include <stdbool.h>

#include "vk_bytes.h"

#pragma clang assume_nonnull begin

/// Where the vectors are, and the kernels that compare them.
typedef struct {
    const vk_kernels *kernels;
    const vk_byte_table *table;
} vg_space;

/// One 8-bit vector: a query, or a row of a space.
typedef struct {
    const uint8_t *code;
    const vk_byte_row *row;
} vg_point;

/// Neighbour lists: row r has its list at `neighbours + r * stride`, of length `degrees[r]`.
///
/// Lists may change while they are read; the reader follows only ids below `row_limit`.
typedef struct {
    uint32_t *neighbours;
    uint16_t *degrees;
    size_t stride;
    uint32_t row_limit;
} vg_graph;

/// A neighbour with its distance, as one number that sorts by (distance, row): the bits of the
/// distance, which is never negative, above the row, above one flag.
typedef uint64_t vg_key;

/// What one search or prune needs besides its arguments; grows and is kept from call to call.
typedef struct {
    vg_key *_Nullable pool;
    vg_key *_Nullable expanded;
    vg_key *_Nullable candidates;
    vg_key *_Nullable selected;
    uint32_t *_Nullable visited;
    uint32_t *_Nullable ids;
    uint32_t *_Nullable fresh_ids;
    float *_Nullable distances;
    uint32_t pool_count, pool_capacity;
    uint32_t expanded_count, expanded_capacity;
    uint32_t candidate_count, candidate_capacity;
    uint32_t selected_count, selected_capacity;
    uint32_t visited_count, visited_bits;
    uint32_t list_capacity;
    /// Distances measured by searches and by prunes since the last reset.
    uint64_t search_distances, prune_distances;
    /// Rows expanded by searches since the last reset.
    uint64_t expansions;
} vg_scratch;

/// How RobustPrune chooses.
typedef struct {
    /// The most neighbours to choose.
    uint32_t max_degree;
    /// Filled up to this many with the nearest of the dropped ones.
    uint32_t min_degree;
    /// alpha squared, for squared distances.
    float alpha2;
    /// Two candidates whose flag is set are not tested against each other.
    bool skip_flagged_pairs;
} vg_prune_rule;

/// How a search goes.
typedef struct {
    /// Length of the sorted pool, and how many of its best are expanded.
    uint32_t width;
    /// Stop when the best unexpanded row is farther than `stop_factor` times the `stop_rank`-th
    /// best; infinity never stops early.
    uint32_t stop_rank;
    float stop_factor;
    /// A row that is not to be visited; UINT32_MAX for none.
    uint32_t skip_row;
} vg_search_rule;

/// Makes room in a zeroed or used scratch for pools of `width` and lists of `list_capacity`.
void vg_scratch_prepare(vg_scratch *scratch, uint32_t width, uint32_t list_capacity);
/// Makes room for `count` candidates, keeping those that are there.
void vg_scratch_reserve_candidates(vg_scratch *scratch, uint32_t count);
/// Gives everything back.
void vg_scratch_free(vg_scratch *scratch);

/// Beam search from `entries`; leaves the best in `pool` and every expanded row in `expanded`.
void vg_search(
    const vg_space *space, const vg_graph *graph, vg_point query, const uint32_t *entries,
    uint32_t entry_count, const vg_search_rule *rule, vg_scratch *scratch);

/// Makes the rows the last search expanded the candidates.
void vg_take_expanded(vg_scratch *scratch);
/// Sorts `candidates` and drops repeated rows and `skip_row`.
void vg_sort_candidates(vg_scratch *scratch, uint32_t skip_row);
/// RobustPrune of the sorted `candidates` into `selected`.
void vg_prune(const vg_space *space, const vg_prune_rule *rule, vg_scratch *scratch);

/// Writes `selected` as the list of `row`.
void vg_write_list(const vg_graph *graph, uint32_t row, const vg_scratch *scratch);
/// Puts the neighbours of `row` among the candidates, with their distances; `flag` is 0 or 1.
void vg_list_candidates(
    const vg_space *space, const vg_graph *graph, uint32_t row, uint32_t flag, vg_scratch *scratch);
/// Links `row` to the rows of `offers`: appends while the list has at most `slack_degree` rows,
/// else prunes.
void vg_apply_offers(
    const vg_space *space, const vg_graph *graph, uint32_t row, vg_key *offers, uint32_t count,
    uint32_t slack_degree, const vg_prune_rule *rule, vg_scratch *scratch);
/// Groups the edges row -> selection by target. `counts` holds a zero for every row and is left so.
/// `targets`, `starts` (one more) and `offers` are filled; the number of targets is returned.
uint32_t vg_group_offers(
    const vg_key *selections, const uint16_t *selection_counts, uint32_t first_row,
    uint32_t row_count, uint32_t selection_stride, uint32_t *counts, uint32_t *targets,
    uint32_t *starts, vg_key *offers);

/// The mean of rows `rows[0..<row_count]`, with the mean lift behind it.
void vg_mean(const vg_space *space, const uint32_t *rows, uint32_t row_count, double *mean);
/// Of those rows, the one nearest to `mean`; the first of equals.
uint32_t vg_nearest_to_mean(
    const vg_space *space, const uint32_t *rows, uint32_t row_count, const double *mean);

/// Copies the list of `row` from `source` to `target` and fills it with the nearest of some rows
/// that are two steps away, near neighbours' lists first.
void vg_fill_list(
    const vg_space *space, const vg_graph *source, uint32_t row, const vg_graph *target,
    vg_scratch *scratch);

/// Turns candidates that are bare rows into keys with their distance from `row`.
void vg_measure_candidates(const vg_space *space, uint32_t row, vg_scratch *scratch);
/// If a neighbour of `row` is not live: makes the live ones the candidates, and for each of the
/// others up to `per_dead` of its live neighbours, nearest first. Else answers false.
bool vg_repair_candidates(
    const vg_space *space, const vg_graph *graph, uint32_t row, const uint8_t *live,
    uint32_t per_dead, vg_scratch *scratch);
/// Drops candidates that are not live.
void vg_keep_live(const uint8_t *live, vg_scratch *scratch);

#pragma clang assume_nonnull end
