// What the files about row codes share.
#pragma once

#include "include/vk_rows.h"

/// The 16 centroids of a sub-space as whole numbers from -63 to 63, moved by 64; component by
/// component.
typedef struct vk_row_levels {
    uint8_t shifted[8][16];
    /// Levels are centroids times this.
    float scale;
    uint32_t dims;
} vk_row_levels;

/// The levels for `subspace_dims` dimensions: 1, 2, 4 or 8.
const vk_row_levels *vk_row_levels_of(uint32_t subspace_dims);

extern const vk_row_kernels vk_row_kernels_scalar;
#if defined(__x86_64__)
extern const vk_row_kernels vk_row_kernels_avx2;
extern const vk_row_kernels vk_row_kernels_avx512;
#elif defined(__aarch64__)
extern const vk_row_kernels vk_row_kernels_neon;
#endif
