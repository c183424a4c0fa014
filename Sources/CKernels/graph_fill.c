// Filling short lists with rows two steps away.
#include "graph_internal.h"

/// Collects rows two steps from `row`, near neighbours' lists first, until there are `wanted`.
static void collect(
    const vg_graph *graph, uint32_t row, uint32_t degree, uint32_t wanted, vg_scratch *scratch) {
    const uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
    scratch->candidate_count = 0;
    for (uint32_t i = 0; i < degree && scratch->candidate_count < wanted; i++) {
        const uint32_t *second = graph->neighbours + (size_t)list[i] * graph->stride;
        uint32_t second_degree = graph->degrees[list[i]];
        vg_scratch_reserve_candidates(scratch, scratch->candidate_count + second_degree);
        for (uint32_t j = 0; j < second_degree; j++) {
            bool known = second[j] == row;
            for (uint32_t k = 0; k < degree && !known; k++) known = list[k] == second[j];
            if (!known) scratch->candidates[scratch->candidate_count++] = second[j];
        }
    }
    vg_sort_keys(scratch->candidates, scratch->candidate_count);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < scratch->candidate_count; i++)
        if (!kept || scratch->candidates[kept - 1] != scratch->candidates[i])
            scratch->candidates[kept++] = scratch->candidates[i];
    scratch->candidate_count = kept;
}

/// Lanes that a scan of neighbours works on at once.
enum { vg_fill_lanes = 16 };

void vg_fill_list(
    const vg_space *space, const vg_graph *source, uint32_t row, const vg_graph *target,
    vg_scratch *scratch) {
    uint32_t *filled = target->neighbours + (size_t)row * target->stride;
    uint32_t degree = source->degrees[row], most = (uint32_t)target->stride;
    // No further than the group of lanes the list ends in: another would cost more than it finds.
    const uint32_t lanes = (degree + vg_fill_lanes - 1) / vg_fill_lanes * vg_fill_lanes;
    if (lanes < most) most = lanes > vg_fill_lanes ? lanes : vg_fill_lanes;
    if (most > target->stride) most = (uint32_t)target->stride;
    memcpy(
        filled, source->neighbours + (size_t)row * source->stride, degree * sizeof(uint32_t));
    target->degrees[row] = (uint16_t)degree;
    if (degree >= most) return;
    // A few times as many as are wanted give near ones without looking at all of them.
    collect(source, row, degree, 4 * (most - degree), scratch);
    vg_measure_candidates(space, row, scratch);
    vg_sort_keys(scratch->candidates, scratch->candidate_count);
    for (uint32_t i = 0; i < scratch->candidate_count && degree < most; i++)
        filled[degree++] = vg_key_row(scratch->candidates[i]);
    target->degrees[row] = (uint16_t)degree;
}
