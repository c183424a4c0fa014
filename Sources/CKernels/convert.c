// Checks at the door and conversions; arithmetic that decides stored bytes has one fixed order.

#include "include/vk_convert.h"

#pragma STDC FP_CONTRACT OFF

int vk_all_below(const float *x, size_t count, float limit) {
    // No early end, so that the loop is vectorised; false for what is no number.
    int are_below = 1;
    for (size_t i = 0; i < count; i++) are_below &= __builtin_fabsf(x[i]) < limit;
    return are_below;
}

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

/// Values converted between two looks at whether all were whole and in range: a loop that stops at
/// the first wrong one is not vectorised.
enum { checked_at_once = 64 };

#define VK_TO_WHOLE(name, type, low, high)                                                    \
    size_t name(const float *x, size_t count, type *out) {                                    \
        for (size_t begin = 0; begin < count; begin += checked_at_once) {                     \
            const size_t rest = count - begin;                                                \
            const size_t end = begin + (rest < checked_at_once ? rest : checked_at_once);     \
            int wrong = 0;                                                                    \
            for (size_t i = begin; i < end; i++) {                                            \
                const float above = x[i] >= (low) ? x[i] : (low);                             \
                const int whole = (int)(above <= (high) ? above : (high));                    \
                out[i] = (type)whole;                                                         \
                wrong |= (float)whole != x[i];                                                \
            }                                                                                 \
            for (size_t i = begin; wrong && i < end; i++) {                                   \
                if ((float)out[i] != x[i]) return i;                                          \
            }                                                                                 \
        }                                                                                     \
        return count;                                                                         \
    }

VK_TO_WHOLE(vk_f32_to_u8, uint8_t, 0.0f, 255.0f)
VK_TO_WHOLE(vk_f32_to_i8, int8_t, -128.0f, 127.0f)

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
