// RobustPrune, and keeping neighbour lists.
#include "graph_internal.h"

static int by_key(const void *a, const void *b) {
    vg_key x = *(const vg_key *)a, y = *(const vg_key *)b;
    return (x > y) - (x < y);
}

void vg_sort_keys(vg_key *keys, uint32_t count) {
    if (count > 48) {
        qsort(keys, count, sizeof(vg_key), by_key);
        return;
    }
    for (uint32_t i = 1; i < count; i++) {
        vg_key key = keys[i];
        uint32_t place = i;
        for (; place > 0 && keys[place - 1] > key; place--) keys[place] = keys[place - 1];
        keys[place] = key;
    }
}

void vg_sort_candidates(vg_scratch *scratch, uint32_t skip_row) {
    vg_key *keys = scratch->candidates;
    vg_sort_keys(keys, scratch->candidate_count);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < scratch->candidate_count; i++) {
        uint32_t row = vg_key_row(keys[i]);
        if (row == skip_row) continue;
        if (kept && vg_key_row(keys[kept - 1]) == row) {
            keys[kept - 1] |= keys[i] & 1;
            continue;
        }
        keys[kept++] = keys[i];
    }
    scratch->candidate_count = kept;
}

enum { prune_block = 8, prune_ahead = 8 };

/// Whether one of `ids` is so much nearer to the candidate than the owner of the list is.
static bool occluded(
    const vg_space *space, vg_key candidate, const uint32_t *ids, uint32_t count, float alpha2,
    vg_scratch *scratch) {
    vg_point point = vg_point_of(space, vg_key_row(candidate));
    float limit = vg_key_distance(candidate), distances[prune_block];
    for (uint32_t i = 0; i < count; i += prune_block) {
        uint32_t block = count - i < prune_block ? count - i : prune_block;
        vg_distances(space, point, ids + i, block, distances);
        scratch->prune_distances += block;
        for (uint32_t j = 0; j < block; j++)
            if (alpha2 * distances[j] <= limit) return true;
    }
    return false;
}

/// Brings the nearest dropped candidates back until `wanted` are selected, in candidate order.
static void refill(vg_scratch *scratch, uint32_t wanted) {
    uint32_t selected = scratch->selected_count, lacking = wanted - selected, at = 0, out = 0;
    vg_key *old = scratch->pool;
    memcpy(old, scratch->selected, selected * sizeof(vg_key));
    for (uint32_t i = 0; i < scratch->candidate_count && out < wanted; i++) {
        vg_key key = scratch->candidates[i];
        if (at < selected && old[at] == key) {
            scratch->selected[out++] = key;
            at++;
        } else if (lacking) {
            scratch->selected[out++] = key;
            lacking--;
        }
    }
    scratch->selected_count = out;
}

void vg_prune(const vg_space *space, const vg_prune_rule *rule, vg_scratch *scratch) {
    uint32_t most = rule->max_degree, count = 0, fresh = 0;
    vg_grow(
        (void **)&scratch->selected, &scratch->selected_capacity, most, sizeof(vg_key));
    vg_scratch_prepare(scratch, most, most);
    for (uint32_t i = 0; i < prune_ahead && i < scratch->candidate_count; i++)
        vg_prefetch_row(space, vg_key_row(scratch->candidates[i]));
    for (uint32_t i = 0; i < scratch->candidate_count && count < most; i++) {
        vg_key key = scratch->candidates[i];
        if (i + prune_ahead < scratch->candidate_count)
            vg_prefetch_row(space, vg_key_row(scratch->candidates[i + prune_ahead]));
        bool old = rule->skip_flagged_pairs && (key & 1);
        bool drop = old
            ? occluded(space, key, scratch->fresh_ids, fresh, rule->alpha2, scratch)
            : occluded(space, key, scratch->ids, count, rule->alpha2, scratch);
        if (drop) continue;
        if (!(key & 1)) scratch->fresh_ids[fresh++] = vg_key_row(key);
        scratch->ids[count] = vg_key_row(key);
        scratch->selected[count++] = key;
    }
    scratch->selected_count = count;
    uint32_t wanted = rule->min_degree < scratch->candidate_count
        ? rule->min_degree : scratch->candidate_count;
    if (wanted > most) wanted = most;
    if (count < wanted) refill(scratch, wanted);
}

void vg_write_list(const vg_graph *graph, uint32_t row, const vg_scratch *scratch) {
    uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
    uint32_t count = scratch->selected_count;
    for (uint32_t i = 0; i < count; i++) vg_store_id(list + i, vg_key_row(scratch->selected[i]));
    __atomic_store_n(graph->degrees + row, (uint16_t)count, __ATOMIC_RELAXED);
}

void vg_list_candidates(
    const vg_space *space, const vg_graph *graph, uint32_t row, uint32_t flag,
    vg_scratch *scratch) {
    const uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
    uint32_t degree = graph->degrees[row], at = scratch->candidate_count;
    vg_scratch_prepare(scratch, 1, degree);
    vg_scratch_reserve_candidates(scratch, at + degree);
    vg_distances(space, vg_point_of(space, row), list, degree, scratch->distances);
    scratch->prune_distances += degree;
    for (uint32_t i = 0; i < degree; i++)
        scratch->candidates[at + i] = vg_make_key(scratch->distances[i], list[i]) | flag;
    scratch->candidate_count = at + degree;
}

void vg_apply_offers(
    const vg_space *space, const vg_graph *graph, uint32_t row, vg_key *offers, uint32_t count,
    uint32_t slack_degree, const vg_prune_rule *rule, vg_scratch *scratch) {
    uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
    uint32_t degree = graph->degrees[row], fresh = 0;
    vg_sort_keys(offers, count);
    vg_scratch_reserve_candidates(scratch, count);
    for (uint32_t i = 0; i < count; i++) {
        uint32_t id = vg_key_row(offers[i]);
        bool known = id == row || (fresh && vg_key_row(scratch->candidates[fresh - 1]) == id);
        for (uint32_t j = 0; j < degree && !known; j++) known = list[j] == id;
        if (!known) scratch->candidates[fresh++] = offers[i];
    }
    if (degree + fresh <= slack_degree) {
        for (uint32_t i = 0; i < fresh; i++)
            vg_store_id(list + degree + i, vg_key_row(scratch->candidates[i]));
        __atomic_store_n(graph->degrees + row, (uint16_t)(degree + fresh), __ATOMIC_RELAXED);
        return;
    }
    scratch->candidate_count = fresh;
    vg_list_candidates(space, graph, row, rule->skip_flagged_pairs, scratch);
    vg_sort_candidates(scratch, row);
    vg_prune(space, rule, scratch);
    vg_write_list(graph, row, scratch);
}

uint32_t vg_group_offers(
    const vg_key *selections, const uint16_t *selection_counts, uint32_t first_row,
    uint32_t row_count, uint32_t selection_stride, uint32_t *counts, uint32_t *targets,
    uint32_t *starts, vg_key *offers) {
    uint32_t target_count = 0, total = 0;
    for (uint32_t i = 0; i < row_count; i++)
        for (uint32_t j = 0; j < selection_counts[i]; j++) {
            uint32_t target = vg_key_row(selections[(size_t)i * selection_stride + j]);
            if (counts[target]++ == 0) targets[target_count++] = target;
        }
    for (uint32_t t = 0; t < target_count; t++) {
        starts[t] = total;
        total += counts[targets[t]];
        counts[targets[t]] = starts[t];
    }
    starts[target_count] = total;
    for (uint32_t i = 0; i < row_count; i++)
        for (uint32_t j = 0; j < selection_counts[i]; j++) {
            vg_key key = selections[(size_t)i * selection_stride + j];
            offers[counts[vg_key_row(key)]++] =
                vg_make_key(vg_key_distance(key), first_row + i);
        }
    for (uint32_t t = 0; t < target_count; t++) counts[targets[t]] = 0;
    return target_count;
}

void vg_take_expanded(vg_scratch *scratch) {
    vg_scratch_reserve_candidates(scratch, scratch->expanded_count);
    memcpy(
        scratch->candidates, scratch->expanded, scratch->expanded_count * sizeof(vg_key));
    scratch->candidate_count = scratch->expanded_count;
}
