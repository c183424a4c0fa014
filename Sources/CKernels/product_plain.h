// Sums of table entries, without instructions of its own; the meaning of all others.

#include "product_internal.h"

VK_TARGET static inline void product_sums(const uint16_t *table, const uint8_t *codes,
                                          size_t row_bytes, size_t rows, uint32_t *sums) {
    for (size_t r = 0; r < rows; r++) sums[r] = 0;
    for (size_t i = 0; i < row_bytes; i++) {
        const uint16_t *entries = table + i * 256;
        for (size_t r = 0; r < rows; r++) sums[r] += entries[codes[r * row_bytes + i]];
    }
}
