// Estimates from row codes, once for every tier.
//
// A tier's file includes its lanes_*.h and defines row_dot (the sum of products of shifted levels
// with the values of a query) before it includes this. Sums are of whole numbers and every float
// operation is rounded on its own: the same bits on every tier.

#include "rows_internal.h"

#pragma STDC FP_CONTRACT OFF

VK_TARGET static inline float row_estimate(const vk_row_codes *codes, const vk_row_query *query,
                                           const vk_row_levels *levels, uint32_t row,
                                           float base) {
    const vk_row_factors *factors = vk_row_factors_of(codes, row);
    const int32_t dot =
        row_dot(vk_row_codes_of(codes, row), codes->row_bytes, levels, query) - query->offset;
    const float fixed = base + codes->unit * codes->unit * VK_HALF(&factors->a, 0);
    return fixed + VK_HALF(&factors->b, 0) * (query->step * codes->unit * (float)dot);
}

VK_TARGET static inline size_t row_scan(const vk_row_codes *codes, const vk_row_query *query,
                                 uint32_t first, uint32_t count, float base, float limit,
                                 float *out_distances, uint32_t *out_rows) {
    const vk_row_levels *levels = vk_row_levels_of(codes->subspace_dims);
    size_t kept = 0;
    for (uint32_t row = first; row < first + count; row++) {
        const float distance = row_estimate(codes, query, levels, row, base);
        out_distances[kept] = distance;
        out_rows[kept] = row;
        kept += distance < limit;
    }
    return kept;
}

VK_TARGET static void row_gather(const vk_row_codes *codes, const vk_row_query *query,
                                 const uint32_t *rows, size_t count, const float *bases,
                                 float *out_distances) {
    const vk_row_levels *levels = vk_row_levels_of(codes->subspace_dims);
    for (size_t i = 0; i < count; i++) {
        const float base = bases[vk_row_factors_of(codes, rows[i])->list];
        out_distances[i] = row_estimate(codes, query, levels, rows[i], base);
    }
}

#define VK_ROW_ENTRIES .scan = row_scan, .gather = row_gather
