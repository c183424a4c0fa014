// The walk itself, alone and among several, once for every tier.
//
// Included behind codes_body.h and the tier's own primitives that walk_steps.h names.

#include "walk_steps.h"

/// Measures what was opened and never expanded, as far as it may be a result.
VK_TARGET static void measure_tail(const vk_walk_state *walk) {
    vk_walk_scratch *scratch = walk->scratch;
    const vk_walk_graph *graph = walk->graph;
    const size_t vector_bytes = vk_walk_header_bytes + graph->layout.padded_count;
    const uint32_t count = (uint32_t)compact(scratch->open_distances, scratch->open_blocks,
                                             scratch->open_count, walk->limit);
    for (uint32_t i = 0; i < count; i++) {
        vk_prefetch_bytes(vk_walk_find(graph, scratch->open_blocks[i]).start, vector_bytes);
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t block = scratch->open_blocks[i];
        if (!is_admitted(graph, scratch, block)) return;
        const uint8_t *start = vk_walk_find(graph, block).start;
        enter_result(walk, block, start, measure(walk, start));
    }
    scratch->measured += count;
}

/// Seeds a walk begins with: data in separate clusters needs more than one.
enum { vk_walk_first_count = 4 };

/// Opens the nearest of the seeds.
VK_TARGET static void open_seeds(const vk_walk_state *walk) {
    const vk_walk_graph *graph = walk->graph;
    vk_walk_scratch *scratch = walk->scratch;
    float *distances = scratch->open_distances;
    uint32_t *blocks = scratch->open_blocks;
    uint32_t count = 0;
    for (uint32_t range = 0; range < scratch->seed_range_count; range++) {
        for (uint32_t i = scratch->seed_starts[range]; i < scratch->seed_ends[range]; i++) {
            const float distance = scratch->seed_distances[i];
            if (count == vk_walk_first_count && distance >= distances[count - 1]) continue;
            const uint32_t block = graph->seed_blocks[i];
            if (block >= graph->row_count || scratch->visited[block] == scratch->epoch) continue;
            uint32_t place = count < vk_walk_first_count ? count++ : count - 1;
            for (; place > 0 && distances[place - 1] > distance; place--) {
                distances[place] = distances[place - 1];
                blocks[place] = blocks[place - 1];
            }
            distances[place] = distance;
            blocks[place] = block;
        }
    }
    for (uint32_t i = 0; i < count; i++) scratch->visited[blocks[i]] = scratch->epoch;
    scratch->open_count = count;
}

/// Makes the scratch memory ready for another walk.
static void begin_walk(vk_walk_scratch *scratch, const vk_walk_graph *graph,
                       const vk_walk_rule *rule) {
    scratch->epoch += 1;
    if (scratch->epoch == 0) {
        // Once in 255 walks the old marks would be believed.
        memset(scratch->visited, 0, scratch->row_count);
        scratch->epoch = 1;
    }
    scratch->open_count = 0;
    scratch->result_count = 0;
    if (!rule->keeps_front) scratch->front_count = 0;
    scratch->expanded = 0;
    scratch->estimated = 0;
    scratch->measured = scratch->seed_measured;
    scratch->refused = false;
    if (rule->excluded < graph->row_count) scratch->visited[rule->excluded] = scratch->epoch;
}

/// Makes a walk ready for its first step; its seeds have been measured.
VK_TARGET static inline void start(vk_walk_state *walk) {
    walk->step = walk->query->step * walk->graph->unit;
    walk->square_unit = walk->graph->unit * walk->graph->unit;
    walk->stop_limit = VK_FAR;
    walk->limit = VK_FAR;
    walk->lead_count = 0;
    walk->compact_count = vk_walk_compact_count;
    begin_walk(walk->scratch, walk->graph, walk->rule);
    open_seeds(walk);
    walk->fetch = (vk_walk_fetch){.next = walk->graph->blocks, .end = walk->graph->blocks};
    walk->has_next = choose(walk, &walk->next);
    fetch_rest(&walk->fetch);
}

/// Goes on alone until the walk is at its end.
VK_TARGET static inline void walk_on(vk_walk_state *walk) {
    vk_walk_scratch *scratch = walk->scratch;
    vk_walk_choice next = walk->next;
    bool has_next = walk->has_next;
    fetch_rest(&walk->fetch);
    while (has_next && scratch->expanded < walk->rule->expansion_cap
           && is_admitted(walk->graph, scratch, next.block)) {
        const vk_walk_choice chosen = next;
        // One node ahead is chosen before this one is read, so that its block is on its way
        // meanwhile.
        has_next = choose(walk, &next);
        expand(walk, chosen.block, chosen.place, &walk->fetch);
        if (!has_next || next.distance > walk->stop_limit) {
            if (has_next) reopen(walk, next);
            has_next = choose(walk, &next);
            fetch_rest(&walk->fetch);
        }
    }
    if (has_next) reopen(walk, next);
    walk->has_next = false;
}

VK_TARGET static inline void walk_graph(const vk_walk_graph *graph, const vk_walk_query *query,
                                        const vk_walk_rule *rule, vk_walk_scratch *scratch) {
    vk_walk_state walk = {.graph = graph, .query = query, .rule = rule, .scratch = scratch};
    start(&walk);
    walk_on(&walk);
    if (rule->tail >= 0) measure_tail(&walk);
    scratch->measured += scratch->expanded;
}

/// Whether a walk among several makes another step.
VK_TARGET static inline bool goes_on(vk_walk_state *walk) {
    tighten_together(walk);
    return walk->next.distance <= walk->stop_limit
           && walk->scratch->expanded < walk->rule->expansion_cap
           && is_admitted(walk->graph, walk->scratch, walk->next.block);
}

/// Makes a step of a walk among several, if there is one; whether there may be another.
///
/// The block of the next step is on its way while the other walks make theirs: `*fetch` is that of
/// the walk that made the step before, and becomes this one's.
VK_TARGET static inline bool take_step(vk_walk_state *walk, vk_walk_fetch **fetch) {
    if (!walk->has_next) return false;
    walk->has_next = goes_on(walk);
    if (!walk->has_next) return false;
    expand(walk, walk->next.block, walk->next.place, *fetch);
    *fetch = &walk->fetch;
    walk->has_next = choose(walk, &walk->next);
    return walk->has_next;
}

VK_TARGET static inline void walk_graphs(vk_walk_state *walks, uint32_t count) {
    if (count == 0) return;
    for (uint32_t i = 0; i < count; i++) start(walks + i);
    vk_walk_fetch *fetch = &walks->fetch;
    for (uint32_t going = count; going > 1;) {
        going = 0;
        for (uint32_t i = 0; i < count; i++) going += take_step(walks + i, &fetch);
    }
    // The last one has no others to make steps meanwhile.
    for (uint32_t i = 0; i < count; i++) {
        if (walks[i].has_next && goes_on(walks + i)) walk_on(walks + i);
        walks[i].scratch->measured += walks[i].scratch->expanded;
    }
}
