// Leaves in plain C.
#include "leaf_internal.h"

#define VG_TARGET

static void block_dots(
    const vg_point *points, uint32_t row_count, const uint8_t *panel, uint32_t group_count,
    uint32_t (*dots)[vg_panel_columns]) {
    for (uint32_t r = 0; r < row_count; r++) {
        uint32_t sums[vg_panel_columns] = {0};
        for (uint32_t g = 0; g < group_count; g++) {
            const uint8_t *a = points[r].code + 4 * (size_t)g, *b = panel + 64 * (size_t)g;
            for (uint32_t i = 0; i < vg_panel_columns; i++)
                sums[i] += (uint32_t)(a[0] * b[4 * i] + a[1] * b[4 * i + 1]
                                      + a[2] * b[4 * i + 2] + a[3] * b[4 * i + 3]);
        }
        memcpy(dots[r], sums, sizeof sums);
    }
}

static inline uint32_t whole_mask(
    const uint32_t *dots, const uint32_t *square_sums, uint32_t row_square, uint32_t limit) {
    uint32_t mask = 0;
    for (uint32_t i = 0; i < vg_panel_columns; i++)
        mask |= (uint32_t)(row_square + square_sums[i] - 2 * dots[i] <= limit) << i;
    return mask;
}

static inline uint32_t estimate_mask(
    const uint32_t *dots, const float *columns, const vg_estimate *row, bool lifted, float limit) {
    uint32_t mask = 0;
    for (uint32_t i = 0; i < vg_panel_columns; i++) {
        const float product = columns[i] * row->weight + columns[i + 32] * row->lo
            + columns[i + 16] * row->delta * (float)dots[i];
        const float apart = lifted || row->lift != 0 ? columns[i + 64] - row->lift : 0;
        const float distance = row->norm2 + columns[i + 48] - 2 * product + apart * apart;
        mask |= (uint32_t)!(distance > limit) << i;
    }
    return mask;
}

#include "leaf_body.h"

void vg_leaf_nearest_scalar(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    bool skips_own, uint32_t k, vg_key *best, uint32_t *best_counts) {
    leaf_nearest(space, leaf, rows, row_count, skips_own, k, best, best_counts);
}
