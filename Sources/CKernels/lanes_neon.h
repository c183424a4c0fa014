// What every file of the arm64 tier begins with: its product sum of codes.
#pragma once

#include <arm_neon.h>

#define VK_TARGET
#define VK_HALF(x, i) ((float)((const __fp16 *)(const void *)(x))[i])

#include <stddef.h>
#include <stdint.h>

static inline uint32_t dot_row(const uint8_t *query, uint32_t query_sum, const uint8_t *codes,
                               size_t padded_count) {
    (void)query_sum;
    uint32x4_t first = vdupq_n_u32(0), second = first;
    for (size_t i = 0; i < padded_count; i += 16) {
        const uint8x16_t x = vld1q_u8(query + i), y = vld1q_u8(codes + i);
        first = vpadalq_u16(first, vmull_u8(vget_low_u8(x), vget_low_u8(y)));
        second = vpadalq_u16(second, vmull_high_u8(x, y));
    }
    return vaddvq_u32(vaddq_u32(first, second));
}
