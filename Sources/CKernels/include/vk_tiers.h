// One table of kernels per instruction tier, and the choice of the tier this machine runs.
#pragma once

#include <stddef.h>
#include <stdint.h>

#pragma clang assume_nonnull begin

/// The instruction tiers, slowest first within one architecture.
typedef enum vk_tier {
    vk_tier_scalar = 0,
    /// x86-64 with AVX2, FMA and F16C.
    vk_tier_avx2 = 1,
    /// x86-64 with AVX-512 F, BW, VL, DQ, VNNI, VBMI.
    vk_tier_avx512 = 2,
    /// arm64.
    vk_tier_neon = 3,
} vk_tier;

enum { vk_tier_count = 4 };

/// How a component of an exact vector lies in memory; the numbers are those of the store's schema.
typedef enum vk_element {
    vk_element_f32 = 0,
    vk_element_f16 = 1,
    vk_element_u8 = 2,
    vk_element_i8 = 3,
} vk_element;

enum { vk_element_count = 4 };

struct vk_byte_table;

/// A reduction of a float query of `count` components against a row of one element type.
typedef float (*vk_exact_kernel)(const float *query, const void *row, size_t count);

/// The kernels of one tier. Integer results are the same on every tier; float results differ in the
/// last bits.
typedef struct vk_kernels {
    vk_tier tier;
    /// Sum of products of two code rows; `padded_count` is a multiple of 64.
    uint32_t (*dot_u8)(const uint8_t *a, const uint8_t *b, size_t padded_count);
    /// dot_u8 of `query` with rows of `table`: row ids[i], or row first + i where ids is NULL.
    void (*byte_dots)(const struct vk_byte_table *table, const uint8_t *query, uint32_t query_sum,
                      const uint32_t *_Nullable ids, uint32_t first, size_t count, uint32_t *out);
    /// Squared L2 distance of two unpadded rows of whole numbers from 0 to 255.
    uint32_t (*l2_u8)(const uint8_t *a, const uint8_t *b, size_t count);
    /// Squared L2 distance by element type.
    vk_exact_kernel _Nonnull l2[vk_element_count];
    /// Inner product by element type.
    vk_exact_kernel _Nonnull inner_product[vk_element_count];
    /// Codes of one row: writes count codes and sums of codes and squared codes.
    void (*encode_codes)(const float *x, size_t count, float lo, float inverse_delta,
                         uint8_t *codes, uint32_t *sum, uint32_t *square_sum);
    /// Smallest and largest component; count is at least 1 and every component finite.
    void (*range)(const float *x, size_t count, float *lo, float *hi);
    /// Sums of whole numbers from 0 to 255 and of their squares.
    void (*byte_sums)(const uint8_t *x, size_t count, uint32_t *sum, uint32_t *square_sum);
    /// Index of the first component that is not finite, or count.
    size_t (*first_not_finite)(const float *x, size_t count);
    void (*f32_to_f16)(const float *x, size_t count, uint16_t *out);
    void (*f16_to_f32)(const uint16_t *x, size_t count, float *out);
} vk_kernels;

/// Has the cache lines of `byte_count` bytes at `start` fetched.
static inline void vk_prefetch_bytes(const void *start, size_t byte_count) {
    const char *line = (const char *)start;
    for (size_t i = 0; i < byte_count; i += 64) __builtin_prefetch(line + i, 0, 3);
}

/// The table of `tier`, or NULL where this machine cannot run it.
const vk_kernels *_Nullable vk_kernels_for(vk_tier tier);

/// The fastest table this machine can run; chosen before main.
const vk_kernels *vk_kernels_best(void);

#pragma clang assume_nonnull end
