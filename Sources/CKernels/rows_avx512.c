// Row codes with AVX-512.
#if defined(__x86_64__)

#include "lanes_avx512.h"
#include "rows_internal.h"

VK_TARGET static inline int32_t row_dot(const uint8_t *codes, uint32_t row_bytes,
                                        const vk_row_levels *levels, const vk_row_query *query) {
    const uint32_t stride = vk_row_query_stride(row_bytes);
    const __m512i low_half = _mm512_set1_epi8(15);
    __m512i first = _mm512_setzero_si512(), second = first;
    for (uint32_t i = 0; i < row_bytes; i += 64) {
        const uint32_t left = row_bytes - i;
        const __mmask64 mask = left >= 64 ? ~0ull : (1ull << left) - 1;
        const __m512i both = _mm512_maskz_loadu_epi8(mask, codes + i);
        const __m512i low = _mm512_and_si512(both, low_half);
        const __m512i high = _mm512_and_si512(_mm512_srli_epi16(both, 4), low_half);
        const int8_t *values = query->values + i;
        for (uint32_t j = 0; j < levels->dims; j++) {
            const __m512i table = _mm512_broadcast_i32x4(
                _mm_loadu_si128((const __m128i *)(const void *)levels->shifted[j]));
            first = _mm512_dpbusd_epi32(
                first, _mm512_shuffle_epi8(table, low), _mm512_loadu_si512(values));
            second = _mm512_dpbusd_epi32(
                second, _mm512_shuffle_epi8(table, high), _mm512_loadu_si512(values + stride));
            values += 2 * (size_t)stride;
        }
    }
    return _mm512_reduce_add_epi32(_mm512_add_epi32(first, second));
}

#include "rows_body.h"

/// Lane r of the result is the sum of the lanes of v[r].
VK_TARGET static inline __m512i sum_each(__m512i v[16]) {
    for (int i = 0; i < 8; i++) {
        v[i] = _mm512_add_epi32(_mm512_unpacklo_epi32(v[2 * i], v[2 * i + 1]),
                                _mm512_unpackhi_epi32(v[2 * i], v[2 * i + 1]));
    }
    for (int i = 0; i < 4; i++) {
        v[i] = _mm512_add_epi32(_mm512_unpacklo_epi64(v[2 * i], v[2 * i + 1]),
                                _mm512_unpackhi_epi64(v[2 * i], v[2 * i + 1]));
    }
    for (int i = 0; i < 2; i++) {
        v[i] = _mm512_add_epi32(_mm512_shuffle_i32x4(v[2 * i], v[2 * i + 1], 0x88),
                                _mm512_shuffle_i32x4(v[2 * i], v[2 * i + 1], 0xDD));
    }
    return _mm512_add_epi32(_mm512_shuffle_i32x4(v[0], v[1], 0x88),
                            _mm512_shuffle_i32x4(v[0], v[1], 0xDD));
}

/// Bits `shift` and 15 more of each of 16 factors, from half precision.
VK_TARGET static inline __m512 factor_lanes(const vk_row_factors *factors, unsigned shift) {
    const __m512i low = _mm512_srli_epi64(_mm512_loadu_si512(factors), shift);
    const __m512i high = _mm512_srli_epi64(_mm512_loadu_si512(factors + 8), shift);
    return _mm512_cvtph_ps(
        _mm256_set_m128i(_mm512_cvtepi64_epi16(high), _mm512_cvtepi64_epi16(low)));
}

/// The estimates of a group of 16 rows of one list: those of row_estimate, operation by operation.
VK_TARGET static inline __m512 group_estimates(
    const vk_row_codes *codes, const vk_row_query *query, const vk_row_levels *levels,
    const uint8_t *group, float base) {
    const uint32_t stride = vk_row_query_stride(codes->row_bytes), dims = levels->dims;
    const __m512i low_half = _mm512_set1_epi8(15);
    const uint8_t *rows = group + vk_row_group * sizeof(vk_row_factors);
    __m512i sums[16];
    for (int r = 0; r < 16; r++) sums[r] = _mm512_setzero_si512();
    for (uint32_t i = 0; i < codes->row_bytes; i += 64) {
        const uint32_t left = codes->row_bytes - i;
        const __mmask64 mask = left >= 64 ? ~0ull : (1ull << left) - 1;
        for (uint32_t j = 0; j < dims; j++) {
            const int8_t *values = query->values + 2 * (size_t)j * stride + i;
            const __m512i low_values = _mm512_loadu_si512(values);
            const __m512i high_values = _mm512_loadu_si512(values + stride);
            const __m512i table = _mm512_broadcast_i32x4(
                _mm_loadu_si128((const __m128i *)(const void *)levels->shifted[j]));
#pragma clang loop unroll(full)
            for (int r = 0; r < 16; r++) {
                const uint8_t *row = rows + (size_t)r * codes->row_bytes + i;
                const __m512i both = _mm512_maskz_loadu_epi8(mask, row);
                const __m512i low = _mm512_and_si512(both, low_half);
                const __m512i high = _mm512_and_si512(_mm512_srli_epi16(both, 4), low_half);
                sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_shuffle_epi8(table, low), low_values);
                sums[r] =
                    _mm512_dpbusd_epi32(sums[r], _mm512_shuffle_epi8(table, high), high_values);
            }
        }
    }
    const __m512i dots = _mm512_sub_epi32(sum_each(sums), _mm512_set1_epi32(query->offset));
    const vk_row_factors *factors = (const vk_row_factors *)(const void *)group;
    const __m512 fixed = _mm512_add_ps(
        _mm512_set1_ps(base),
        _mm512_mul_ps(_mm512_set1_ps(codes->unit * codes->unit), factor_lanes(factors, 0)));
    const __m512 scaled =
        _mm512_mul_ps(_mm512_set1_ps(query->step * codes->unit), _mm512_cvtepi32_ps(dots));
    return _mm512_add_ps(fixed, _mm512_mul_ps(factor_lanes(factors, 16), scaled));
}

VK_TARGET static size_t group_scan(const vk_row_codes *codes, const vk_row_query *query,
                                   uint32_t first, uint32_t count, float base, float limit,
                                   float *out_distances, uint32_t *out_rows) {
    const vk_row_levels *levels = vk_row_levels_of(codes->subspace_dims);
    const size_t group_bytes = vk_row_group_bytes(codes->row_bytes);
    const __m512i lanes =
        _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    size_t kept = 0;
    const uint32_t end = first + count;
    for (uint32_t start = first / vk_row_group * vk_row_group; start < end;
         start += vk_row_group) {
        const uint8_t *group = codes->groups + (size_t)(start / vk_row_group) * group_bytes;
        const __m512 distances = group_estimates(codes, query, levels, group, base);
        const __m512i rows = _mm512_add_epi32(lanes, _mm512_set1_epi32((int32_t)start));
        const __mmask16 near = _mm512_cmp_ps_mask(distances, _mm512_set1_ps(limit), _CMP_LT_OQ)
            & _mm512_cmpge_epu32_mask(rows, _mm512_set1_epi32((int32_t)first))
            & _mm512_cmplt_epu32_mask(rows, _mm512_set1_epi32((int32_t)end));
        if (!near) continue;
        _mm512_mask_compressstoreu_ps(out_distances + kept, near, distances);
        _mm512_mask_compressstoreu_epi32(out_rows + kept, near, rows);
        kept += (size_t)__builtin_popcount(near);
    }
    return kept;
}

const vk_row_kernels vk_row_kernels_avx512 = {.scan = group_scan, .gather = row_gather};

#else
typedef int vk_no_avx512_rows_here;
#endif
