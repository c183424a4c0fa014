// Trained product codes: sub-spaces coded by the nearest of 16 or 256 centroids of their own.
//
// Every float operation here is rounded on its own and every sum has one fixed order or is of whole
// numbers, so results have the same bits on every tier.
#pragma once

#include "vk_tiers.h"

#pragma clang assume_nonnull begin

/// How vectors are cut: sub-space m holds components m * dims up to the next.
typedef struct vk_product_shape {
    /// Even where there are 16 centroids.
    uint32_t subspace_count;
    uint32_t subspace_dims;
    /// 16 (two sub-spaces a byte, the even one in the low half) or 256 (a byte each).
    uint32_t centroid_count;
} vk_product_shape;

/// What the sums of a query's table stand for: distance = bias + step * sum.
typedef struct vk_product_scale {
    float bias;
    float step;
} vk_product_scale;

/// Bytes of a row's code.
static inline size_t vk_product_row_bytes(const vk_product_shape *shape) {
    return shape->centroid_count == 16 ? shape->subspace_count / 2 : shape->subspace_count;
}

/// Numbers a table has room for: 256 for each byte of a row, and one that gathers may touch.
static inline size_t vk_product_table_count(size_t row_bytes) { return row_bytes * 256 + 1; }

/// The kernels over product codes of one tier.
typedef struct vk_product_kernels {
    /// out[i] is the number of the centroid nearest to point i, the first of equals.
    ///
    /// Points have `dims` components, one every `stride` floats; centroids lie component by
    /// component, `centroid_count` (16 or 256) floats each.
    void (*nearest)(const float *points, size_t stride, size_t count, uint32_t dims,
                    const float *centroids, uint32_t centroid_count, uint8_t *out);
    /// Distances of `count` rows of `row_bytes` each, one behind the other.
    void (*scan)(const uint16_t *table, vk_product_scale scale, const uint8_t *codes,
                 size_t row_bytes, size_t count, float *out);
} vk_product_kernels;

/// The table of `tier`, or NULL where this machine cannot run it.
const vk_product_kernels *_Nullable vk_product_kernels_for(vk_tier tier);

/// Fits centroids to `count` (at least 1) points of `dims` components by `rounds` rounds of k-means
/// that begin at points drawn by `seed`.
///
/// `codes` has room for `count`, `sums` for centroid_count * dims, `sizes` for centroid_count.
void vk_product_train(const vk_product_kernels *kernels, const float *points, size_t count,
                      uint32_t dims, uint32_t centroid_count, uint32_t rounds, uint64_t seed,
                      float *centroids, uint8_t *codes, double *sums, uint32_t *sizes);

/// Codes a vector of subspace_count * subspace_dims components; `scratch` has room for
/// subspace_count, `codes` for the bytes of a row.
void vk_product_encode(const vk_product_kernels *kernels, const vk_product_shape *shape,
                       const float *centroids, const float *vector, uint8_t *scratch,
                       uint8_t *codes);

/// Writes what each value of each byte of a code is away from a query, as floats: 256 for each byte
/// of a row. Squared L2.
void vk_product_entries(const vk_product_shape *shape, const float *centroids, const float *query,
                        float *entries);

/// Makes a table of `row_bytes` times 256 entries.
vk_product_scale vk_product_table(const float *entries, size_t row_bytes, uint16_t *table);

#pragma clang assume_nonnull end
