// What product codes need outside the tiers: training, encoding, tables, the choice of kernels.

#include "product_internal.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

/// The next number of a sequence that depends on its seed alone (SplitMix64).
static uint64_t next_random(uint64_t *state) {
    uint64_t z = *state += 0x9E3779B97F4A7C15u;
    z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9u;
    z = (z ^ z >> 27) * 0x94D049BB133111EBu;
    return z ^ z >> 31;
}

static void set_centroid(float *centroids, uint32_t centroid_count, uint32_t centroid,
                         const float *point, uint32_t dims) {
    for (uint32_t j = 0; j < dims; j++) {
        centroids[(size_t)j * centroid_count + centroid] = point[j];
    }
}

void vk_product_train(const vk_product_kernels *kernels, const float *points, size_t count,
                      uint32_t dims, uint32_t centroid_count, uint32_t rounds, uint64_t seed,
                      float *centroids, uint8_t *codes, double *sums, uint32_t *sizes) {
    for (uint32_t c = 0; c < centroid_count; c++) {
        const size_t point = next_random(&seed) % count;
        set_centroid(centroids, centroid_count, c, points + point * dims, dims);
    }
    for (uint32_t round = 0; round < rounds; round++) {
        kernels->nearest(points, dims, count, dims, centroids, centroid_count, codes);
        memset(sums, 0, sizeof(double) * centroid_count * dims);
        memset(sizes, 0, sizeof(uint32_t) * centroid_count);
        for (size_t i = 0; i < count; i++) {
            sizes[codes[i]] += 1;
            double *sum = sums + (size_t)codes[i] * dims;
            for (uint32_t j = 0; j < dims; j++) sum[j] += (double)points[i * dims + j];
        }
        for (uint32_t c = 0; c < centroid_count; c++) {
            if (sizes[c] == 0) {
                // Nobody's nearest: another try, elsewhere.
                const size_t point = next_random(&seed) % count;
                set_centroid(centroids, centroid_count, c, points + point * dims, dims);
                continue;
            }
            for (uint32_t j = 0; j < dims; j++) {
                centroids[(size_t)j * centroid_count + c] =
                    (float)(sums[(size_t)c * dims + j] / sizes[c]);
            }
        }
    }
}

void vk_product_encode(const vk_product_kernels *kernels, const vk_product_shape *shape,
                       const float *centroids, const float *vector, uint8_t *scratch,
                       uint8_t *codes) {
    const size_t stride = (size_t)shape->subspace_dims * shape->centroid_count;
    uint8_t *numbers = shape->centroid_count == 16 ? scratch : codes;
    for (uint32_t m = 0; m < shape->subspace_count; m++) {
        kernels->nearest(vector + (size_t)m * shape->subspace_dims, 0, 1, shape->subspace_dims,
                         centroids + m * stride, shape->centroid_count, numbers + m);
    }
    if (numbers == codes) return;
    for (uint32_t i = 0; i < shape->subspace_count / 2; i++) {
        codes[i] = (uint8_t)(numbers[2 * i] | numbers[2 * i + 1] << 4);
    }
}

static void subspace_entries(const vk_product_shape *shape, const float *centroids,
                             const float *query, float *entries) {
    for (uint32_t c = 0; c < shape->centroid_count; c++) {
        float sum = 0;
        for (uint32_t j = 0; j < shape->subspace_dims; j++) {
            const float difference =
                query[j] - centroids[(size_t)j * shape->centroid_count + c];
            sum += difference * difference;
        }
        entries[c] = sum;
    }
}

void vk_product_entries(const vk_product_shape *shape, const float *centroids, const float *query,
                        float *entries) {
    const size_t stride = (size_t)shape->subspace_dims * shape->centroid_count;
    const uint32_t dims = shape->subspace_dims;
    for (size_t i = 0; i < vk_product_row_bytes(shape); i++) {
        float *to = entries + i * 256;
        if (shape->centroid_count == 256) {
            subspace_entries(shape, centroids + i * stride, query + i * dims, to);
            continue;
        }
        float low[16], high[16];
        subspace_entries(shape, centroids + 2 * i * stride, query + 2 * i * dims, low);
        subspace_entries(shape, centroids + (2 * i + 1) * stride, query + (2 * i + 1) * dims, high);
        for (uint32_t both = 0; both < 256; both++) to[both] = low[both & 15] + high[both >> 4];
    }
}

vk_product_scale vk_product_table(const float *entries, size_t row_bytes, uint16_t *table) {
    vk_product_scale scale = {0, 0};
    float widest = 0;
    for (int pass = 0; pass < 2; pass++) {
        const float inverse = widest > 0 ? 65535 / widest : 0;
        for (size_t i = 0; i < row_bytes; i++) {
            const float *from = entries + i * 256;
            float least = from[0], most = from[0];
            for (uint32_t c = 1; c < 256; c++) {
                least = from[c] < least ? from[c] : least;
                most = from[c] > most ? from[c] : most;
            }
            if (pass == 0) {
                scale.bias += least;
                widest = most - least > widest ? most - least : widest;
                continue;
            }
            for (uint32_t c = 0; c < 256; c++) {
                const float place = (from[c] - least) * inverse + 0.5f;
                table[i * 256 + c] = (uint16_t)(place < 65535 ? place : 65535);
            }
        }
    }
    table[row_bytes * 256] = 0;
    scale.step = widest / 65535;
    return scale;
}

const vk_product_kernels *vk_product_kernels_for(vk_tier tier) {
    if (!vk_kernels_for(tier)) return NULL;
    switch (tier) {
#if defined(__x86_64__)
    case vk_tier_avx2: return &vk_product_kernels_avx2;
    case vk_tier_avx512: return &vk_product_kernels_avx512;
#elif defined(__aarch64__)
    case vk_tier_neon: return &vk_product_kernels_neon;
#endif
    default: return &vk_product_kernels_scalar;
    }
}
