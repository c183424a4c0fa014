// The reusable working memory of searches and prunes.
#include "graph_internal.h"

void vg_scratch_prepare(vg_scratch *scratch, uint32_t width, uint32_t list_capacity) {
    vg_grow((void **)&scratch->pool, &scratch->pool_capacity, width + 1, sizeof(vg_key));
    if (list_capacity > scratch->list_capacity) {
        uint32_t capacity = scratch->list_capacity;
        vg_grow((void **)&scratch->ids, &capacity, list_capacity, sizeof(uint32_t));
        capacity = scratch->list_capacity;
        vg_grow((void **)&scratch->fresh_ids, &capacity, list_capacity, sizeof(uint32_t));
        capacity = scratch->list_capacity;
        vg_grow((void **)&scratch->distances, &capacity, list_capacity, sizeof(float));
        scratch->list_capacity = capacity;
    }
    if (!scratch->visited) {
        scratch->visited_bits = 12;
        scratch->visited = calloc((size_t)1 << scratch->visited_bits, sizeof(uint32_t));
        if (!scratch->visited) abort();
    }
}

void vg_scratch_reserve_candidates(vg_scratch *scratch, uint32_t count) {
    vg_grow(
        (void **)&scratch->candidates, &scratch->candidate_capacity, count, sizeof(vg_key));
}

void vg_scratch_free(vg_scratch *scratch) {
    free(scratch->pool);
    free(scratch->expanded);
    free(scratch->candidates);
    free(scratch->selected);
    free(scratch->visited);
    free(scratch->ids);
    free(scratch->fresh_ids);
    free(scratch->distances);
    memset(scratch, 0, sizeof(*scratch));
}
