// x86-64 with AVX2, FMA and F16C.
#if defined(__x86_64__)

#include "half.h"
#include "lanes_avx2.h"
#include "tier_body.h"
#include "tier_tables.h"

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
