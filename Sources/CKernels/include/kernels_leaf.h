// Comparing all rows of a leaf with each other, in blocks: many times cheaper than one pair at a time.
#pragma once

#include "kernels_graph.h"

#pragma clang assume_nonnull begin

/// Rows packed for comparing: panels of 16 columns, four components of each column side by side.
///
/// Zero it before the first use; buffers grow and are kept.
typedef struct {
    uint8_t *_Nullable codes;
    /// For every column: lo, delta, delta * sum, delta * delta * square_sum and lift.
    double *_Nullable numbers;
    uint32_t *_Nullable square_sums;
    uint32_t *_Nullable labels;
    size_t code_capacity;
    uint32_t column_capacity;
    uint32_t count;
    /// All columns have the lo and delta of the first.
    bool uniform;
} vg_leaf;

/// Packs `count` rows; `labels` name them in results, the rows themselves where it is NULL.
void vg_leaf_pack(
    const vg_space *space, const uint32_t *rows, const uint32_t *_Nullable labels, uint32_t count,
    vg_leaf *leaf);
/// Gives the buffers back.
void vg_leaf_free(vg_leaf *leaf);

/// For each of `row_count` rows, the `k` nearest columns by (distance, label), sorted, in `best + i * k`.
///
/// `best_counts` says how many are there already, and is kept up to date. Columns whose label is the row
/// are passed over if `skips_own`.
void vg_leaf_nearest(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    bool skips_own, uint32_t k, vg_key *best, uint32_t *best_counts);

/// Puts sorted keys into the sorted list of the `limit` nearest at `list`, each row once; under the lock of the
/// list, whatever order calls come in. `count` and `lock` belong to the list.
void vg_merge_finds(
    vg_key *list, uint16_t *count, uint8_t *lock, uint32_t limit, const vg_key *finds,
    uint32_t find_count);

#pragma clang assume_nonnull end
