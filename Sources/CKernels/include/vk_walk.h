// The walk over fused blocks: a node's 8-bit vector, its neighbours' ids and their codes in one
// record.
#pragma once

#include <stdbool.h>

#include "vk_bytes.h"
#include "vk_codes.h"

#pragma clang assume_nonnull begin

/// Where the parts of a block lie; all offsets and strides are multiples of 64.
///
/// A block: 64 bytes of header (byte row, degree), the codes of the vector, then the groups of 16
/// neighbours: ids (64), factors A (32) and B (32), codes (8 * subspace_count). A slot without a
/// neighbour holds the node's own id.
typedef struct vk_walk_layout {
    uint32_t dimension;
    uint32_t padded_count;
    uint32_t subspace_count;
    uint32_t group_count;
    size_t stride;
} vk_walk_layout;

/// Offsets inside the header of a block and inside a group.
enum {
    vk_walk_degree_offset = 32,
    vk_walk_header_bytes = 64,
    vk_walk_a_offset = 64,
    vk_walk_b_offset = 96,
    vk_walk_codes_offset = 128,
};

/// Blocks, and rows to begin at.
typedef struct vk_walk_graph {
    vk_walk_layout layout;
    const uint8_t *blocks;
    uint32_t row_count;
    /// What the factors are relative to.
    float unit;
    /// Copies of some rows' vectors, close together; row i of it is row seed_rows[i] of the graph.
    vk_byte_table seeds;
    const uint32_t *seed_rows;
    uint32_t seed_count;
    /// One bit for each row whose block may be believed, or NULL: all of them. Bits are only ever
    /// set, by any thread.
    const uint64_t *_Nullable admitted;
    /// Asked before a block without its bit is read; where it says no, the walk ends and `refused`
    /// of the scratch is set.
    bool (*_Nullable admit)(void *_Nullable context, uint32_t row);
    void *_Nullable admit_context;
} vk_walk_graph;

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
} vk_walk_rule;

/// Memory of one walk at a time, reused for the next; its owner allocates it.
typedef struct vk_walk_scratch {
    /// row_count marks, all different from `epoch` where not visited.
    uint8_t *visited;
    uint32_t row_count;
    uint8_t epoch;
    /// open_capacity + 16 entries each, unordered.
    float *open_distances;
    uint32_t *open_rows;
    uint32_t open_capacity;
    uint32_t open_count;
    /// Results, nearest first, ties by lower row; result_count of the rule.
    float *result_distances;
    uint32_t *result_rows;
    uint32_t result_count;
    /// Distances of the nearest expanded nodes, ascending; `width` of the rule.
    float *front;
    uint32_t front_count;
    /// Room for the distances to the seeds, and as many product sums.
    float *seed_distances;
    /// Of the last walk: nodes expanded, neighbours estimated, 8-bit distances.
    uint32_t expanded;
    uint32_t estimated;
    uint32_t measured;
    /// Whether the last walk ended at a block that was not admitted.
    bool refused;
} vk_walk_scratch;

/// Walks the graph from its nearest seed and leaves the results in `scratch`.
typedef void (*vk_walk_kernel)(const vk_walk_graph *graph, const vk_walk_query *query,
                               const vk_walk_rule *rule, vk_walk_scratch *scratch);

/// The kernel of `tier`, or NULL where this machine cannot run it. All tiers give the same results.
vk_walk_kernel _Nullable vk_walk_for(vk_tier tier);

/// Fills the room seed_distances with distances from the query to the seeds.
void vk_walk_measure_seeds(const vk_kernels *kernels, const vk_walk_graph *graph,
                           const vk_walk_query *query, float *distances);

/// Inserts a result at its rank where it has one, keeping at most `limit`.
void vk_walk_insert_result(vk_walk_scratch *scratch, float distance, uint32_t row,
                           uint32_t limit);

/// Inserts the distance of an expanded node into the front, keeping at most `limit`.
void vk_walk_insert_front(vk_walk_scratch *scratch, float distance, uint32_t limit);

/// The distance below which a quarter of the open entries lie, for the rare moment when they are
/// too many.
float vk_walk_quarter(const vk_walk_scratch *scratch);

#pragma clang assume_nonnull end
