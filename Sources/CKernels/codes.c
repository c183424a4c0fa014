// What codes need outside the tiers: their order in a group, their factors, the choice of kernels.

#include "half.h"
#include "include/vk_codes.h"
#include "tier_tables.h"

#pragma STDC FP_CONTRACT OFF

void vk_pack_lane(const uint8_t *row_codes, uint32_t subspace_count, uint32_t lane,
                  uint8_t *group_codes) {
    const uint32_t half = subspace_count / 2;
    for (uint32_t m = 0; m < half; m++) {
        const uint8_t both = (uint8_t)(row_codes[m] | row_codes[half + m] << 4);
        group_codes[(m / 4) * 64 + 4 * lane + m % 4] = both;
    }
}

int32_t vk_scan_lane(const uint8_t *group_codes, const int8_t *table, uint32_t subspace_count,
                     uint32_t lane) {
    const uint32_t half = subspace_count / 2;
    int32_t sum = 0;
    for (uint32_t m = 0; m < half; m++) {
        const uint8_t both = group_codes[(m / 4) * 64 + 4 * lane + m % 4];
        sum += table[m * 16 + (both & 15)] + table[(half + m) * 16 + (both >> 4)];
    }
    return sum;
}

/// A number in half precision that stays finite.
static uint16_t finite_half(float value) {
    const float limit = 65504;
    return vk_float_to_half(value > limit ? limit : value < -limit ? -limit : value);
}

void vk_code_factors(const vk_code_shape *shape, float norm2, const float products[2],
                     float unit, uint16_t *a, uint16_t *b) {
    // With D components and r the coded vector, the code stands for g / sqrt(D), and the scale that
    // leaves no bias is |r| / <g / sqrt(D), r / |r|> = sqrt(D) * norm2 / <g, r>.
    const float root = __builtin_elementwise_sqrt((float)shape->padded);
    const float scale = products[0] > 0 ? norm2 / products[0] : 0;
    *a = finite_half((norm2 + 2 * scale * products[1]) / (unit * unit));
    *b = finite_half(-2 * scale * root / unit);
}

const vk_code_kernels *vk_code_kernels_for(vk_tier tier) {
    if (!vk_kernels_for(tier)) return NULL;
    switch (tier) {
#if defined(__x86_64__)
    case vk_tier_avx2: return &vk_code_kernels_avx2;
    case vk_tier_avx512: return &vk_code_kernels_avx512;
#elif defined(__aarch64__)
    case vk_tier_neon: return &vk_code_kernels_neon;
#endif
    default: return &vk_code_kernels_scalar;
    }
}
