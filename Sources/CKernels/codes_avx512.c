// Codes and the walk with AVX-512.
#if defined(__x86_64__)

#include "lanes_avx512.h"
#include "codes_body.h"

/// One 64-byte permutation looks up four sub-spaces of 16 lanes; one product sum with ones adds
/// them up.
VK_TARGET static inline void scan_group(const uint8_t *codes, const int8_t *table,
                                        uint32_t subspace_count, int32_t sums[vk_group_lanes]) {
    // Bits 4 and 5 of an index say which of the four sub-spaces, one for each byte of a lane.
    const __m512i place = _mm512_set1_epi32(0x30201000);
    const __m512i low_half = _mm512_set1_epi8(15), ones = _mm512_set1_epi8(1);
    // The truth table of (both & low_half) | place.
    enum { and_or = 0xEA };
    const int8_t *high_table = table + (size_t)subspace_count / 2 * 16;
    __m512i first = _mm512_setzero_si512(), second = first;
    for (size_t i = 0; i < (size_t)subspace_count * 8; i += 64) {
        const __m512i both = _mm512_loadu_si512(codes + i);
        const __m512i low = _mm512_ternarylogic_epi32(both, low_half, place, and_or);
        const __m512i high =
            _mm512_ternarylogic_epi32(_mm512_srli_epi32(both, 4), low_half, place, and_or);
        first = _mm512_dpbusd_epi32(
            first, ones, _mm512_permutexvar_epi8(low, _mm512_loadu_si512(table + i)));
        second = _mm512_dpbusd_epi32(
            second, ones, _mm512_permutexvar_epi8(high, _mm512_loadu_si512(high_table + i)));
    }
    _mm512_storeu_si512(sums, _mm512_add_epi32(first, second));
}

VK_TARGET static inline size_t select_below(const float *estimates, const uint32_t *rows,
                                            uint32_t row_count, float limit,
                                            float *out_distances, uint32_t *out_rows) {
    const __m512 distances = _mm512_loadu_ps(estimates);
    const __m512i ids = _mm512_loadu_si512(rows);
    const __mmask16 near = _mm512_cmp_ps_mask(distances, _mm512_set1_ps(limit), _CMP_LT_OQ)
        & _mm512_cmplt_epu32_mask(ids, _mm512_set1_epi32((int32_t)row_count));
    _mm512_storeu_ps(out_distances, _mm512_maskz_compress_ps(near, distances));
    _mm512_storeu_si512(out_rows, _mm512_maskz_compress_epi32(near, ids));
    return (size_t)__builtin_popcount(near);
}

VK_TARGET static inline size_t compact(float *distances, uint32_t *rows, size_t count,
                                       float limit) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i += 16) {
        const __m512 v = _mm512_loadu_ps(distances + i);
        const __m512i ids = _mm512_loadu_si512(rows + i);
        __mmask16 near = _mm512_cmp_ps_mask(v, _mm512_set1_ps(limit), _CMP_LT_OQ);
        if (count - i < 16) near &= (__mmask16)((1u << (count - i)) - 1);
        _mm512_storeu_ps(distances + kept, _mm512_maskz_compress_ps(near, v));
        _mm512_storeu_si512(rows + kept, _mm512_maskz_compress_epi32(near, ids));
        kept += (size_t)__builtin_popcount(near);
    }
    return kept;
}

VK_TARGET static inline size_t least(const float *distances, size_t count) {
    __m512 least = _mm512_loadu_ps(distances);
    for (size_t i = 16; i < count; i += 16) {
        least = _mm512_min_ps(_mm512_loadu_ps(distances + i), least);
    }
    const __m512 smallest = _mm512_set1_ps(_mm512_reduce_min_ps(least));
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 same =
            _mm512_cmp_ps_mask(_mm512_loadu_ps(distances + i), smallest, _CMP_EQ_OQ);
        if (same) return i + (size_t)__builtin_ctz(same);
    }
    return 0;
}

#include "walk_body.h"
#include "tier_tables.h"

const vk_code_kernels vk_code_kernels_avx512 = {VK_CODE_ENTRIES};

VK_TARGET void vk_walk_avx512(const vk_walk_graph *graph, const vk_walk_query *query,
                              const vk_walk_rule *rule, vk_walk_scratch *scratch) {
    walk_graph(graph, query, rule, scratch);
}

VK_TARGET void vk_walks_avx512(vk_walk_state *walks, uint32_t count) {
    walk_graphs(walks, count);
}

#else
typedef int vk_no_avx512_codes_here;
#endif
