// The walk itself, once for every tier.
//
// Included behind codes_body.h and the tier's own primitives over the open list:
//   select_below  keeps the lanes of a group that lie below a limit, in order, and counts them
//   compact       keeps the entries of the list that lie below a limit, in order, and counts them
//   least         the first index of the smallest entry; 16 entries behind the last lie far off

#include "include/vk_walk.h"

/// Larger than any distance.
#define VK_FAR 3.4e38f

/// What a walk holds in registers and what does not change while it runs.
typedef struct vk_walk_state {
    const vk_walk_graph *graph;
    const vk_walk_query *query;
    const vk_walk_rule *rule;
    vk_walk_scratch *scratch;
    float step;
    float square_unit;
    float limit;
} vk_walk_state;

/// The node chosen to be expanded next.
typedef struct vk_walk_choice {
    uint32_t row;
    float distance;
} vk_walk_choice;

/// Takes the nearest open entry out of the list and has its block fetched; 0 where none is below
/// the limit.
VK_TARGET static inline int choose(const vk_walk_state *walk, vk_walk_choice *choice) {
    vk_walk_scratch *scratch = walk->scratch;
    const uint32_t count = scratch->open_count;
    if (count == 0) return 0;
    float *distances = scratch->open_distances;
    for (size_t i = 0; i < 16; i++) distances[count + i] = VK_FAR;
    const size_t place = least(distances, count);
    choice->distance = distances[place];
    if (choice->distance > walk->limit) return 0;
    choice->row = scratch->open_rows[place];
    distances[place] = distances[count - 1];
    scratch->open_rows[place] = scratch->open_rows[count - 1];
    scratch->open_count = count - 1;
    const vk_walk_layout *layout = &walk->graph->layout;
    const uint8_t *block = walk->graph->blocks + choice->row * layout->stride;
    for (size_t i = 0; i < layout->stride; i += 64) __builtin_prefetch(block + i, 0, 3);
    return 1;
}

/// Enters a measured node into the lists and tightens the limit.
VK_TARGET static inline void enter(vk_walk_state *walk, uint32_t row, float distance) {
    vk_walk_scratch *scratch = walk->scratch;
    const vk_walk_rule *rule = walk->rule;
    const int is_live = !rule->live || (rule->live[row / 64] >> (row % 64) & 1);
    if (is_live) vk_walk_insert_result(scratch, distance, row, rule->result_count);
    float limit = VK_FAR;
    if (rule->gamma >= 0 && scratch->result_count >= rule->stop_rank) {
        limit = scratch->result_distances[rule->stop_rank - 1] * (1 + rule->gamma);
    }
    if (rule->width > 0) {
        vk_walk_insert_front(scratch, distance, rule->width);
        if (scratch->front_count >= rule->width) {
            const float last = scratch->front[rule->width - 1];
            limit = last < limit ? last : limit;
        }
    }
    walk->limit = limit;
}

/// Opens the neighbours of a group that are new and estimated below the limit.
VK_TARGET static inline void open_group(const vk_walk_state *walk, const uint8_t *group,
                                        float distance) {
    vk_walk_scratch *scratch = walk->scratch;
    int32_t sums[vk_group_lanes];
    float estimates[vk_group_lanes], near[2 * vk_group_lanes];
    uint32_t rows[2 * vk_group_lanes];
    scan_group(group + vk_walk_codes_offset, walk->query->table,
               walk->graph->layout.subspace_count, sums);
    estimate(distance, walk->square_unit, walk->step,
             (const uint16_t *)(const void *)(group + vk_walk_a_offset),
             (const uint16_t *)(const void *)(group + vk_walk_b_offset), sums, estimates);
    const size_t count = select_below(estimates, (const uint32_t *)(const void *)group,
                                      walk->graph->row_count, walk->limit, near, rows);
    uint8_t *visited = scratch->visited;
    const uint8_t epoch = scratch->epoch;
    uint32_t open_count = scratch->open_count;
    for (size_t i = 0; i < count; i++) {
        const uint32_t row = rows[i];
        const uint8_t mark = visited[row];
        visited[row] = epoch;
        scratch->open_distances[open_count] = near[i];
        scratch->open_rows[open_count] = row;
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
            scratch->open_distances, scratch->open_rows, scratch->open_count, walk->limit);
    }
    const uint32_t room = walk->graph->layout.group_count * vk_group_lanes;
    if (scratch->open_count + room > scratch->open_capacity) {
        // Far too many to be of use: the far ones will never be expanded.
        const uint32_t before = scratch->open_count;
        scratch->open_count = (uint32_t)compact(
            scratch->open_distances, scratch->open_rows, before, vk_walk_quarter(scratch));
        // Where most are alike no distance divides them; then the earlier ones stay.
        if (scratch->open_count > before / 2) scratch->open_count = before / 2;
    }
}

/// Measures a node, enters it and opens its neighbours.
VK_TARGET static inline void expand(vk_walk_state *walk, uint32_t row) {
    const vk_walk_layout *layout = &walk->graph->layout;
    const uint8_t *block = walk->graph->blocks + row * layout->stride;
    vk_byte_row header;
    memcpy(&header, block, sizeof header);
    const uint32_t dot = dot_row(walk->query->codes, walk->query->row.sum,
                                 block + vk_walk_header_bytes, layout->padded_count);
    const float distance = vk_byte_combine(&walk->query->row, &header, dot, layout->dimension);
    enter(walk, row, distance);
    uint32_t degree;
    memcpy(&degree, block + vk_walk_degree_offset, sizeof degree);
    const uint32_t wanted = degree / vk_group_lanes + (degree % vk_group_lanes != 0);
    const uint32_t groups = wanted < layout->group_count ? wanted : layout->group_count;
    const size_t group_bytes =
        vk_walk_codes_offset + vk_group_code_bytes(layout->subspace_count);
    const uint8_t *group = block + vk_walk_header_bytes + layout->padded_count;
    for (uint32_t i = 0; i < groups; i++, group += group_bytes) {
        open_group(walk, group, distance);
    }
    walk->scratch->expanded += 1;
    walk->scratch->estimated += groups * vk_group_lanes;
    tidy(walk);
}

/// Seeds a walk begins with: data in separate clusters needs more than one.
enum { vk_walk_first_count = 4 };

/// Opens the nearest of the seeds.
VK_TARGET static void open_seeds(const vk_walk_state *walk) {
    const vk_walk_graph *graph = walk->graph;
    vk_walk_scratch *scratch = walk->scratch;
    float *distances = scratch->open_distances;
    uint32_t *rows = scratch->open_rows;
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->seed_count; i++) {
        const float distance = scratch->seed_distances[i];
        if (count == vk_walk_first_count && distance >= distances[count - 1]) continue;
        const uint32_t row = graph->seed_rows[i];
        if (row >= graph->row_count || scratch->visited[row] == scratch->epoch) continue;
        uint32_t place = count < vk_walk_first_count ? count++ : count - 1;
        for (; place > 0 && distances[place - 1] > distance; place--) {
            distances[place] = distances[place - 1];
            rows[place] = rows[place - 1];
        }
        distances[place] = distance;
        rows[place] = row;
    }
    for (uint32_t i = 0; i < count; i++) scratch->visited[rows[i]] = scratch->epoch;
    scratch->open_count = count;
}

/// Makes the scratch memory ready for another walk.
static void begin_walk(vk_walk_scratch *scratch, uint32_t seed_count) {
    scratch->epoch += 1;
    if (scratch->epoch == 0) {
        // Once in 255 walks the old marks would be believed.
        memset(scratch->visited, 0, scratch->row_count);
        scratch->epoch = 1;
    }
    scratch->open_count = 0;
    scratch->result_count = 0;
    scratch->front_count = 0;
    scratch->expanded = 0;
    scratch->estimated = 0;
    scratch->measured = seed_count;
}

VK_TARGET static inline void walk_graph(const vk_walk_graph *graph, const vk_walk_query *query,
                                        const vk_walk_rule *rule, vk_walk_scratch *scratch) {
    vk_walk_state walk = {
        .graph = graph, .query = query, .rule = rule, .scratch = scratch,
        .step = query->step * graph->unit, .square_unit = graph->unit * graph->unit,
        .limit = VK_FAR,
    };
    begin_walk(scratch, graph->seed_count);
    open_seeds(&walk);
    vk_walk_choice next;
    int has_next = choose(&walk, &next);
    while (has_next && scratch->expanded < rule->expansion_cap) {
        const uint32_t row = next.row;
        // One node ahead is chosen before this one is read, so that its block is on its way
        // meanwhile.
        has_next = choose(&walk, &next);
        expand(&walk, row);
        if (!has_next || next.distance > walk.limit) has_next = choose(&walk, &next);
    }
    scratch->measured += scratch->expanded;
}
