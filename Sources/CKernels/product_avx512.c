// Product codes with AVX-512.
#if defined(__x86_64__)

#include "lanes_avx512.h"
#include "product_internal.h"

/// Entries are gathered as 32 bits, of which the low half counts; none behind the last byte.
VK_TARGET static inline void product_sums(const uint16_t *table, const uint8_t *codes,
                                          size_t row_bytes, size_t rows, uint32_t *sums) {
    const __m512i tables =
        _mm512_setr_epi32(0, 256, 512, 768, 1024, 1280, 1536, 1792, 2048, 2304, 2560, 2816, 3072,
                          3328, 3584, 3840);
    const __m512i low = _mm512_set1_epi32(0xFFFF), zero = _mm512_setzero_si512();
    __m512i totals[4];
    for (size_t r = 0; r < rows; r++) totals[r] = zero;
    for (size_t i = 0; i < row_bytes; i += 16) {
        const size_t left = row_bytes - i;
        const __mmask16 mask = (__mmask16)(left >= 16 ? 0xFFFF : (1u << left) - 1);
        const uint16_t *entries = table + i * 256;
        for (size_t r = 0; r < rows; r++) {
            const __m128i bytes = _mm_maskz_loadu_epi8(mask, codes + r * row_bytes + i);
            const __m512i places = _mm512_add_epi32(_mm512_cvtepu8_epi32(bytes), tables);
            const __m512i both = _mm512_mask_i32gather_epi32(zero, mask, places, entries, 2);
            totals[r] = _mm512_add_epi32(totals[r], _mm512_and_si512(both, low));
        }
    }
    for (size_t r = 0; r < rows; r++) sums[r] = (uint32_t)_mm512_reduce_add_epi32(totals[r]);
}

#include "product_body.h"

const vk_product_kernels vk_product_kernels_avx512 = {VK_PRODUCT_ENTRIES};

#else
typedef int vk_no_avx512_products_here;
#endif
