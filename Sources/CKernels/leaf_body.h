// The nearest columns of a leaf for blocks of eight rows, once for every tier.
//
// A tier's file defines VG_TARGET, block_dots (product sums of up to eight rows with one panel) and
// within_limit (a mask of the columns not farther than a limit) before it includes this.

#include "leaf_internal.h"

#pragma STDC FP_CONTRACT OFF

/// Distances to the 16 columns of a panel: the rule of vk_byte_combine, operation by operation.
VG_TARGET static inline void panel_distances(
    const vg_leaf *leaf, uint32_t first, const vk_byte_row *row, double dimension, bool uniform,
    const uint32_t *dots, float *distances) {
    const double *lo = leaf->numbers + (size_t)first * vg_leaf_numbers;
    const double *delta = lo + vg_panel_columns, *sum = delta + vg_panel_columns;
    const double *square = sum + vg_panel_columns, *lift = square + vg_panel_columns;
    const uint32_t *square_sums = leaf->square_sums + first;
    const double row_lo = row->lo, row_delta = row->delta, row_lift = row->lift;
    const double row_delta2 = row_delta * row_delta;
    const double row_sum = row_delta * (double)row->sum;
    const double row_square = row_delta2 * (double)row->square_sum;
    if (uniform) {
        for (uint32_t i = 0; i < vg_panel_columns; i++) {
            // A sum of squared differences of 65,536 codes is below 2^32.
            const uint32_t whole = row->square_sum + square_sums[i] - 2 * dots[i];
            const double apart = row_lift - lift[i];
            distances[i] = (float)(row_delta2 * (double)whole + apart * apart);
        }
        return;
    }
    for (uint32_t i = 0; i < vg_panel_columns; i++) {
        const uint32_t whole = row->square_sum + square_sums[i] - 2 * dots[i];
        const double origin = row_lo - lo[i];
        const double shift = origin * dimension + 2 * (row_sum - sum[i]);
        double distance = origin * shift + row_square + square[i]
            - 2 * (row_delta * delta[i]) * (double)dots[i];
        distance = distance < 0 ? 0 : distance;
        const bool same = (row_lo == lo[i]) & (row_delta == delta[i]);
        distance = same ? row_delta2 * (double)whole : distance;
        const double apart = row_lift - lift[i];
        distances[i] = (float)(distance + apart * apart);
    }
}

/// Puts the columns of `mask` into the best list of one row.
VG_TARGET static void keep_nearest(
    const vg_leaf *leaf, uint32_t first, uint32_t mask, const float *distances, uint32_t own,
    uint32_t k, vg_key *best, uint32_t *best_count) {
    uint32_t count = *best_count;
    while (mask) {
        const uint32_t column = (uint32_t)__builtin_ctz(mask);
        mask &= mask - 1;
        const uint32_t label = leaf->labels[first + column];
        const vg_key key = vg_make_key(distances[column], label);
        if (label == own || (count == k && key >= best[k - 1])) continue;
        uint32_t place = count < k ? count++ : k - 1;
        for (; place > 0 && best[place - 1] > key; place--) best[place] = best[place - 1];
        best[place] = key;
    }
    *best_count = count;
}

/// One block of rows against panels `first_panel` to `end_panel`.
VG_TARGET static void block_nearest(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    uint32_t first_panel, uint32_t end_panel, bool skips_own, uint32_t k, vg_key *best,
    uint32_t *best_counts) {
    const uint32_t padded = space->table->padded_count;
    const double dimension = space->table->dimension;
    vg_point points[vg_block_rows];
    bool uniform[vg_block_rows];
    for (uint32_t r = 0; r < vg_block_rows; r++) {
        points[r] = vg_point_of(space, rows[r < row_count ? r : 0]);
        uniform[r] = leaf->uniform && points[r].row->lo == (float)leaf->numbers[0]
            && points[r].row->delta == (float)leaf->numbers[vg_panel_columns];
    }
    for (uint32_t panel = first_panel; panel < end_panel; panel++) {
        uint32_t dots[vg_block_rows][vg_panel_columns];
        const uint32_t first = panel * vg_panel_columns, left = leaf->count - first;
        const uint32_t valid = left < vg_panel_columns ? (1u << left) - 1 : 0xFFFF;
        block_dots(points, row_count, leaf->codes + (size_t)first * padded, padded / 4, dots);
        for (uint32_t r = 0; r < row_count; r++) {
            float distances[vg_panel_columns];
            panel_distances(
                leaf, first, points[r].row, dimension, uniform[r], dots[r], distances);
            vg_key *list = best + (size_t)r * k;
            const float limit =
                best_counts[r] == k ? vg_key_distance(list[k - 1]) : __builtin_inff();
            const uint32_t mask = within_limit(distances, limit) & valid;
            if (mask)
                keep_nearest(
                    leaf, first, mask, distances, skips_own ? rows[r] : UINT32_MAX, k, list,
                    best_counts + r);
        }
    }
}

/// All rows against all columns, in tiles of columns that stay in the second-level cache.
VG_TARGET static void leaf_nearest(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    bool skips_own, uint32_t k, vg_key *best, uint32_t *best_counts) {
    enum { tile_bytes = 1 << 18 };
    const uint32_t panel_count = (leaf->count + vg_panel_columns - 1) / vg_panel_columns;
    uint32_t tile = tile_bytes / (vg_panel_columns * space->table->padded_count);
    if (tile == 0) tile = 1;
    for (uint32_t panel = 0; panel < panel_count; panel += tile) {
        const uint32_t end = panel_count - panel < tile ? panel_count : panel + tile;
        for (uint32_t r = 0; r < row_count; r += vg_block_rows) {
            const uint32_t count = row_count - r < vg_block_rows ? row_count - r : vg_block_rows;
            block_nearest(
                space, leaf, rows + r, count, panel, end, skips_own, k, best + (size_t)r * k,
                best_counts + r);
        }
    }
}
