// The steps of a walk, once for every tier: what is chosen, read, measured and opened.
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

/// Groups whose neighbours are opened together at most.
enum { vk_walk_opened_groups = 4 };

/// Neighbours that are estimated below the limit and not yet looked up among those visited; two
/// groups of room behind the last before another is added, because tiers write whole vectors.
typedef struct {
    float distances[(vk_walk_opened_groups + 1) * vk_group_lanes];
    uint32_t blocks[(vk_walk_opened_groups + 1) * vk_group_lanes];
    size_t count;
} vk_walk_near;

/// Adds the neighbours of a group that are estimated below the limit, and has their marks fetched.
VK_TARGET static inline void estimate_group(const vk_walk_state *walk, const uint8_t *group,
                                            float distance, vk_walk_near *near) {
    int32_t sums[vk_group_lanes];
    float estimates[vk_group_lanes];
    scan_group(group + vk_walk_codes_offset, walk->query->table,
               walk->graph->layout.subspace_count, sums);
    estimate(distance, walk->square_unit, walk->step,
             (const uint16_t *)(const void *)(group + vk_walk_a_offset),
             (const uint16_t *)(const void *)(group + vk_walk_b_offset), sums, estimates);
    const size_t first = near->count;
    near->count += select_below(estimates, (const uint32_t *)(const void *)group,
                                walk->graph->row_count, walk->limit, near->distances + first,
                                near->blocks + first);
    for (size_t i = first; i < near->count; i++) {
        __builtin_prefetch(walk->scratch->visited + near->blocks[i], 1, 3);
    }
}

/// Opens those neighbours that are new.
VK_TARGET static inline void open_new(const vk_walk_state *walk, vk_walk_near *near) {
    vk_walk_scratch *scratch = walk->scratch;
    uint8_t *visited = scratch->visited;
    const uint8_t epoch = scratch->epoch;
    uint32_t open_count = scratch->open_count;
    for (size_t i = 0; i < near->count; i++) {
        const uint32_t block = near->blocks[i];
        const uint8_t mark = visited[block];
        visited[block] = epoch;
        scratch->open_distances[open_count] = near->distances[i];
        scratch->open_blocks[open_count] = block;
        open_count += mark != epoch;
    }
    scratch->open_count = open_count;
    near->count = 0;
}

/// Entries above which those beyond the limit are thrown out, and how many more there must be until
/// it is done again.
enum { vk_walk_compact_count = 160, vk_walk_compact_step = 64 };

/// Keeps the open list short enough to search and within its memory.
VK_TARGET static inline void tidy(vk_walk_state *walk) {
    vk_walk_scratch *scratch = walk->scratch;
    if (scratch->open_count > walk->compact_count && walk->limit < VK_FAR) {
        scratch->open_count = (uint32_t)compact(
            scratch->open_distances, scratch->open_blocks, scratch->open_count, walk->limit);
        const uint32_t next = scratch->open_count + vk_walk_compact_step;
        walk->compact_count = next > vk_walk_compact_count ? next : vk_walk_compact_count;
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
    // Marks lie far apart: those of one group come in while the next is estimated.
    vk_walk_near near;
    near.count = 0;
    for (uint32_t i = 0; i < place.group_count; i++, group += layout->group_bytes) {
        if (near.count > (vk_walk_opened_groups - 1) * vk_group_lanes) open_new(walk, &near);
        estimate_group(walk, group, distance, &near);
        fetch_some(fetch);
    }
    open_new(walk, &near);
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
