// The walk itself, once for every tier.
//
// Included behind codes_body.h and the tier's own primitives over the open list:
//   select_below  keeps the lanes of a group that lie below a limit, in order, and counts them
//   compact       keeps the entries of the list that lie below a limit, in order, and counts them
//   least         the first index of the smallest entry, perhaps of the 16 behind the last, which
//                 lie far off

#include "include/vk_walk.h"

#include <math.h>

/// Larger than any distance.
#define VK_FAR 3.4e38f

/// Lines of a block asked for at a time.
enum { vk_walk_fetch_lines = 4 };

/// Asks for the next lines of a block, if there are more.
VK_TARGET static inline void fetch_some(vk_walk_fetch *fetch) {
    const size_t few = vk_walk_fetch_lines * 64, rest = (size_t)(fetch->end - fetch->next);
    const size_t byte_count = rest < few ? rest : few;
    vk_prefetch_bytes(fetch->next, byte_count);
    fetch->next += byte_count;
}

/// Asks for all that is left of a block.
VK_TARGET static inline void fetch_rest(vk_walk_fetch *fetch) {
    vk_prefetch_bytes(fetch->next, (size_t)(fetch->end - fetch->next));
    fetch->next = fetch->end;
}

/// Takes the nearest open entry out of the list and begins to fetch its block; 0 where none is
/// below the limit.
VK_TARGET static inline int choose(vk_walk_state *walk, vk_walk_choice *choice) {
    vk_walk_scratch *scratch = walk->scratch;
    const uint32_t count = scratch->open_count;
    if (count == 0) return 0;
    float *distances = scratch->open_distances;
    for (size_t i = 0; i < 16; i++) distances[count + i] = VK_FAR;
    // Of distances that are no numbers, or beyond all others, what stands behind the last is least.
    const size_t found = least(distances, count), place = found < count ? found : 0;
    choice->distance = distances[place];
    if (choice->distance > walk->stop_limit) return 0;
    choice->block = scratch->open_blocks[place];
    distances[place] = distances[count - 1];
    scratch->open_blocks[place] = scratch->open_blocks[count - 1];
    scratch->open_count = count - 1;
    const vk_walk_layout *layout = &walk->graph->layout;
    choice->place = vk_walk_find(walk->graph, choice->block);
    walk->fetch.next = choice->place.start;
    walk->fetch.end = choice->place.start + layout->least_bytes
                      + (choice->place.group_count - 1) * layout->group_bytes;
    fetch_some(&walk->fetch);
    return 1;
}

/// Puts a chosen node that is not to be expanded back into the list.
VK_TARGET static inline void reopen(const vk_walk_state *walk, vk_walk_choice choice) {
    vk_walk_scratch *scratch = walk->scratch;
    if (choice.distance > walk->limit || scratch->open_count == scratch->open_capacity) return;
    scratch->open_distances[scratch->open_count] = choice.distance;
    scratch->open_blocks[scratch->open_count] = choice.block;
    scratch->open_count += 1;
}

/// Enters a measured node into the results, if it may be one.
VK_TARGET static inline void enter_result(const vk_walk_state *walk, uint32_t block,
                                          const uint8_t *start, float distance) {
    uint32_t row;
    memcpy(&row, start + vk_walk_row_offset, sizeof row);
    if (row >= walk->graph->row_count) return;
    const uint64_t *live = walk->rule->live;
    if (live && !(live[row / 64] >> (row % 64) & 1)) return;
    vk_walk_insert_result(walk->scratch, distance, row, block, walk->rule->result_count);
    if (walk->nearest) vk_walk_insert_nearest(walk->nearest, distance - walk->offset);
}

/// Enters the distance of an expanded node into the lead.
VK_TARGET static inline void enter_lead(vk_walk_state *walk, float distance) {
    const uint32_t limit = walk->rule->lead;
    uint32_t place = walk->lead_count;
    if (place < limit) walk->lead_count += 1; else if (distance >= walk->lead[--place]) return;
    for (; place > 0 && walk->lead[place - 1] > distance; place--) {
        walk->lead[place] = walk->lead[place - 1];
    }
    walk->lead[place] = distance;
}

/// Sets the limits by what all walks have found, and by the lead.
VK_TARGET static inline void tighten_together(vk_walk_state *walk) {
    const vk_walk_nearest *nearest = walk->nearest;
    const vk_walk_rule *rule = walk->rule;
    float limit = VK_FAR;
    if (walk->lead_count == rule->lead && nearest->count == nearest->limit) {
        limit = (nearest->distances[nearest->limit - 1] + walk->offset) * (1 + rule->gamma);
        if (walk->lead[rule->lead - 1] > limit) limit = walk->lead[rule->lead - 1];
    }
    walk->stop_limit = limit;
    walk->limit = limit;
}

/// Sets the limits by the results and the front.
VK_TARGET static inline void tighten(vk_walk_state *walk) {
    const vk_walk_scratch *scratch = walk->scratch;
    const vk_walk_rule *rule = walk->rule;
    if (walk->nearest) return tighten_together(walk);
    const int has_rank = scratch->result_count >= rule->stop_rank;
    const float ranked = has_rank ? scratch->result_distances[rule->stop_rank - 1] : VK_FAR;
    float stop_limit = VK_FAR;
    if (rule->gamma >= 0 && has_rank) stop_limit = ranked * (1 + rule->gamma);
    if (rule->width > 0 && scratch->front_count >= rule->width) {
        float last = scratch->front[rule->width - 1];
        if (rule->keeps_front) {
            // A front that others have filled says nothing of the way down from the seeds: this
            // walk goes on until its own nearest lie ahead of all that is open.
            const float lead = walk->lead_count == rule->lead ? walk->lead[rule->lead - 1] : VK_FAR;
            last = lead > last ? lead : last;
        }
        stop_limit = last < stop_limit ? last : stop_limit;
    }
    float limit = stop_limit;
    if (rule->tail >= 0) {
        const float tail_limit = has_rank ? ranked * (1 + rule->tail) : VK_FAR;
        limit = tail_limit > limit ? tail_limit : limit;
    }
    walk->stop_limit = stop_limit;
    walk->limit = limit;
}

/// Enters an expanded node into the lists and tightens the limits.
VK_TARGET static inline void enter(vk_walk_state *walk, uint32_t block, const uint8_t *start,
                                   float distance) {
    vk_walk_scratch *scratch = walk->scratch;
    const vk_walk_rule *rule = walk->rule;
    enter_result(walk, block, start, distance);
    if (walk->nearest) {
        enter_lead(walk, distance);
    } else if (rule->width > 0) {
        vk_walk_insert_front(scratch, distance, rule->width);
        if (rule->keeps_front) enter_lead(walk, distance);
    }
    tighten(walk);
}

/// Opens the neighbours of a group that are new and estimated below the limit.
VK_TARGET static inline void open_group(const vk_walk_state *walk, const uint8_t *group,
                                        float distance) {
    vk_walk_scratch *scratch = walk->scratch;
    int32_t sums[vk_group_lanes];
    float estimates[vk_group_lanes], near[2 * vk_group_lanes];
    uint32_t blocks[2 * vk_group_lanes];
    scan_group(group + vk_walk_codes_offset, walk->query->table,
               walk->graph->layout.subspace_count, sums);
    estimate(distance, walk->square_unit, walk->step,
             (const uint16_t *)(const void *)(group + vk_walk_a_offset),
             (const uint16_t *)(const void *)(group + vk_walk_b_offset), sums, estimates);
    const size_t count = select_below(estimates, (const uint32_t *)(const void *)group,
                                      walk->graph->row_count, walk->limit, near, blocks);
    uint8_t *visited = scratch->visited;
    const uint8_t epoch = scratch->epoch;
    uint32_t open_count = scratch->open_count;
    for (size_t i = 0; i < count; i++) {
        const uint32_t block = blocks[i];
        const uint8_t mark = visited[block];
        visited[block] = epoch;
        scratch->open_distances[open_count] = near[i];
        scratch->open_blocks[open_count] = block;
        open_count += mark != epoch;
    }
    scratch->open_count = open_count;
}

/// Entries above which those beyond the limit are thrown out.
enum { vk_walk_compact_count = 160 };

/// Keeps the open list short enough to search and within its memory.
VK_TARGET static inline void tidy(const vk_walk_state *walk) {
    vk_walk_scratch *scratch = walk->scratch;
    if (scratch->open_count > vk_walk_compact_count && walk->limit < VK_FAR) {
        scratch->open_count = (uint32_t)compact(
            scratch->open_distances, scratch->open_blocks, scratch->open_count, walk->limit);
    }
    const uint32_t room = walk->graph->layout.group_count * vk_group_lanes;
    if (scratch->open_count + room > scratch->open_capacity) {
        // Far too many to be of use: the far ones will never be expanded.
        const uint32_t before = scratch->open_count;
        scratch->open_count = (uint32_t)compact(
            scratch->open_distances, scratch->open_blocks, before, vk_walk_quarter(scratch));
        // Where most are alike no distance divides them; then the earlier ones stay.
        if (scratch->open_count > before / 2) scratch->open_count = before / 2;
    }
}

/// The distance from the query to the vector in a block.
VK_TARGET static inline float measure(const vk_walk_state *walk, const uint8_t *block) {
    const vk_walk_layout *layout = &walk->graph->layout;
    vk_byte_row header;
    memcpy(&header, block, sizeof header);
    const uint32_t dot = dot_row(walk->query->codes, walk->query->row.sum,
                                 block + vk_walk_header_bytes, layout->padded_count);
    return vk_byte_combine(&walk->query->row, &header, dot, layout->dimension);
}

/// Measures a node, enters it and opens its neighbours; meanwhile `fetch` goes on to its end.
VK_TARGET static inline void expand(vk_walk_state *walk, uint32_t block, vk_walk_place place,
                                    vk_walk_fetch *fetch) {
    const vk_walk_layout *layout = &walk->graph->layout;
    const float distance = measure(walk, place.start);
    fetch_some(fetch);
    enter(walk, block, place.start, distance);
    const uint8_t *group = place.start + vk_walk_header_bytes + layout->padded_count;
    for (uint32_t i = 0; i < place.group_count; i++, group += layout->group_bytes) {
        open_group(walk, group, distance);
        fetch_some(fetch);
    }
    fetch_rest(fetch);
    walk->scratch->expanded += 1;
    walk->scratch->estimated += place.group_count * vk_group_lanes;
    tidy(walk);
}

/// Whether a block may be read.
VK_TARGET static inline bool is_admitted(const vk_walk_graph *graph, vk_walk_scratch *scratch,
                                         uint32_t block) {
    if (!graph->admitted || !graph->admit) return true;
    const uint64_t word = __atomic_load_n(graph->admitted + block / 64, __ATOMIC_ACQUIRE);
    if (word >> (block % 64) & 1) return true;
    if (graph->admit(graph->admit_context, block)) return true;
    scratch->refused = true;
    return false;
}

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
    begin_walk(walk->scratch, walk->graph, walk->rule);
    open_seeds(walk);
    walk->fetch = (vk_walk_fetch){.next = walk->graph->blocks, .end = walk->graph->blocks};
    walk->has_next = choose(walk, &walk->next);
    fetch_rest(&walk->fetch);
}

VK_TARGET static inline void walk_graph(const vk_walk_graph *graph, const vk_walk_query *query,
                                        const vk_walk_rule *rule, vk_walk_scratch *scratch) {
    vk_walk_state walk = {.graph = graph, .query = query, .rule = rule, .scratch = scratch};
    start(&walk);
    vk_walk_choice next = walk.next;
    bool has_next = walk.has_next;
    while (has_next && scratch->expanded < rule->expansion_cap
           && is_admitted(graph, scratch, next.block)) {
        const vk_walk_choice chosen = next;
        // One node ahead is chosen before this one is read, so that its block is on its way
        // meanwhile.
        has_next = choose(&walk, &next);
        expand(&walk, chosen.block, chosen.place, &walk.fetch);
        if (!has_next || next.distance > walk.stop_limit) {
            if (has_next) reopen(&walk, next);
            has_next = choose(&walk, &next);
            fetch_rest(&walk.fetch);
        }
    }
    if (has_next) reopen(&walk, next);
    if (rule->tail >= 0) measure_tail(&walk);
    scratch->measured += scratch->expanded;
}

/// Makes a step of a walk among several, if there is one; whether there may be another.
///
/// The block of the next step is on its way while the other walks make theirs: `*fetch` is that of
/// the walk that made the step before, and becomes this one's.
VK_TARGET static inline bool take_step(vk_walk_state *walk, vk_walk_fetch **fetch) {
    if (!walk->has_next) return false;
    tighten_together(walk);
    walk->has_next = walk->next.distance <= walk->stop_limit
                     && walk->scratch->expanded < walk->rule->expansion_cap
                     && is_admitted(walk->graph, walk->scratch, walk->next.block);
    if (!walk->has_next) return false;
    // No other walk made a step since.
    if (*fetch == &walk->fetch) fetch_rest(*fetch);
    expand(walk, walk->next.block, walk->next.place, *fetch);
    *fetch = &walk->fetch;
    walk->has_next = choose(walk, &walk->next);
    return walk->has_next;
}

VK_TARGET static inline void walk_graphs(vk_walk_state *walks, uint32_t count) {
    if (count == 0) return;
    for (uint32_t i = 0; i < count; i++) start(walks + i);
    vk_walk_fetch *fetch = &walks->fetch;
    for (bool goes_on = true; goes_on;) {
        goes_on = false;
        for (uint32_t i = 0; i < count; i++) goes_on |= take_step(walks + i, &fetch);
    }
    for (uint32_t i = 0; i < count; i++) {
        walks[i].scratch->measured += walks[i].scratch->expanded;
    }
}
