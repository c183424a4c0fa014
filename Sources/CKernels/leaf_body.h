// The nearest columns of a leaf for blocks of eight rows, once for every tier.
//
// A tier's file defines VG_TARGET, block_dots (product sums of up to eight rows with one panel),
// and two masks of the columns that may be near enough: whole_mask for rows of one origin and
// scale, estimate_mask for others. Only columns of the mask get their exact distance.

#include <math.h>

#include "leaf_internal.h"

#pragma STDC FP_CONTRACT OFF

/// What all columns are compared with.
typedef struct {
    const vk_byte_row *row;
    vg_estimate estimate;
    bool uniform;
    /// The farthest a column may be, for whole_mask and estimate_mask.
    uint32_t whole_limit;
    float estimate_limit;
} leaf_row;

/// The row's part of an estimate, and how far an estimate may be off: each of its dozen roundings
/// is below 2^-24 of the largest term.
VG_TARGET static leaf_row prepare_row(
    const vg_leaf *leaf, const vk_byte_row *row, uint32_t dimension) {
    const float sum = row->delta * (float)row->sum;
    const float length = row->delta * sqrtf((float)row->square_sum);
    const float weight = row->lo * (float)dimension + sum;
    const float size = row->norm2 + leaf->largest[3]
        + 2 * ((fabsf(row->lo) * (float)dimension + sum) * leaf->largest[0]
               + fabsf(row->lo) * leaf->largest[2] + length * leaf->largest[1]);
    return (leaf_row){
        .row = row,
        .estimate = {
            .lo = row->lo, .delta = row->delta, .weight = weight, .norm2 = row->norm2,
            .lift = row->lift, .margin = 2e-6f * size},
        .uniform = leaf->uniform && row->lo == leaf->headers[0].lo
            && row->delta == leaf->headers[0].delta};
}

/// Makes `limit` the farthest a column may be.
VG_TARGET static inline void set_limit(leaf_row *row, float limit) {
    if (row->uniform) {
        const double delta2 = (double)row->row->delta * row->row->delta;
        // Without a scale this is infinite or no number, and all whole distances are zero.
        const double most = (double)limit / delta2 * (1 + 1e-6) + 1;
        row->whole_limit = most < 4294967295.0 ? (uint32_t)most : UINT32_MAX;
    } else {
        row->estimate_limit = limit + row->estimate.margin;
    }
}

/// The columns of a panel that may be near enough.
VG_TARGET static inline uint32_t near_mask(
    const vg_leaf *leaf, uint32_t first, const leaf_row *row, const uint32_t *dots) {
    if (row->uniform)
        return whole_mask(
            dots, leaf->square_sums + first, row->row->square_sum, row->whole_limit);
    return estimate_mask(
        dots, leaf->numbers + (size_t)first * vg_leaf_numbers, &row->estimate, leaf->lifted,
        row->estimate_limit);
}

/// The distance to a column: the rule of vk_byte_combine, operation by operation.
VG_TARGET static inline float column_distance(
    const vg_leaf *leaf, uint32_t column, const leaf_row *row, uint32_t dot, uint32_t dimension) {
    if (!row->uniform)
        return vk_byte_combine(row->row, leaf->headers + column, dot, dimension);
    const double delta2 = (double)row->row->delta * row->row->delta;
    // A sum of squared differences of 65,536 codes is below 2^32.
    const uint32_t whole = row->row->square_sum + leaf->square_sums[column] - 2 * dot;
    const double apart = (double)row->row->lift - leaf->headers[column].lift;
    return (float)(delta2 * (double)whole + apart * apart);
}

/// Puts the columns of `mask` into the best list of one row.
VG_TARGET static void keep_nearest_one_by_one(
    const vg_leaf *leaf, uint32_t first, uint32_t mask, leaf_row *row, const uint32_t *dots,
    uint32_t dimension, uint32_t own, uint32_t k, vg_key *best, uint32_t *best_count) {
    uint32_t count = *best_count;
    bool changed = false;
    while (mask) {
        const uint32_t column = (uint32_t)__builtin_ctz(mask);
        mask &= mask - 1;
        const uint32_t label = leaf->labels[first + column];
        const float distance =
            column_distance(leaf, first + column, row, dots[column], dimension);
        const vg_key key = vg_make_key(distance, label);
        if (label == own || (count == k && key >= best[k - 1])) continue;
        uint32_t place = count < k ? count++ : k - 1;
        for (; place > 0 && best[place - 1] > key; place--) best[place] = best[place - 1];
        best[place] = key;
        changed = true;
    }
    *best_count = count;
    if (changed && count == k) set_limit(row, vg_key_distance(best[k - 1]));
}

#ifndef VG_KEEPS_NEAREST
#define keep_nearest keep_nearest_one_by_one
#else
VG_TARGET static inline void keep_nearest(
    const vg_leaf *leaf, uint32_t first, uint32_t mask, leaf_row *row, const uint32_t *dots,
    uint32_t dimension, uint32_t own, uint32_t k, vg_key *best, uint32_t *best_count) {
    if (k > vg_kept_at_once) {
        keep_nearest_one_by_one(
            leaf, first, mask, row, dots, dimension, own, k, best, best_count);
        return;
    }
    const uint32_t before = *best_count;
    const uint32_t count = keep_nearest_at_once(
        leaf, first, mask, row->row, row->uniform, dots, dimension, own, k, best, before);
    *best_count = count;
    if (count == k) set_limit(row, vg_key_distance(best[k - 1]));
}
#endif

/// One block of rows against panels `first_panel` to `end_panel`.
VG_TARGET static void block_nearest(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    uint32_t first_panel, uint32_t end_panel, bool skips_own, uint32_t k, vg_key *best,
    uint32_t *best_counts) {
    const uint32_t padded = space->table->padded_count, dimension = space->table->dimension;
    vg_point points[vg_block_rows];
    leaf_row prepared[vg_block_rows];
    for (uint32_t r = 0; r < vg_block_rows; r++) {
        points[r] = vg_point_of(space, rows[r < row_count ? r : 0]);
        prepared[r] = prepare_row(leaf, points[r].row, dimension);
        const bool full = r < row_count && best_counts[r] == k;
        set_limit(
            prepared + r,
            full ? vg_key_distance(best[(size_t)r * k + k - 1]) : __builtin_inff());
    }
    for (uint32_t panel = first_panel; panel < end_panel; panel++) {
        uint32_t dots[vg_block_rows][vg_panel_columns];
        const uint32_t first = panel * vg_panel_columns, left = leaf->count - first;
        const uint32_t valid = left < vg_panel_columns ? (1u << left) - 1 : 0xFFFF;
        block_dots(points, row_count, leaf->codes + (size_t)first * padded, padded / 4, dots);
        for (uint32_t r = 0; r < row_count; r++) {
            const uint32_t mask = near_mask(leaf, first, prepared + r, dots[r]) & valid;
            if (mask)
                keep_nearest(
                    leaf, first, mask, prepared + r, dots[r], dimension,
                    skips_own ? rows[r] : UINT32_MAX, k, best + (size_t)r * k, best_counts + r);
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
