// Keeping what leaves find, and joining it into neighbour lists.
#include "leaf_internal.h"

void vg_merge_finds(
    vg_key *list, uint16_t *count, uint8_t *lock, uint32_t limit, const vg_key *finds,
    uint32_t find_count) {
    while (__atomic_exchange_n(lock, 1, __ATOMIC_ACQUIRE)) {
        while (__atomic_load_n(lock, __ATOMIC_RELAXED)) {
        }
    }
    uint32_t kept = *count, from = 0;
    for (uint32_t i = 0; i < find_count; i++) {
        vg_key key = finds[i];
        while (from < kept && list[from] < key) from++;
        if (from < kept && list[from] == key) continue;
        if (from == limit) break;
        uint32_t last = kept < limit ? kept++ : limit - 1;
        memmove(list + from + 1, list + from, (last - from) * sizeof(vg_key));
        list[from] = key;
    }
    *count = (uint16_t)kept;
    __atomic_store_n(lock, 0, __ATOMIC_RELEASE);
}

void vg_add_candidates(vg_scratch *scratch, const vg_key *keys, uint32_t count) {
    uint32_t there = scratch->candidate_count;
    vg_scratch_reserve_candidates(scratch, there + count);
    memcpy(scratch->candidates + there, keys, count * sizeof(vg_key));
    scratch->candidate_count = there + count;
}

void vg_take_candidates(vg_scratch *scratch, const vg_key *keys, uint32_t count) {
    scratch->candidate_count = 0;
    vg_add_candidates(scratch, keys, count);
}

void vg_count_offers(
    const vg_key *lists, const uint16_t *counts, uint32_t stride, uint32_t first_row,
    uint32_t end_row, uint32_t *offer_counts) {
    for (uint32_t row = first_row; row < end_row; row++)
        for (uint32_t i = 0; i < counts[row]; i++) {
            vg_key key = lists[(size_t)row * stride + i];
            if (key & 1) continue;
            __atomic_fetch_add(offer_counts + vg_key_row(key), 1, __ATOMIC_RELAXED);
        }
}

void vg_place_offers(
    const vg_key *lists, const uint16_t *counts, uint32_t stride, uint32_t first_row,
    uint32_t end_row, uint32_t first_target, uint32_t end_target, uint32_t *places,
    vg_key *offers) {
    for (uint32_t row = first_row; row < end_row; row++)
        for (uint32_t i = 0; i < counts[row]; i++) {
            vg_key key = lists[(size_t)row * stride + i];
            uint32_t target = vg_key_row(key);
            if ((key & 1) || target < first_target || target >= end_target) continue;
            uint32_t place =
                __atomic_fetch_add(places + (target - first_target), 1, __ATOMIC_RELAXED);
            offers[place] = vg_make_key(vg_key_distance(key), row);
        }
}

void vg_join_offers(
    const vg_space *space, const vg_graph *graph, uint32_t row, const vg_key *own,
    uint32_t own_count, vg_key *offers, uint32_t offer_count, uint32_t offer_limit,
    const vg_prune_rule *rule, vg_scratch *scratch) {
    vg_sort_keys(offers, offer_count);
    if (offer_count > offer_limit) offer_count = offer_limit;
    vg_take_candidates(scratch, own, own_count);
    vg_scratch_reserve_candidates(scratch, own_count + offer_count);
    uint32_t count = own_count;
    for (uint32_t i = 0; i < offer_count; i++) {
        bool known = false;
        for (uint32_t j = 0; j < own_count && !known; j++)
            known = vg_key_row(own[j]) == vg_key_row(offers[i]);
        if (!known) scratch->candidates[count++] = offers[i];
    }
    scratch->candidate_count = count;
    vg_sort_candidates(scratch, row);
    if (scratch->candidate_count > rule->max_degree) {
        vg_prune(space, rule, scratch);
        vg_write_list(graph, row, scratch);
        return;
    }
    uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
    for (uint32_t i = 0; i < scratch->candidate_count; i++)
        list[i] = vg_key_row(scratch->candidates[i]);
    graph->degrees[row] = (uint16_t)scratch->candidate_count;
}
