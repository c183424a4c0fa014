// Exact distances in batches, with the loads of later rows under way.

#include "include/vk_exact.h"

enum { rows_ahead = 4, prefetch_limit = 1024 };

static const size_t element_size[vk_element_count] = {4, 2, 1, 1};

static inline void prefetch(const void *start, size_t byte_count) {
    vk_prefetch_bytes(start, byte_count < prefetch_limit ? byte_count : prefetch_limit);
}

static vk_exact_kernel kernel_of(const vk_kernels *kernels, vk_reduction reduction,
                                 vk_element element) {
    return reduction == vk_reduction_l2 ? kernels->l2[element] : kernels->inner_product[element];
}

void vk_exact_reduce(const vk_kernels *kernels, const vk_exact_table *table,
                     vk_reduction reduction, const float *query, const uint32_t *ids,
                     uint32_t first, size_t count, float *out) {
    const vk_exact_kernel kernel = kernel_of(kernels, reduction, table->element);
    const size_t dimension = table->dimension, stride = table->stride;
    const size_t byte_count = dimension * element_size[table->element];
    for (size_t i = 0; ids && i < count && i < rows_ahead; i++) {
        prefetch(table->base + ids[i] * stride, byte_count);
    }
    for (size_t i = 0; i < count; i++) {
        if (ids && i + rows_ahead < count) {
            prefetch(table->base + ids[i + rows_ahead] * stride, byte_count);
        }
        const size_t row = ids ? ids[i] : first + i;
        out[i] = kernel(query, table->base + row * stride, dimension);
    }
}

void vk_exact_reduce_pointers(const vk_kernels *kernels, vk_element element,
                              vk_reduction reduction, const float *query, size_t dimension,
                              const void *const *rows, size_t count, float *out) {
    const vk_exact_kernel kernel = kernel_of(kernels, reduction, element);
    const size_t byte_count = dimension * element_size[element];
    for (size_t i = 0; i < count && i < rows_ahead; i++) prefetch(rows[i], byte_count);
    for (size_t i = 0; i < count; i++) {
        if (i + rows_ahead < count) prefetch(rows[i + rows_ahead], byte_count);
        out[i] = kernel(query, rows[i], dimension);
    }
}

void vk_exact_l2_u8(const vk_kernels *kernels, const uint8_t *query, const uint8_t *base,
                    size_t stride, size_t dimension, const uint32_t *ids, uint32_t first,
                    size_t count, uint32_t *out) {
    for (size_t i = 0; ids && i < count && i < rows_ahead; i++) {
        prefetch(base + ids[i] * stride, dimension);
    }
    for (size_t i = 0; i < count; i++) {
        if (ids && i + rows_ahead < count) prefetch(base + ids[i + rows_ahead] * stride, dimension);
        const size_t row = ids ? ids[i] : first + i;
        out[i] = kernels->l2_u8(query, base + row * stride, dimension);
    }
}
