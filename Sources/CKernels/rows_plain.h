// The product sum of a row code, without instructions of its own; the meaning of all others.

#include "rows_internal.h"

VK_TARGET static inline int32_t row_dot(const uint8_t *codes, uint32_t row_bytes,
                                        const vk_row_levels *levels, const vk_row_query *query) {
    const uint32_t stride = vk_row_query_stride(row_bytes);
    int32_t sum = 0;
    for (uint32_t j = 0; j < levels->dims; j++) {
        const int8_t *low = query->values + (size_t)(2 * j) * stride, *high = low + stride;
        const uint8_t *shifted = levels->shifted[j];
        for (uint32_t i = 0; i < row_bytes; i++) {
            sum += shifted[codes[i] & 15] * low[i] + shifted[codes[i] >> 4] * high[i];
        }
    }
    return sum;
}
