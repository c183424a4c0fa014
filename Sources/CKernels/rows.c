// What row codes need outside the tiers: queries, packing, levels, the choice of kernels.

#include "rows_internal.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

static vk_row_levels levels_of_dims[4];

static uint32_t place_of(uint32_t subspace_dims) {
    return subspace_dims == 1 ? 0 : subspace_dims == 2 ? 1 : subspace_dims == 4 ? 2 : 3;
}

const vk_row_levels *vk_row_levels_of(uint32_t subspace_dims) {
    return &levels_of_dims[place_of(subspace_dims)];
}

__attribute__((constructor)) static void make_levels(void) {
    for (uint32_t dims = 1; dims <= 8; dims *= 2) {
        const float *centroids = vk_centroids(dims);
        vk_row_levels *levels = &levels_of_dims[place_of(dims)];
        float most = 0;
        for (uint32_t i = 0; i < 16 * dims; i++) {
            const float size = centroids[i] < 0 ? -centroids[i] : centroids[i];
            most = size > most ? size : most;
        }
        levels->dims = dims;
        levels->scale = 63 / most;
        for (uint32_t i = 0; i < 16 * dims; i++) {
            const float place = centroids[i] * levels->scale + 64.5f;
            levels->shifted[i / 16][i % 16] = (uint8_t)place;
        }
    }
}

void vk_row_prepare(const vk_code_shape *shape, const float *rotated, int8_t *values,
                    vk_row_query *query) {
    const uint32_t row_bytes = shape->subspace_count / 2;
    const uint32_t stride = vk_row_query_stride(row_bytes);
    float most = 0;
    for (uint32_t i = 0; i < shape->padded; i++) {
        const float size = rotated[i] < 0 ? -rotated[i] : rotated[i];
        most = size > most ? size : most;
    }
    const float scale = most > 0 ? 127 / most : 0;
    memset(values, 0, (size_t)stride * 2 * shape->subspace_dims);
    int32_t sum = 0;
    for (uint32_t part = 0; part < 2 * shape->subspace_dims; part++) {
        const float *from = rotated + (size_t)part * row_bytes;
        int8_t *to = values + (size_t)part * stride;
        for (uint32_t i = 0; i < row_bytes; i++) {
            const float place = from[i] * scale;
            to[i] = (int8_t)(int32_t)(place + (place < 0 ? -0.5f : 0.5f));
            sum += to[i];
        }
    }
    query->values = values;
    query->offset = 64 * sum;
    // A code stands for levels / scale / sqrt(D) of the direction it codes.
    const float levels = vk_row_levels_of(shape->subspace_dims)->scale;
    query->step = most / 127 / levels / __builtin_elementwise_sqrt((float)shape->padded);
}

void vk_row_pack(const uint8_t *codes, uint32_t row_bytes, uint8_t *packed) {
    for (uint32_t i = 0; i < row_bytes; i++) {
        packed[i] = (uint8_t)(codes[i] | codes[row_bytes + i] << 4);
    }
}

const vk_row_kernels *vk_row_kernels_for(vk_tier tier) {
    if (!vk_kernels_for(tier)) return NULL;
    switch (tier) {
#if defined(__x86_64__)
    case vk_tier_avx2: return &vk_row_kernels_avx2;
    case vk_tier_avx512: return &vk_row_kernels_avx512;
#elif defined(__aarch64__)
    case vk_tier_neon: return &vk_row_kernels_neon;
#endif
    default: return &vk_row_kernels_scalar;
    }
}
