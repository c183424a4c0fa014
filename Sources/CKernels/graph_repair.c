// Lists without the rows that are gone.
#include "graph_internal.h"

static void add_live(
    const vg_graph *graph, uint32_t row, const uint8_t *live, uint32_t most, vg_scratch *scratch) {
    const uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
    uint32_t degree = graph->degrees[row], added = 0;
    vg_scratch_reserve_candidates(scratch, scratch->candidate_count + degree);
    for (uint32_t i = 0; i < degree && added < most; i++) {
        if (!live[list[i]]) continue;
        scratch->candidates[scratch->candidate_count++] = list[i];
        added++;
    }
}

bool vg_repair_candidates(
    const vg_space *space, const vg_graph *graph, uint32_t row, const uint8_t *live,
    uint32_t per_dead, vg_scratch *scratch) {
    const uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
    uint32_t degree = graph->degrees[row];
    bool whole = true;
    for (uint32_t i = 0; i < degree; i++) whole &= live[list[i]] != 0;
    if (whole) return false;
    scratch->candidate_count = 0;
    add_live(graph, row, live, degree, scratch);
    for (uint32_t i = 0; i < degree; i++)
        if (!live[list[i]]) add_live(graph, list[i], live, per_dead, scratch);
    vg_measure_candidates(space, row, scratch);
    return true;
}

void vg_measure_candidates(const vg_space *space, uint32_t row, vg_scratch *scratch) {
    enum { block = 64 };
    vg_point point = vg_point_of(space, row);
    for (uint32_t first = 0; first < scratch->candidate_count; first += block) {
        uint32_t ids[block], count = scratch->candidate_count - first;
        float distances[block];
        if (count > block) count = block;
        for (uint32_t i = 0; i < count; i++) ids[i] = (uint32_t)scratch->candidates[first + i];
        vg_distances(space, point, ids, count, distances);
        scratch->prune_distances += count;
        for (uint32_t i = 0; i < count; i++)
            scratch->candidates[first + i] = vg_make_key(distances[i], ids[i]);
    }
}

void vg_keep_live(const uint8_t *live, vg_scratch *scratch) {
    uint32_t kept = 0;
    for (uint32_t i = 0; i < scratch->candidate_count; i++)
        if (live[vg_key_row(scratch->candidates[i])])
            scratch->candidates[kept++] = scratch->candidates[i];
    scratch->candidate_count = kept;
}
