// Half precision in integer arithmetic, for machines and tiers without instructions for it.
#pragma once

#include <stdint.h>
#include <string.h>

static inline float vk_half_to_float(uint16_t half) {
    const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    const uint32_t magnitude = half & 0x7FFF;
    uint32_t bits;
    if (magnitude >= 0x7C00) {
        // A quiet NaN stays one, a signalling one becomes quiet, as the instructions have it.
        bits = 0x7F800000 | (magnitude & 0x3FF) << 13 | (magnitude > 0x7C00 ? 0x400000 : 0);
    } else if (magnitude >= 0x0400) {
        bits = (magnitude << 13) + (112u << 23);
    } else {
        const float value = (float)magnitude * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
    }
    bits |= sign;
    float result;
    memcpy(&result, &bits, sizeof result);
    return result;
}

/// To nearest even; too large a number becomes infinite.
static inline uint16_t vk_float_to_half(float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000);
    bits &= 0x7FFFFFFF;
    if (bits > 0x7F800000) return (uint16_t)(sign | 0x7E00 | (bits >> 13 & 0x3FF));
    if (bits >= 0x47800000) return sign | 0x7C00;
    if (bits < 0x38800000) {
        // Adding 0.5 leaves the wanted bits, rounded, at the low end of the sum.
        float magnitude;
        memcpy(&magnitude, &bits, sizeof magnitude);
        magnitude += 0.5f;
        memcpy(&bits, &magnitude, sizeof bits);
        return (uint16_t)(sign | (bits - 0x3F000000));
    }
    const uint32_t odd = bits >> 13 & 1;
    bits += 0xC8000FFF + odd;
    return (uint16_t)(sign | bits >> 13);
}
