// Merging neighbour lists.
#include "graph_internal.h"
#include "include/kernels_merge.h"

static const uint32_t mark = 0x80000000u;

void vg_merge_candidates(
    const vg_space *space, const vg_graph *graph, uint32_t row, const vg_key *finds,
    uint32_t find_count, uint32_t own_limit, vg_scratch *scratch) {
    scratch->candidate_count = 0;
    if (own_limit) vg_list_candidates(space, graph, row, 1, scratch);
    uint32_t count = scratch->candidate_count;
    if (find_count && count > own_limit) {
        vg_sort_keys(scratch->candidates, count);
        const float farthest = vg_key_distance(finds[find_count - 1]);
        uint32_t kept = own_limit;
        while (kept < count && vg_key_distance(scratch->candidates[kept]) <= farthest) kept++;
        count = kept;
    }
    vg_scratch_reserve_candidates(scratch, count + find_count);
    memcpy(scratch->candidates + count, finds, find_count * sizeof(vg_key));
    scratch->candidate_count = count + find_count;
    vg_sort_candidates(scratch, row);
}

void vg_gather_finds(vg_scratch *scratch) {
    uint32_t count = scratch->expanded_count, kept = 0;
    vg_grow(
        (void **)&scratch->expanded, &scratch->expanded_capacity, count + scratch->pool_count,
        sizeof(vg_key));
    for (uint32_t i = 0; i < scratch->pool_count; i++)
        scratch->expanded[count++] = scratch->pool[i] & ~(vg_key)1;
    vg_sort_keys(scratch->expanded, count);
    for (uint32_t i = 0; i < count; i++)
        if (kept == 0 || scratch->expanded[kept - 1] != scratch->expanded[i])
            scratch->expanded[kept++] = scratch->expanded[i];
    scratch->expanded_count = kept;
}

void vg_write_marked(const vg_graph *graph, uint32_t row, const vg_scratch *scratch) {
    uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
    uint32_t count = scratch->selected_count;
    for (uint32_t i = 0; i < count; i++) {
        vg_key key = scratch->selected[i];
        list[i] = vg_key_row(key) | (key & 1 ? 0 : mark);
    }
    graph->degrees[row] = (uint16_t)count;
}

void vg_count_marked(
    const vg_graph *graph, const uint32_t *rows, uint32_t first_row, uint32_t row_count,
    const uint32_t *places, uint32_t *counts) {
    for (uint32_t i = 0; i < row_count; i++) {
        uint32_t row = rows ? rows[i] : first_row + i;
        const uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
        for (uint32_t j = 0; j < graph->degrees[row]; j++) {
            if (!(list[j] & mark)) continue;
            uint32_t target = list[j] & ~mark, place = places ? places[target] : target;
            __atomic_fetch_add(counts + place, 1, __ATOMIC_RELAXED);
        }
    }
}

void vg_place_marked(
    const vg_graph *graph, const uint32_t *rows, uint32_t first_row, uint32_t row_count,
    const uint32_t *places, uint32_t first_place, uint32_t end_place, uint32_t *starts,
    uint32_t *offers) {
    for (uint32_t i = 0; i < row_count; i++) {
        uint32_t row = rows ? rows[i] : first_row + i;
        const uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
        for (uint32_t j = 0; j < graph->degrees[row]; j++) {
            if (!(list[j] & mark)) continue;
            uint32_t target = list[j] & ~mark, place = places ? places[target] : target;
            if (place < first_place || place >= end_place) continue;
            uint32_t at = __atomic_fetch_add(starts + (place - first_place), 1, __ATOMIC_RELAXED);
            offers[at] = row;
        }
    }
}

/// Copies a list without its marks.
static void copy_list(const vg_graph *source, const vg_graph *target, uint32_t row) {
    const uint32_t *from = source->neighbours + (size_t)row * source->stride;
    uint32_t *to = target->neighbours + (size_t)row * target->stride;
    uint32_t degree = source->degrees[row];
    for (uint32_t i = 0; i < degree; i++) to[i] = from[i] & ~mark;
    target->degrees[row] = (uint16_t)degree;
}

void vg_join_marked(
    const vg_space *space, const vg_graph *source, const vg_graph *target, uint32_t row,
    const uint32_t *offers, uint32_t offer_count, uint32_t offer_limit, bool flags_own,
    const vg_prune_rule *rule, vg_scratch *scratch) {
    copy_list(source, target, row);
    const uint32_t *list = target->neighbours + (size_t)row * target->stride;
    uint32_t degree = target->degrees[row], fresh = 0;
    vg_scratch_reserve_candidates(scratch, offer_count + degree);
    for (uint32_t i = 0; i < offer_count; i++) {
        bool known = offers[i] == row;
        for (uint32_t j = 0; j < degree && !known; j++) known = list[j] == offers[i];
        if (!known) scratch->candidates[fresh++] = offers[i];
    }
    if (fresh == 0) return;
    scratch->candidate_count = fresh;
    vg_measure_candidates(space, row, scratch);
    if (fresh > offer_limit) {
        vg_sort_keys(scratch->candidates, fresh);
        scratch->candidate_count = offer_limit;
    }
    vg_list_candidates(space, target, row, flags_own, scratch);
    vg_sort_candidates(scratch, row);
    if (scratch->candidate_count > rule->max_degree) {
        vg_prune(space, rule, scratch);
        vg_write_list(target, row, scratch);
        return;
    }
    uint32_t *to = target->neighbours + (size_t)row * target->stride;
    for (uint32_t i = 0; i < scratch->candidate_count; i++)
        to[i] = vg_key_row(scratch->candidates[i]);
    target->degrees[row] = (uint16_t)scratch->candidate_count;
}
