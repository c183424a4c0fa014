// Packing rows into panels, and choosing the tier that compares them.
#include <math.h>

#include "leaf_internal.h"

static void reserve(vg_leaf *leaf, uint32_t columns, size_t byte_count) {
    if (byte_count > leaf->code_capacity) {
        free(leaf->codes);
        leaf->codes = aligned_alloc(64, byte_count);
        leaf->code_capacity = byte_count;
    }
    if (columns > leaf->column_capacity) {
        free(leaf->numbers);
        free(leaf->headers);
        free(leaf->sums);
        free(leaf->square_sums);
        free(leaf->labels);
        leaf->numbers = malloc(sizeof(float) * vg_leaf_numbers * columns);
        leaf->headers = malloc(sizeof(vk_byte_row) * columns);
        leaf->sums = malloc(sizeof(uint32_t) * columns);
        leaf->square_sums = malloc(sizeof(uint32_t) * columns);
        leaf->labels = malloc(sizeof(uint32_t) * columns);
        leaf->column_capacity = columns;
    }
    if (!leaf->codes || !leaf->numbers || !leaf->headers || !leaf->sums || !leaf->square_sums
        || !leaf->labels)
        abort();
}

/// Writes column `column` of a panel, its components four by four.
static void pack_column(
    vg_leaf *leaf, uint32_t column, const vk_byte_row *row, const uint8_t *code,
    uint32_t padded, uint32_t flip) {
    uint32_t panel = column / vg_panel_columns, lane = column % vg_panel_columns;
    uint8_t *target = leaf->codes + (size_t)panel * vg_panel_columns * padded + 4 * lane;
    for (uint32_t g = 0; g < padded / 4; g++) {
        uint32_t four;
        memcpy(&four, code + 4 * (size_t)g, 4);
        four ^= flip;
        memcpy(target + 64 * (size_t)g, &four, 4);
    }
    float *numbers =
        leaf->numbers + (size_t)panel * vg_panel_columns * vg_leaf_numbers + lane;
    const float sum = row->delta * (float)row->sum;
    const float length = row->delta * sqrtf((float)row->square_sum);
    numbers[0] = row->lo;
    numbers[vg_panel_columns] = row->delta;
    numbers[2 * vg_panel_columns] = sum;
    numbers[3 * vg_panel_columns] = row->norm2;
    numbers[4 * vg_panel_columns] = row->lift;
    leaf->largest[0] = fmaxf(leaf->largest[0], fabsf(row->lo));
    leaf->largest[1] = fmaxf(leaf->largest[1], length);
    leaf->largest[2] = fmaxf(leaf->largest[2], sum);
    leaf->largest[3] = fmaxf(leaf->largest[3], row->norm2);
    leaf->lifted |= row->lift != 0;
    leaf->headers[column] = *row;
    leaf->sums[column] = row->sum;
    leaf->square_sums[column] = row->square_sum;
}

void vg_leaf_pack(
    const vg_space *space, const uint32_t *rows, const uint32_t *labels, uint32_t count,
    vg_leaf *leaf) {
    const uint32_t padded = space->table->padded_count;
    const uint32_t columns = (count + vg_panel_columns - 1) / vg_panel_columns * vg_panel_columns;
    const uint32_t flip = space->kernels->tier == vk_tier_avx512 ? 0x80808080u : 0;
    reserve(leaf, columns, (size_t)columns * padded);
    leaf->count = count;
    leaf->uniform = true;
    leaf->lifted = false;
    memset(leaf->largest, 0, sizeof leaf->largest);
    for (uint32_t i = 0; i < columns; i++) {
        // Columns behind the last repeat it; they are never looked at.
        uint32_t row = rows[i < count ? i : count - 1];
        vg_point point = vg_point_of(space, row), first = vg_point_of(space, rows[0]);
        pack_column(leaf, i, point.row, point.code, padded, flip);
        leaf->labels[i] = labels && i < count ? labels[i] : row;
        leaf->uniform &=
            point.row->lo == first.row->lo && point.row->delta == first.row->delta;
    }
}

void vg_leaf_free(vg_leaf *leaf) {
    free(leaf->codes);
    free(leaf->numbers);
    free(leaf->headers);
    free(leaf->sums);
    free(leaf->square_sums);
    free(leaf->labels);
    memset(leaf, 0, sizeof(*leaf));
}

void vg_leaf_nearest(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    bool skips_own, uint32_t k, vg_key *best, uint32_t *best_counts) {
    vg_leaf_kernel *kernel = vg_leaf_nearest_scalar;
#if defined(__x86_64__)
    if (space->kernels->tier == vk_tier_avx2) kernel = vg_leaf_nearest_avx2;
    if (space->kernels->tier == vk_tier_avx512) kernel = vg_leaf_nearest_avx512;
#endif
    kernel(space, leaf, rows, row_count, skips_own, k, best, best_counts);
}
