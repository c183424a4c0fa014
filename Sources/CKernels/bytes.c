// Rows of 8-bit codes: the one place where integer sums become float distances.

#include "include/vk_bytes.h"

#include <float.h>
#include <string.h>

#pragma STDC FP_CONTRACT OFF

_Static_assert(sizeof(vk_byte_row) == 32, "a byte row is 32 bytes in files");

float vk_byte_combine(const vk_byte_row *a, const vk_byte_row *b, uint32_t dot,
                      uint32_t dimension) {
    const double lift = (double)a->lift - (double)b->lift;
    const double delta_a = a->delta, delta_b = b->delta;
    double distance;
    if (a->delta == b->delta && a->lo == b->lo) {
        // The same scale on both sides, as all rows of whole numbers have it: exact.
        const int64_t sum = (int64_t)a->square_sum + b->square_sum - 2 * (int64_t)dot;
        distance = delta_a * delta_a * (double)sum;
    } else {
        // Only the difference of the origins counts, so data far from zero loses nothing.
        const double lo = (double)a->lo - (double)b->lo;
        const double shift = lo * (double)dimension
            + 2 * (delta_a * (double)a->sum - delta_b * (double)b->sum);
        distance = lo * shift + delta_a * delta_a * (double)a->square_sum
            + delta_b * delta_b * (double)b->square_sum - 2 * (delta_a * delta_b) * (double)dot;
        if (distance < 0) distance = 0;
    }
    return (float)(distance + lift * lift);
}

void vk_byte_distances(const vk_kernels *kernels, const vk_byte_table *table,
                       const vk_byte_row *query, const uint8_t *query_codes,
                       const uint32_t *ids, uint32_t first, size_t count, float *out) {
    uint32_t dots[64];
    const vk_byte_row header = *query;
    while (count > 0) {
        const size_t step = count < 64 ? count : 64;
        kernels->byte_dots(table, query_codes, header.sum, ids, first, step, dots);
        for (size_t i = 0; i < step; i++) {
            const uint32_t row = ids ? ids[i] : first + (uint32_t)i;
            out[i] = vk_byte_combine(&header, vk_byte_table_row(table, row), dots[i],
                                     table->dimension);
        }
        if (ids) ids += step;
        first += (uint32_t)step;
        out += step;
        count -= step;
    }
}

float vk_byte_distance(const vk_kernels *kernels, const vk_byte_table *table, uint32_t a,
                       uint32_t b) {
    const vk_byte_row *row = vk_byte_table_row(table, a);
    uint32_t dot;
    kernels->byte_dots(table, vk_byte_table_codes(table, a), row->sum, NULL, b, 1, &dot);
    return vk_byte_combine(row, vk_byte_table_row(table, b), dot, table->dimension);
}

/// Fills in what follows from the codes, their origin and their scale.
static void finish_row(vk_byte_row *row, float lo, float delta, size_t dimension) {
    const double origin = lo, scale = delta;
    row->lo = lo;
    row->delta = delta;
    row->norm2 = (float)(origin * (origin * (double)dimension + 2 * scale * (double)row->sum)
                         + scale * scale * (double)row->square_sum);
    row->lift = 0;
    row->reserved[0] = 0;
    row->reserved[1] = 0;
}

void vk_byte_encode_f32(const vk_kernels *kernels, const float *x, size_t dimension,
                        size_t padded_count, vk_byte_row *row, uint8_t *codes) {
    float lo, hi;
    kernels->range(x, dimension, &lo, &hi);
    // Minus zero would make rows differ that are equal.
    lo += 0.0f;
    float delta = (float)(((double)hi - (double)lo) / 255);
    memset(codes + dimension, 0, padded_count - dimension);
    if (delta < FLT_MIN) {
        // All components are the same, or as good as that.
        delta = 0;
        memset(codes, 0, dimension);
        row->sum = 0;
        row->square_sum = 0;
    } else {
        kernels->encode_codes(x, dimension, lo, 1 / delta, codes, &row->sum, &row->square_sum);
    }
    finish_row(row, lo, delta, dimension);
}

void vk_byte_encode_u8(const vk_kernels *kernels, const uint8_t *x, size_t dimension,
                       size_t padded_count, vk_byte_row *row, uint8_t *codes) {
    memmove(codes, x, dimension);
    memset(codes + dimension, 0, padded_count - dimension);
    kernels->byte_sums(codes, dimension, &row->sum, &row->square_sum);
    finish_row(row, 0, 1, dimension);
}

void vk_byte_encode_i8(const vk_kernels *kernels, const int8_t *x, size_t dimension,
                       size_t padded_count, vk_byte_row *row, uint8_t *codes) {
    for (size_t i = 0; i < dimension; i++) codes[i] = (uint8_t)x[i] ^ 0x80;
    memset(codes + dimension, 0, padded_count - dimension);
    kernels->byte_sums(codes, dimension, &row->sum, &row->square_sum);
    finish_row(row, -128, 1, dimension);
}

void vk_byte_decode(const vk_byte_row *row, const uint8_t *codes, size_t dimension, float *out) {
    for (size_t i = 0; i < dimension; i++) {
        const float step = row->delta * (float)codes[i];
        out[i] = row->lo + step;
    }
}
