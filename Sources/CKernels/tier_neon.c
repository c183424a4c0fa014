// arm64. Bytes are multiplied to 16 bits and summed in pairs, which every arm64 machine can do.
#if defined(__aarch64__)

#include "half.h"
#include "lanes_neon.h"
#include "tier_body.h"
#include "tier_tables.h"

VK_BYTE_DOTS(dot_row)

static uint32_t dot_u8(const uint8_t *a, const uint8_t *b, size_t padded_count) {
    return dot_row(a, 0, b, padded_count);
}

static void f32_to_f16(const float *x, size_t count, uint16_t *out) {
    for (size_t i = 0; i < count; i++) out[i] = vk_float_to_half(x[i]);
}

static void f16_to_f32(const uint16_t *x, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = VK_HALF(x, i);
}

const vk_kernels vk_kernels_neon = {
    .tier = vk_tier_neon,
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
typedef int vk_no_neon_here;
#endif
