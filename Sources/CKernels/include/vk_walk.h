// The walk over fused blocks: a node's 8-bit vector, its neighbours' ids and their codes in one
// record.
#pragma once

#include <stdbool.h>

#include "vk_bytes.h"
#include "vk_codes.h"

#pragma clang assume_nonnull begin

/// Where the parts of a block lie; all sizes are multiples of 64.
///
/// A block: 64 bytes of header (byte row, degree, row), the codes of the vector, then the groups of
/// 16 neighbours: numbers of their blocks (64), factors A (32) and B (32), codes
/// (8 * subspace_count). A slot without a neighbour holds the block's own number.
typedef struct vk_walk_layout {
    uint32_t dimension;
    uint32_t padded_count;
    uint32_t subspace_count;
    /// Groups of a block at most.
    uint32_t group_count;
    /// Bytes of a block of one group.
    size_t least_bytes;
    size_t group_bytes;
} vk_walk_layout;

/// Offsets inside the header of a block and inside a group.
enum {
    vk_walk_degree_offset = 32,
    vk_walk_row_offset = 36,
    vk_walk_header_bytes = 64,
    vk_walk_a_offset = 64,
    vk_walk_b_offset = 96,
    vk_walk_codes_offset = 128,
};

/// Blocks, and some to begin at.
///
/// Blocks stand in the order of their groups, so that the place of each follows from its number.
typedef struct vk_walk_graph {
    vk_walk_layout layout;
    const uint8_t *blocks;
    /// Blocks, which is also rows.
    uint32_t row_count;
    /// How many blocks have at most 1, 2, ... groups: one entry fewer than the most groups.
    const uint32_t *group_ends;
    /// What the factors are relative to.
    float unit;
    /// Copies of some blocks' vectors, close together; row i of it is that of block seed_blocks[i].
    vk_byte_table seeds;
    const uint32_t *seed_blocks;
    uint32_t seed_count;
    /// Near seeds stand together in groups; a copy of one seed of each, and where groups begin,
    /// with the end behind the last.
    vk_byte_table seed_leaders;
    const uint32_t *seed_group_starts;
    uint32_t seed_group_count;
    /// One bit for each block that may be believed, or NULL: all of them. Bits are only ever set,
    /// by any thread.
    const uint64_t *_Nullable admitted;
    /// Asked before a block without its bit is read; where it says no, the walk ends and `refused`
    /// of the scratch is set.
    bool (*_Nullable admit)(void *_Nullable context, uint32_t block);
    void *_Nullable admit_context;
} vk_walk_graph;

/// A block's place and size.
typedef struct vk_walk_place {
    const uint8_t *start;
    uint32_t group_count;
} vk_walk_place;

/// Where block `number` stands; without branches, because nothing foretells its groups.
static inline vk_walk_place vk_walk_find(const vk_walk_graph *graph, uint32_t number) {
    const uint32_t end_count = graph->layout.group_count - 1;
    uint32_t group_count = 1;
    size_t further = 0;
    for (uint32_t i = 0; i < end_count; i++) {
        const uint32_t end = graph->group_ends[i];
        group_count += number >= end;
        further += number >= end ? number - end : 0;
    }
    return (vk_walk_place){
        graph->blocks + number * graph->layout.least_bytes + further * graph->layout.group_bytes,
        group_count,
    };
}

/// A query: its byte vector, and the table of its rotated vector.
typedef struct vk_walk_query {
    vk_byte_row row;
    const uint8_t *codes;
    const int8_t *table;
    /// What one unit of a table byte stands for, without the graph's unit.
    float step;
} vk_walk_query;

/// When to stop, and what counts as a result.
typedef struct vk_walk_rule {
    /// Results kept.
    uint32_t result_count;
    /// The walk stops where nothing open is nearer than (1 + gamma) times the result of this rank;
    /// not in force where gamma is negative.
    uint32_t stop_rank;
    float gamma;
    /// The walk stops where `width` expanded nodes are nearer than everything open; not in force
    /// where 0.
    uint32_t width;
    /// At the end, what is still open and nearer than (1 + tail) times the result of stop_rank is
    /// measured and may be a result; not in force where negative.
    float tail;
    /// Nodes expanded at most.
    uint32_t expansion_cap;
    /// One bit for each row that may be a result, or NULL: all of them. Others are walked through.
    const uint64_t *_Nullable live;
    /// A block that is treated as if it were not there; none where UINT32_MAX.
    uint32_t excluded;
    /// Of a walk among several: it goes on in any case until so many expanded nodes are nearer than
    /// everything open; at most vk_walk_lead_limit.
    uint32_t lead;
    /// Groups of seeds that are looked through, at most vk_walk_seed_range_limit; 0: all of them.
    uint32_t seed_group_count;
    /// Whether the front is that of the walk before: a walk on over another graph.
    bool keeps_front;
} vk_walk_rule;

enum { vk_walk_lead_limit = 32, vk_walk_seed_range_limit = 8 };

/// Memory of one walk at a time, reused for the next; its owner allocates it.
typedef struct vk_walk_scratch {
    /// A mark for each block, different from `epoch` where it has not been visited.
    uint8_t *visited;
    uint32_t row_count;
    uint8_t epoch;
    /// open_capacity + 16 entries each, unordered.
    float *open_distances;
    uint32_t *open_blocks;
    uint32_t open_capacity;
    uint32_t open_count;
    /// Results, nearest first, ties by lower row; result_count of the rule.
    float *result_distances;
    uint32_t *result_rows;
    uint32_t *result_blocks;
    uint32_t result_count;
    /// Distances of the nearest expanded nodes, ascending; room for the widest rule so far.
    float *front;
    uint32_t front_count;
    /// Room for the distances to the seeds and to the leaders of their groups.
    float *seed_distances;
    /// The ranges of seeds that have been measured.
    uint32_t seed_starts[vk_walk_seed_range_limit], seed_ends[vk_walk_seed_range_limit];
    uint32_t seed_range_count;
    uint32_t seed_measured;
    /// Of the last walk: nodes expanded, neighbours estimated, 8-bit distances.
    uint32_t expanded;
    uint32_t estimated;
    uint32_t measured;
    /// Whether the last walk ended at a block that was not admitted.
    bool refused;
} vk_walk_scratch;

/// The distances of the nearest rows that several walks have found together, ascending.
typedef struct vk_walk_nearest {
    /// Room for `limit`, which is the rank that the walks' slack refers to.
    float *distances;
    uint32_t limit;
    uint32_t count;
} vk_walk_nearest;

/// The node chosen to be expanded next.
typedef struct vk_walk_choice {
    uint32_t block;
    float distance;
    vk_walk_place place;
} vk_walk_choice;

/// What is still to be asked for of a block that is read soon.
///
/// A processor waits where more lines are asked for than it can have under way (10 to 16), so they
/// are asked for a few at a time, between other work.
typedef struct vk_walk_fetch {
    const uint8_t *next;
    const uint8_t *end;
} vk_walk_fetch;

/// A walk under way. Who has several walk together fills in the first part.
typedef struct vk_walk_state {
    const vk_walk_graph *graph;
    const vk_walk_query *query;
    const vk_walk_rule *rule;
    vk_walk_scratch *scratch;
    /// What all the walks have found; NULL for a walk by itself.
    vk_walk_nearest *_Nullable nearest;
    /// By how much distances in this graph are larger than in `nearest`.
    float offset;

    float step;
    float square_unit;
    /// Nothing farther is expanded.
    float stop_limit;
    /// Nothing farther is opened: stop_limit, or more where there is a tail.
    float limit;
    /// Distances of the nearest expanded nodes of this graph, ascending.
    float lead[vk_walk_lead_limit];
    uint32_t lead_count;
    /// Open entries above which those beyond the limit are thrown out.
    uint32_t compact_count;
    bool has_next;
    vk_walk_choice next;
    /// Of the block of `next`.
    vk_walk_fetch fetch;
} vk_walk_state;

/// Walks the graph from its nearest seed and leaves the results in `scratch`.
typedef void (*vk_walk_kernel)(const vk_walk_graph *graph, const vk_walk_query *query,
                               const vk_walk_rule *rule, vk_walk_scratch *scratch);

/// The kernel of `tier`, or NULL where this machine cannot run it. All tiers give the same results.
vk_walk_kernel _Nullable vk_walk_for(vk_tier tier);

/// Walks several graphs towards one query, a step of each in turn, and leaves the results of each
/// in its scratch. The walks share what they know: each goes on until nothing open is within
/// (1 + gamma) of the rank-th of all rows found, and its `lead` is reached. `width` and `tail` are
/// not looked at.
typedef void (*vk_walks_kernel)(vk_walk_state *walks, uint32_t count);

/// The same for walks together.
vk_walks_kernel _Nullable vk_walks_for(vk_tier tier);

/// Enters a distance into those of the nearest rows.
static inline void vk_walk_insert_nearest(vk_walk_nearest *nearest, float distance) {
    float *distances = nearest->distances;
    uint32_t place = nearest->count;
    if (place < nearest->limit) {
        nearest->count += 1;
    } else if (place == 0 || distance >= distances[--place]) {
        return;
    }
    for (; place > 0 && distances[place - 1] > distance; place--) {
        distances[place] = distances[place - 1];
    }
    distances[place] = distance;
}

/// Measures the seeds that a walk may begin at: all of them, or those of the nearest groups.
void vk_walk_measure_seeds(const vk_kernels *kernels, const vk_walk_graph *graph,
                           const vk_walk_query *query, const vk_walk_rule *rule,
                           vk_walk_scratch *scratch);

/// Inserts a result at its rank where it has one, keeping at most `limit`.
void vk_walk_insert_result(vk_walk_scratch *scratch, float distance, uint32_t row,
                           uint32_t block, uint32_t limit);

/// Inserts the distance of an expanded node into the front, keeping at most `limit`, or as many as
/// there are already.
void vk_walk_insert_front(vk_walk_scratch *scratch, float distance, uint32_t limit);

/// The distance below which a quarter of the open entries lie, for the rare moment when they are
/// too many.
float vk_walk_quarter(const vk_walk_scratch *scratch);

#pragma clang assume_nonnull end
