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

VG_TARGET static inline uint32_t whole_mask(
    const uint32_t *dots, const uint32_t *square_sums, uint32_t row_square, uint32_t limit) {
    const __m256i square = _mm256_set1_epi32((int32_t)row_square);
    const __m256i most = _mm256_set1_epi32((int32_t)limit);
    uint32_t mask = 0;
    for (int i = 0; i < 2; i++) {
        const __m256i dot = _mm256_loadu_si256((const __m256i *)(dots + 8 * i));
        const __m256i squares = _mm256_add_epi32(
            _mm256_loadu_si256((const __m256i *)(square_sums + 8 * i)), square);
        const __m256i whole = _mm256_sub_epi32(squares, _mm256_slli_epi32(dot, 1));
        const __m256i near = _mm256_cmpeq_epi32(_mm256_min_epu32(whole, most), whole);
        mask |= (uint32_t)_mm256_movemask_ps(_mm256_castsi256_ps(near)) << (8 * i);
    }
    return mask;
}

VG_TARGET static inline uint32_t estimate_mask(
    const uint32_t *dots, const float *columns, const vg_estimate *row, bool lifted, float limit) {
    uint32_t mask = 0;
    for (int i = 0; i < 2; i++, columns += 8, dots += 8) {
        const __m256i whole = _mm256_loadu_si256((const __m256i *)dots);
        // There is no conversion of unsigned numbers: by halves, each of which is exact.
        const __m256 dot = _mm256_add_ps(
            _mm256_mul_ps(
                _mm256_cvtepi32_ps(_mm256_srli_epi32(whole, 16)), _mm256_set1_ps(65536)),
            _mm256_cvtepi32_ps(_mm256_and_si256(whole, _mm256_set1_epi32(0xFFFF))));
        const __m256 scale =
            _mm256_mul_ps(_mm256_loadu_ps(columns + 16), _mm256_set1_ps(row->delta));
        __m256 product = _mm256_mul_ps(_mm256_loadu_ps(columns + 32), _mm256_set1_ps(row->lo));
        product = _mm256_add_ps(
            product, _mm256_mul_ps(_mm256_loadu_ps(columns), _mm256_set1_ps(row->weight)));
        product = _mm256_add_ps(product, _mm256_mul_ps(scale, dot));
        __m256 distance =
            _mm256_add_ps(_mm256_loadu_ps(columns + 48), _mm256_set1_ps(row->norm2));
        distance = _mm256_sub_ps(distance, _mm256_add_ps(product, product));
        if (lifted || row->lift != 0) {
            const __m256 apart =
                _mm256_sub_ps(_mm256_loadu_ps(columns + 64), _mm256_set1_ps(row->lift));
            distance = _mm256_add_ps(distance, _mm256_mul_ps(apart, apart));
        }
        const __m256 near = _mm256_cmp_ps(distance, _mm256_set1_ps(limit), _CMP_NGT_UQ);
        mask |= (uint32_t)_mm256_movemask_ps(near) << (8 * i);
    }
    return mask;
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
