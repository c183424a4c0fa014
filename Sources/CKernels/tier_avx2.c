// x86-64 with AVX2, FMA and F16C.
#if defined(__x86_64__)

#include <immintrin.h>

#define VK_TARGET __attribute__((target("avx2,fma,f16c")))
#define VK_HALF(x, i) ((float)((const _Float16 *)(const void *)(x))[i])

#include "half.h"
#include "tier_body.h"
#include "tier_tables.h"

/// Sum of the four 32-bit lanes' pairs: all eight lanes.
VK_TARGET static inline uint32_t sum_lanes(__m256i v) {
    __m128i x = _mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0x4E));
    x = _mm_add_epi32(x, _mm_shuffle_epi32(x, 0xB1));
    return (uint32_t)_mm_cvtsi128_si32(x);
}

/// Products of 32 pairs of codes. Even and odd codes are widened to 16 bits first, because the 8-bit
/// multiply-add would saturate.
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

VK_BYTE_DOTS(dot_row)

VK_TARGET static uint32_t dot_u8(const uint8_t *a, const uint8_t *b, size_t padded_count) {
    return dot_row(a, 0, b, padded_count);
}

VK_TARGET static void f32_to_f16(const float *x, size_t count, uint16_t *out) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        const __m128i half =
            _mm256_cvtps_ph(_mm256_loadu_ps(x + i), _MM_FROUND_TO_NEAREST_INT);
        _mm_storeu_si128((__m128i *)(out + i), half);
    }
    for (; i < count; i++) out[i] = vk_float_to_half(x[i]);
}

VK_TARGET static void f16_to_f32(const uint16_t *x, size_t count, float *out) {
    size_t i = 0;
    for (; i + 8 <= count; i += 8) {
        _mm256_storeu_ps(out + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(x + i))));
    }
    for (; i < count; i++) out[i] = vk_half_to_float(x[i]);
}

const vk_kernels vk_kernels_avx2 = {
    .tier = vk_tier_avx2,
    .dot_u8 = dot_u8,
    .byte_dots = byte_dots,
    .l2_u8 = l2_u8,
    VK_EXACT_ENTRIES,
    .encode_codes = encode_codes,
    .range = range,
    .byte_sums = byte_sums,
    .first_not_finite = first_not_finite,
    .f32_to_f16 = f32_to_f16,
    .f16_to_f32 = f16_to_f32,
};

#else
typedef int vk_no_avx2_here;
#endif
