// Product codes with AVX2.
#if defined(__x86_64__)

#include "lanes_avx2.h"
#include "product_internal.h"

/// Entries are gathered as 32 bits, of which the low half counts.
VK_TARGET static inline void product_sums(const uint16_t *table, const uint8_t *codes,
                                          size_t row_bytes, size_t rows, uint32_t *sums) {
    const __m256i tables = _mm256_setr_epi32(0, 256, 512, 768, 1024, 1280, 1536, 1792);
    const __m256i low = _mm256_set1_epi32(0xFFFF);
    __m256i totals[4];
    for (size_t r = 0; r < rows; r++) totals[r] = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 8 <= row_bytes; i += 8) {
        const int *entries = (const int *)(const void *)(table + i * 256);
        for (size_t r = 0; r < rows; r++) {
            const __m128i eight =
                _mm_loadl_epi64((const __m128i *)(const void *)(codes + r * row_bytes + i));
            const __m256i places = _mm256_add_epi32(_mm256_cvtepu8_epi32(eight), tables);
            const __m256i both = _mm256_i32gather_epi32(entries, places, 2);
            totals[r] = _mm256_add_epi32(totals[r], _mm256_and_si256(both, low));
        }
    }
    for (size_t r = 0; r < rows; r++) {
        sums[r] = sum_lanes(totals[r]);
        for (size_t j = i; j < row_bytes; j++) {
            sums[r] += table[j * 256 + codes[r * row_bytes + j]];
        }
    }
}

#include "product_body.h"

const vk_product_kernels vk_product_kernels_avx2 = {VK_PRODUCT_ENTRIES};

#else
typedef int vk_no_avx2_products_here;
#endif
