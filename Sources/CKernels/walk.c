// What a walk needs outside the tiers: its sorted lists, its seeds, the choice of the kernel.

#include "include/vk_walk.h"
#include "tier_tables.h"

#include <string.h>

void vk_walk_insert_result(vk_walk_scratch *scratch, float distance, uint32_t row,
                           uint32_t block, uint32_t limit) {
    float *distances = scratch->result_distances;
    uint32_t *rows = scratch->result_rows, *blocks = scratch->result_blocks;
    uint32_t place = scratch->result_count;
    if (place == limit) {
        if (distance > distances[limit - 1]
            || (distance == distances[limit - 1] && row > rows[limit - 1])) {
            return;
        }
        place -= 1;
    } else {
        scratch->result_count += 1;
    }
    while (place > 0
           && (distances[place - 1] > distance
               || (distances[place - 1] == distance && rows[place - 1] > row))) {
        distances[place] = distances[place - 1];
        rows[place] = rows[place - 1];
        blocks[place] = blocks[place - 1];
        place -= 1;
    }
    distances[place] = distance;
    rows[place] = row;
    blocks[place] = block;
}

void vk_walk_insert_front(vk_walk_scratch *scratch, float distance, uint32_t limit) {
    float *front = scratch->front;
    uint32_t count = scratch->front_count;
    // A front that was kept may be of a wider walk: it stays as long as it is.
    const uint32_t room = count > limit ? count : limit;
    if (count == room && distance >= front[room - 1]) return;
    uint32_t low = 0, high = count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (front[middle] <= distance) low = middle + 1; else high = middle;
    }
    if (count < room) scratch->front_count = ++count;
    memmove(front + low + 1, front + low, (count - 1 - low) * sizeof *front);
    front[low] = distance;
}

float vk_walk_quarter(const vk_walk_scratch *scratch) {
    // Squared distances estimated to be below zero count as zero; from there on bits order as
    // floats do. The bits of the wanted distance are found one by one, from the top.
    const uint32_t wanted = scratch->open_count / 4;
    uint32_t bits = 0;
    for (uint32_t bit = 1u << 30; bit >= 1u << 12; bit >>= 1) {
        const uint32_t tried = bits | bit;
        uint32_t below = 0;
        for (uint32_t i = 0; i < scratch->open_count; i++) {
            int32_t entry;
            memcpy(&entry, scratch->open_distances + i, sizeof entry);
            below += entry < (int32_t)tried;
        }
        if (below <= wanted) bits = tried;
    }
    float distance;
    memcpy(&distance, &bits, sizeof distance);
    return distance;
}

/// Chooses the nearest `count` groups of seeds by their leaders.
static void choose_seed_groups(const vk_kernels *kernels, const vk_walk_graph *graph,
                               const vk_walk_query *query, uint32_t count,
                               vk_walk_scratch *scratch) {
    float *distances = scratch->seed_distances + graph->seed_count;
    vk_byte_distances(kernels, &graph->seed_leaders, &query->row, query->codes, NULL, 0,
                      graph->seed_group_count, distances);
    float nearest[vk_walk_seed_range_limit];
    uint32_t groups[vk_walk_seed_range_limit], chosen = 0;
    for (uint32_t group = 0; group < graph->seed_group_count; group++) {
        const float distance = distances[group];
        if (chosen == count && distance >= nearest[count - 1]) continue;
        uint32_t place = chosen < count ? chosen++ : count - 1;
        for (; place > 0 && nearest[place - 1] > distance; place--) {
            nearest[place] = nearest[place - 1];
            groups[place] = groups[place - 1];
        }
        nearest[place] = distance;
        groups[place] = group;
    }
    for (uint32_t i = 0; i < chosen; i++) {
        scratch->seed_starts[i] = graph->seed_group_starts[groups[i]];
        scratch->seed_ends[i] = graph->seed_group_starts[groups[i] + 1];
    }
    scratch->seed_range_count = chosen;
}

void vk_walk_measure_seeds(const vk_kernels *kernels, const vk_walk_graph *graph,
                           const vk_walk_query *query, const vk_walk_rule *rule,
                           vk_walk_scratch *scratch) {
    uint32_t count = rule->seed_group_count;
    if (count > vk_walk_seed_range_limit) count = vk_walk_seed_range_limit;
    const bool takes_some = count > 0 && count < graph->seed_group_count;
    if (takes_some) {
        choose_seed_groups(kernels, graph, query, count, scratch);
    } else {
        scratch->seed_starts[0] = 0;
        scratch->seed_ends[0] = graph->seed_count;
        scratch->seed_range_count = 1;
    }
    scratch->seed_measured = takes_some ? graph->seed_group_count : 0;
    for (uint32_t i = 0; i < scratch->seed_range_count; i++) {
        const uint32_t start = scratch->seed_starts[i];
        const uint32_t seeds = scratch->seed_ends[i] - start;
        vk_byte_distances(kernels, &graph->seeds, &query->row, query->codes, NULL, start, seeds,
                          scratch->seed_distances + start);
        scratch->seed_measured += seeds;
    }
}

vk_walk_kernel vk_walk_for(vk_tier tier) {
    if (!vk_kernels_for(tier)) return NULL;
    switch (tier) {
#if defined(__x86_64__)
    case vk_tier_avx2: return vk_walk_avx2;
    case vk_tier_avx512: return vk_walk_avx512;
#elif defined(__aarch64__)
    case vk_tier_neon: return vk_walk_neon;
#endif
    default: return vk_walk_scalar;
    }
}

vk_walks_kernel vk_walks_for(vk_tier tier) {
    if (!vk_kernels_for(tier)) return NULL;
    switch (tier) {
#if defined(__x86_64__)
    case vk_tier_avx2: return vk_walks_avx2;
    case vk_tier_avx512: return vk_walks_avx512;
#elif defined(__aarch64__)
    case vk_tier_neon: return vk_walks_neon;
#endif
    default: return vk_walks_scalar;
    }
}
