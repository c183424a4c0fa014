// Leaves on x86-64 with AVX2.
#if defined(__x86_64__)

#include <immintrin.h>

#include "leaf_internal.h"

#define VG_TARGET __attribute__((target("avx2")))

/// Four components of four columns at a time, widened to 16 bits; two rows share the widening.
VG_TARGET static inline void pair_dots(
    const uint8_t *x, const uint8_t *y, const uint8_t *panel, uint32_t group_count,
    uint32_t *x_dots, uint32_t *y_dots) {
    __m256i x_sums[4], y_sums[4];
    for (int i = 0; i < 4; i++) x_sums[i] = y_sums[i] = _mm256_setzero_si256();
    for (uint32_t g = 0; g < group_count; g++) {
        int32_t x_four, y_four;
        memcpy(&x_four, x + 4 * (size_t)g, 4);
        memcpy(&y_four, y + 4 * (size_t)g, 4);
        const __m256i a = _mm256_cvtepu8_epi16(_mm_set1_epi32(x_four));
        const __m256i b = _mm256_cvtepu8_epi16(_mm_set1_epi32(y_four));
        for (int i = 0; i < 4; i++) {
            const __m256i columns = _mm256_cvtepu8_epi16(
                _mm_loadu_si128((const __m128i *)(panel + 64 * (size_t)g + 16 * i)));
            x_sums[i] = _mm256_add_epi32(x_sums[i], _mm256_madd_epi16(columns, a));
            y_sums[i] = _mm256_add_epi32(y_sums[i], _mm256_madd_epi16(columns, b));
        }
    }
    for (int i = 0; i < 4; i++) {
        uint32_t halves[8];
        _mm256_storeu_si256((__m256i *)halves, x_sums[i]);
        for (int j = 0; j < 4; j++) x_dots[4 * i + j] = halves[2 * j] + halves[2 * j + 1];
        _mm256_storeu_si256((__m256i *)halves, y_sums[i]);
        for (int j = 0; j < 4; j++) y_dots[4 * i + j] = halves[2 * j] + halves[2 * j + 1];
    }
}

VG_TARGET static void block_dots(
    const vg_point *points, uint32_t row_count, const uint8_t *panel, uint32_t group_count,
    uint32_t (*dots)[vg_panel_columns]) {
    for (uint32_t r = 0; r < row_count; r += 2)
        pair_dots(
            points[r].code, points[r + 1].code, panel, group_count, dots[r], dots[r + 1]);
}

VG_TARGET static uint32_t within_limit(const float *distances, float limit) {
    const __m256 most = _mm256_set1_ps(limit);
    const __m256 low = _mm256_cmp_ps(_mm256_loadu_ps(distances), most, _CMP_LE_OQ);
    const __m256 high = _mm256_cmp_ps(_mm256_loadu_ps(distances + 8), most, _CMP_LE_OQ);
    return (uint32_t)_mm256_movemask_ps(low) | (uint32_t)_mm256_movemask_ps(high) << 8;
}

#include "leaf_body.h"

void vg_leaf_nearest_avx2(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    bool skips_own, uint32_t k, vg_key *best, uint32_t *best_counts) {
    leaf_nearest(space, leaf, rows, row_count, skips_own, k, best, best_counts);
}

#else
typedef int vg_no_avx2_here;
#endif
