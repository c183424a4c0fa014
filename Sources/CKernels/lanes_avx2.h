// What every file of the AVX2 tier begins with: its target and its product sum of codes.
#pragma once

#include <immintrin.h>

#define VK_TARGET __attribute__((target("avx2,fma,f16c")))
#define VK_HALF(x, i) ((float)((const _Float16 *)(const void *)(x))[i])

#include <stddef.h>
#include <stdint.h>

/// Sum of the eight 32-bit lanes.
VK_TARGET static inline uint32_t sum_lanes(__m256i v) {
    __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4E));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xB1));
    return (uint32_t)_mm_cvtsi128_si32(x);
}

/// Products of 32 pairs of codes. Even and odd codes are widened to 16 bits first, because the
/// 8-bit multiply-add would saturate.
VK_TARGET static inline __m256i add_products(__m256i total, const uint8_t *a, const uint8_t *b) {
    const __m256i low = _mm256_set1_epi16(0x00FF);
    const __m256i x = _mm256_loadu_si256((const __m256i *)a);
    const __m256i y = _mm256_loadu_si256((const __m256i *)b);
    const __m256i even =
        _mm256_madd_epi16(_mm256_and_si256(x, low), _mm256_and_si256(y, low));
    const __m256i odd =
        _mm256_madd_epi16(_mm256_srli_epi16(x, 8), _mm256_srli_epi16(y, 8));
    return _mm256_add_epi32(total, _mm256_add_epi32(even, odd));
}

VK_TARGET static inline uint32_t dot_row(const uint8_t *query, uint32_t query_sum,
                                         const uint8_t *codes, size_t padded_count) {
    (void)query_sum;
    __m256i first = _mm256_setzero_si256(), second = first;
    for (size_t i = 0; i < padded_count; i += 64) {
        first = add_products(first, query + i, codes + i);
        second = add_products(second, query + i + 32, codes + i + 32);
    }
    return sum_lanes(_mm256_add_epi32(first, second));
}
