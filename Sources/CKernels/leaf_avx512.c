// Leaves on x86-64 with AVX-512 VNNI.
#if defined(__x86_64__)

#include <immintrin.h>

#include "leaf_internal.h"

#define VG_TARGET                                                                             \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

/// The instruction multiplies unsigned by signed bytes; panels hold codes less 128 on this tier, so
/// sums are short by 128 times the sum of the row.
VG_TARGET static void block_dots(
    const vg_point *points, uint32_t row_count, const uint8_t *panel, uint32_t group_count,
    uint32_t (*dots)[vg_panel_columns]) {
    __m512i sums[vg_block_rows];
    for (int r = 0; r < vg_block_rows; r++) sums[r] = _mm512_setzero_si512();
    for (uint32_t g = 0; g < group_count; g++) {
        const __m512i columns = _mm512_loadu_si512(panel + 64 * (size_t)g);
#pragma clang loop unroll(full)
        for (int r = 0; r < vg_block_rows; r++) {
            int32_t four;
            memcpy(&four, points[r].code + 4 * (size_t)g, 4);
            sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_set1_epi32(four), columns);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < vg_block_rows; r++) {
        if ((uint32_t)r >= row_count) break;
        const __m512i missing = _mm512_set1_epi32((int32_t)(128 * points[r].row->sum));
        _mm512_storeu_si512(dots[r], _mm512_add_epi32(sums[r], missing));
    }
}

VG_TARGET static inline uint32_t whole_mask(
    const uint32_t *dots, const uint32_t *square_sums, uint32_t row_square, uint32_t limit) {
    const __m512i squares =
        _mm512_add_epi32(_mm512_loadu_si512(square_sums), _mm512_set1_epi32((int32_t)row_square));
    const __m512i whole =
        _mm512_sub_epi32(squares, _mm512_slli_epi32(_mm512_loadu_si512(dots), 1));
    return _mm512_cmple_epu32_mask(whole, _mm512_set1_epi32((int32_t)limit));
}

VG_TARGET static inline uint32_t estimate_mask(
    const uint32_t *dots, const float *columns, const vg_estimate *row, bool lifted, float limit) {
    const __m512 lo = _mm512_loadu_ps(columns), delta = _mm512_loadu_ps(columns + 16);
    const __m512 sum = _mm512_loadu_ps(columns + 32), norm2 = _mm512_loadu_ps(columns + 48);
    const __m512 dot = _mm512_cvtepu32_ps(_mm512_loadu_si512(dots));
    __m512 product = _mm512_mul_ps(sum, _mm512_set1_ps(row->lo));
    product = _mm512_fmadd_ps(lo, _mm512_set1_ps(row->weight), product);
    product = _mm512_fmadd_ps(
        _mm512_mul_ps(delta, _mm512_set1_ps(row->delta)), dot, product);
    __m512 distance = _mm512_fnmadd_ps(
        _mm512_set1_ps(2), product, _mm512_add_ps(norm2, _mm512_set1_ps(row->norm2)));
    if (lifted || row->lift != 0) {
        const __m512 apart =
            _mm512_sub_ps(_mm512_loadu_ps(columns + 64), _mm512_set1_ps(row->lift));
        distance = _mm512_fmadd_ps(apart, apart, distance);
    }
    return _mm512_cmp_ps_mask(distance, _mm512_set1_ps(limit), _CMP_NGT_UQ);
}

/// The distances to eight columns: the rule of vk_byte_combine, operation by operation.
VG_TARGET static inline __m256 eight_distances(
    const vg_leaf *leaf, uint32_t first, const vk_byte_row *row, bool uniform,
    const uint32_t *dots, uint32_t dimension) {
    const __m256i dot = _mm256_loadu_si256((const __m256i *)dots);
    const __m256i squares = _mm256_loadu_si256((const __m256i *)(leaf->square_sums + first));
    const __m256i whole = _mm256_sub_epi32(
        _mm256_add_epi32(squares, _mm256_set1_epi32((int32_t)row->square_sum)),
        _mm256_slli_epi32(dot, 1));
    const double delta = row->delta, delta2 = delta * delta;
    __m512d distance = _mm512_mul_pd(_mm512_set1_pd(delta2), _mm512_cvtepu32_pd(whole));
    const float *numbers = leaf->numbers + (size_t)(first & ~15u) * vg_leaf_numbers + (first & 8);
    if (!uniform) {
        const __m256 column_lo = _mm256_loadu_ps(numbers);
        const __m256 column_delta = _mm256_loadu_ps(numbers + 16);
        const __m512d lo =
            _mm512_sub_pd(_mm512_set1_pd(row->lo), _mm512_cvtps_pd(column_lo));
        const __m512d scale = _mm512_cvtps_pd(column_delta);
        const __m512d sum = _mm512_mul_pd(
            scale, _mm512_cvtepu32_pd(_mm256_loadu_si256((const __m256i *)(leaf->sums + first))));
        const __m512d sums = _mm512_sub_pd(_mm512_set1_pd(delta * (double)row->sum), sum);
        const __m512d shift = _mm512_add_pd(
            _mm512_mul_pd(lo, _mm512_set1_pd(dimension)), _mm512_add_pd(sums, sums));
        __m512d apart = _mm512_add_pd(
            _mm512_mul_pd(lo, shift), _mm512_set1_pd(delta2 * (double)row->square_sum));
        apart = _mm512_add_pd(
            apart, _mm512_mul_pd(_mm512_mul_pd(scale, scale), _mm512_cvtepu32_pd(squares)));
        const __m512d product = _mm512_mul_pd(_mm512_set1_pd(delta), scale);
        apart = _mm512_sub_pd(
            apart, _mm512_mul_pd(_mm512_add_pd(product, product), _mm512_cvtepu32_pd(dot)));
        apart = _mm512_max_pd(_mm512_setzero_pd(), apart);
        const __mmask8 same =
            _mm256_cmp_ps_mask(column_lo, _mm256_set1_ps(row->lo), _CMP_EQ_OQ)
            & _mm256_cmp_ps_mask(column_delta, _mm256_set1_ps(row->delta), _CMP_EQ_OQ);
        distance = _mm512_mask_blend_pd(same, apart, distance);
    }
    const __m512d lift = _mm512_sub_pd(
        _mm512_set1_pd(row->lift), _mm512_cvtps_pd(_mm256_loadu_ps(numbers + 64)));
    return _mm512_cvtpd_ps(_mm512_add_pd(distance, _mm512_mul_pd(lift, lift)));
}

/// Eight keys.
VG_TARGET static inline __m512i eight_keys(__m256 distances, __m256i labels) {
    const __m512i bits = _mm512_cvtepu32_epi64(_mm256_castps_si256(distances));
    return _mm512_or_si512(
        _mm512_slli_epi64(bits, 32), _mm512_slli_epi64(_mm512_cvtepu32_epi64(labels), 1));
}

#define VG_KEEPS_NEAREST
enum { vg_kept_at_once = 16 };

/// Puts the columns of `mask` into a sorted list of at most 16 keys, without branches: in a list
/// with one more key every place has the smaller of its own and the larger of the new and the one
/// before.
VG_TARGET static inline uint32_t keep_nearest_at_once(
    const vg_leaf *leaf, uint32_t first, uint32_t mask, const vk_byte_row *row, bool uniform,
    const uint32_t *dots, uint32_t dimension, uint32_t own, uint32_t k, vg_key *best,
    uint32_t count) {
    const __m256i low = _mm256_loadu_si256((const __m256i *)(leaf->labels + first));
    const __m256i high = _mm256_loadu_si256((const __m256i *)(leaf->labels + first + 8));
    const __m256i self = _mm256_set1_epi32((int32_t)own);
    mask &= (uint32_t)_mm256_cmpneq_epi32_mask(low, self)
        | (uint32_t)_mm256_cmpneq_epi32_mask(high, self) << 8;
    vg_key fresh[16];
    uint32_t fresh_count = 0;
    if (mask & 0xFF) {
        const __m256 distances = eight_distances(leaf, first, row, uniform, dots, dimension);
        _mm512_mask_compressstoreu_epi64(
            fresh, (__mmask8)mask, eight_keys(distances, low));
        fresh_count = (uint32_t)__builtin_popcount(mask & 0xFF);
    }
    if (mask >> 8) {
        const __m256 distances =
            eight_distances(leaf, first + 8, row, uniform, dots + 8, dimension);
        _mm512_mask_compressstoreu_epi64(
            fresh + fresh_count, (__mmask8)(mask >> 8), eight_keys(distances, high));
        fresh_count += (uint32_t)__builtin_popcount(mask >> 8);
    }
    const uint32_t there = (1u << count) - 1, places = (1u << k) - 1;
    const __m512i none = _mm512_set1_epi64(-1), zero = _mm512_setzero_si512();
    __m512i near = _mm512_mask_loadu_epi64(none, (__mmask8)there, best);
    __m512i far = _mm512_mask_loadu_epi64(none, (__mmask8)(there >> 8), best + 8);
    for (uint32_t i = 0; i < fresh_count; i++) {
        const __m512i key = _mm512_set1_epi64((int64_t)fresh[i]);
        const __m512i before_far = _mm512_alignr_epi64(far, near, 7);
        const __m512i before_near = _mm512_alignr_epi64(near, zero, 7);
        far = _mm512_min_epu64(far, _mm512_max_epu64(before_far, key));
        near = _mm512_min_epu64(near, _mm512_max_epu64(before_near, key));
    }
    _mm512_mask_storeu_epi64(best, (__mmask8)places, near);
    _mm512_mask_storeu_epi64(best + 8, (__mmask8)(places >> 8), far);
    return count + fresh_count < k ? count + fresh_count : k;
}

#include "leaf_body.h"

void vg_leaf_nearest_avx512(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    bool skips_own, uint32_t k, vg_key *best, uint32_t *best_counts) {
    leaf_nearest(space, leaf, rows, row_count, skips_own, k, best, best_counts);
}

#else
typedef int vg_no_avx512_leaf_here;
#endif
