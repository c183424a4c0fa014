// Distances from a float query to vectors as they are stored.
#pragma once

#include "vk_tiers.h"

#pragma clang assume_nonnull begin

/// Which reduction a batch performs.
typedef enum vk_reduction {
    vk_reduction_l2 = 0,
    vk_reduction_inner_product = 1,
} vk_reduction;

/// A view of rows of exact vectors.
typedef struct vk_exact_table {
    const uint8_t *base;
    size_t stride;
    uint32_t dimension;
    vk_element element;
} vk_exact_table;

/// Reduces `query` with rows ids[i] of the table, or rows first + i where ids is NULL, prefetching
/// ahead.
void vk_exact_reduce(const vk_kernels *kernels, const vk_exact_table *table,
                     vk_reduction reduction, const float *query, const uint32_t *_Nullable ids,
                     uint32_t first, size_t count, float *out);

/// Reduces `query` with rows that lie anywhere.
void vk_exact_reduce_pointers(const vk_kernels *kernels, vk_element element,
                              vk_reduction reduction, const float *query, size_t dimension,
                              const void *_Nonnull const *_Nonnull rows, size_t count,
                              float *out);

/// Squared L2 distances of a query of whole numbers from 0 to 255 to rows of such numbers.
void vk_exact_l2_u8(const vk_kernels *kernels, const uint8_t *query, const uint8_t *base,
                    size_t stride, size_t dimension, const uint32_t *_Nullable ids,
                    uint32_t first, size_t count, uint32_t *out);

#pragma clang assume_nonnull end
