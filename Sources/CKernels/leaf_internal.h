// What the files about leaves share.
#pragma once

#include "graph_internal.h"
#include "include/kernels_leaf.h"

enum { vg_panel_columns = 16, vg_block_rows = 8, vg_leaf_numbers = 5 };

/// One row's part of an estimated distance.
typedef struct {
    float lo, delta;
    /// lo * dimension + delta * sum.
    float weight;
    float norm2, lift;
    /// How far estimates may be off.
    float margin;
} vg_estimate;

typedef void vg_leaf_kernel(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    bool skips_own, uint32_t k, vg_key *best, uint32_t *best_counts);

extern vg_leaf_kernel vg_leaf_nearest_scalar;
#if defined(__x86_64__)
extern vg_leaf_kernel vg_leaf_nearest_avx2;
extern vg_leaf_kernel vg_leaf_nearest_avx512;
#endif
