// Scanning codes and keeping the open list, without instructions of their own; the meaning of all
// others.

VK_TARGET static inline void scan_group(const uint8_t *codes, const int8_t *table,
                                        uint32_t subspace_count, int32_t sums[vk_group_lanes]) {
    for (uint32_t lane = 0; lane < vk_group_lanes; lane++) sums[lane] = 0;
    const int8_t *low = table, *high = table + subspace_count / 2 * 16;
    for (uint32_t chunk = 0; chunk < subspace_count / 8; chunk++) {
        for (uint32_t lane = 0; lane < vk_group_lanes; lane++) {
            for (uint32_t s = 0; s < 4; s++) {
                const uint8_t both = codes[4 * lane + s];
                sums[lane] += low[s * 16 + (both & 15)] + high[s * 16 + (both >> 4)];
            }
        }
        codes += 64;
        low += 64;
        high += 64;
    }
}

#include "open_plain.h"
