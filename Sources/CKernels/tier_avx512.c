// x86-64 with AVX-512 F, BW, VL, DQ, VNNI and VBMI.
#if defined(__x86_64__)

#include "lanes_avx512.h"
#include "tier_body.h"
#include "tier_tables.h"

VK_BYTE_DOTS(dot_row)

VK_TARGET static uint32_t dot_u8(const uint8_t *a, const uint8_t *b, size_t padded_count) {
    const __m512i zero = _mm512_setzero_si512();
    __m512i sums = zero;
    for (size_t i = 0; i < padded_count; i += 64) {
        sums = _mm512_add_epi64(sums, _mm512_sad_epu8(_mm512_loadu_si512(a + i), zero));
    }
    return dot_row(a, (uint32_t)_mm512_reduce_add_epi64(sums), b, padded_count);
}

/// A mask of the first `count` of 16 lanes.
static inline uint16_t lanes(size_t count) {
    return count >= 16 ? 0xFFFF : (uint16_t)((1u << count) - 1);
}

VK_TARGET static void f32_to_f16(const float *x, size_t count, uint16_t *out) {
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = lanes(count - i);
        const __m256i half = _mm512_cvtps_ph(
            _mm512_maskz_loadu_ps(mask, x + i), _MM_FROUND_TO_NEAREST_INT);
        _mm256_mask_storeu_epi16(out + i, mask, half);
    }
}

VK_TARGET static void f16_to_f32(const uint16_t *x, size_t count, float *out) {
    for (size_t i = 0; i < count; i += 16) {
        const __mmask16 mask = lanes(count - i);
        const __m512 value = _mm512_cvtph_ps(_mm256_maskz_loadu_epi16(mask, x + i));
        _mm512_mask_storeu_ps(out + i, mask, value);
    }
}

const vk_kernels vk_kernels_avx512 = {
    .tier = vk_tier_avx512,
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
typedef int vk_no_avx512_here;
#endif
