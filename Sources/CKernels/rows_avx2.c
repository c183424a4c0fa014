// Row codes with AVX2.
#if defined(__x86_64__)

#include "lanes_avx2.h"
#include "rows_internal.h"

#include <string.h>

/// Levels are at most 127, so sums of two products stay inside 16 bits.
VK_TARGET static inline __m256i row_products(__m256i total, __m128i table, __m256i index,
                                             const int8_t *values) {
    const __m256i levels = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(table), index);
    const __m256i pairs = _mm256_maddubs_epi16(
        levels, _mm256_loadu_si256((const __m256i *)(const void *)values));
    return _mm256_add_epi32(total, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
}

VK_TARGET static inline int32_t row_dot(const uint8_t *codes, uint32_t row_bytes,
                                        const vk_row_levels *levels, const vk_row_query *query) {
    const uint32_t stride = vk_row_query_stride(row_bytes);
    const __m256i low_half = _mm256_set1_epi8(15);
    __m256i first = _mm256_setzero_si256(), second = first;
    for (uint32_t i = 0; i < row_bytes; i += 32) {
        uint8_t tail[32] = {0};
        const uint8_t *from = codes + i;
        if (row_bytes - i < 32) {
            memcpy(tail, from, row_bytes - i);
            from = tail;
        }
        const __m256i both = _mm256_loadu_si256((const __m256i *)(const void *)from);
        const __m256i low = _mm256_and_si256(both, low_half);
        const __m256i high = _mm256_and_si256(_mm256_srli_epi16(both, 4), low_half);
        const int8_t *values = query->values + i;
        for (uint32_t j = 0; j < levels->dims; j++) {
            const __m128i table =
                _mm_loadu_si128((const __m128i *)(const void *)levels->shifted[j]);
            first = row_products(first, table, low, values);
            second = row_products(second, table, high, values + stride);
            values += 2 * (size_t)stride;
        }
    }
    return (int32_t)sum_lanes(_mm256_add_epi32(first, second));
}

#include "rows_body.h"

const vk_row_kernels vk_row_kernels_avx2 = {VK_ROW_ENTRIES};

#else
typedef int vk_no_avx2_rows_here;
#endif
