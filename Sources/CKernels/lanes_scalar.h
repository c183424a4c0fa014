// What every file of the plain tier begins with: its product sum of codes.
#pragma once

#include "half.h"

#include <stddef.h>

#define VK_TARGET
#define VK_HALF(x, i) vk_half_to_float((x)[i])

static inline uint32_t dot_row(const uint8_t *query, uint32_t query_sum, const uint8_t *codes,
                               size_t padded_count) {
    (void)query_sum;
    uint32_t total = 0;
    for (size_t i = 0; i < padded_count; i++) total += (uint32_t)query[i] * codes[i];
    return total;
}
