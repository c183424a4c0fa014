// Checks at the door and conversions; arithmetic that decides stored bytes has one fixed order.

#include "include/vk_convert.h"

#pragma STDC FP_CONTRACT OFF

double vk_norm2(const float *x, size_t count) {
    // Four sums whatever the machine's vectors hold: the order is part of the result.
    double sums[4] = {0, 0, 0, 0};
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
        for (size_t j = 0; j < 4; j++) {
            const double value = x[i + j];
            sums[j] += value * value;
        }
    }
    for (; i < count; i++) sums[i % 4] += (double)x[i] * (double)x[i];
    return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

int vk_normalise(float *x, size_t count) {
    const double norm2 = vk_norm2(x, count);
    if (!(norm2 > 0) || !__builtin_isfinite(norm2)) return 0;
    const double scale = 1 / __builtin_elementwise_sqrt(norm2);
    for (size_t i = 0; i < count; i++) x[i] = (float)((double)x[i] * scale);
    return 1;
}

size_t vk_f32_to_u8(const float *x, size_t count, uint8_t *out) {
    for (size_t i = 0; i < count; i++) {
        if (!(x[i] >= 0 && x[i] <= 255)) return i;
        const uint8_t whole = (uint8_t)x[i];
        if ((float)whole != x[i]) return i;
        out[i] = whole;
    }
    return count;
}

size_t vk_f32_to_i8(const float *x, size_t count, int8_t *out) {
    for (size_t i = 0; i < count; i++) {
        if (!(x[i] >= -128 && x[i] <= 127)) return i;
        const int8_t whole = (int8_t)x[i];
        if ((float)whole != x[i]) return i;
        out[i] = whole;
    }
    return count;
}

size_t vk_f32_to_f16_checked(const vk_kernels *kernels, const float *x, size_t count,
                             uint16_t *out) {
    kernels->f32_to_f16(x, count, out);
    for (size_t i = 0; i < count; i++) {
        if ((out[i] & 0x7C00) == 0x7C00) return i;
    }
    return count;
}

void vk_u8_to_f32(const uint8_t *x, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = x[i];
}

void vk_i8_to_f32(const int8_t *x, size_t count, float *out) {
    for (size_t i = 0; i < count; i++) out[i] = x[i];
}
