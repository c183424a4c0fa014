// The kernels a compiler vectorises well, once for every tier.
//
// A tier's file includes its lanes_*.h, which defines VK_TARGET (the target attribute) and
// VK_HALF(p, i) (component i of half-precision row p), and then this; every function is static, so
// the names serve each tier.

#include "include/kernels.h"

#include <string.h>

#define VK_REDUCTION(name, type, read, step)                                                  \
    VK_TARGET static float name(const float *query, const void *row, size_t count) {          \
        _Pragma("clang fp reassociate(on) contract(fast)")                                    \
        const type *x = row;                                                                  \
        float total = 0;                                                                      \
        for (size_t i = 0; i < count; i++) {                                                  \
            const float value = read(x, i);                                                   \
            total += step(query[i], value);                                                   \
        }                                                                                     \
        return total;                                                                         \
    }
#define VK_READ(x, i) ((float)(x)[i])
#define VK_SQUARED_DIFFERENCE(a, b) (((a) - (b)) * ((a) - (b)))
#define VK_PRODUCT(a, b) ((a) * (b))

VK_REDUCTION(l2_f32, float, VK_READ, VK_SQUARED_DIFFERENCE)
VK_REDUCTION(l2_f16, uint16_t, VK_HALF, VK_SQUARED_DIFFERENCE)
VK_REDUCTION(l2_u8_float, uint8_t, VK_READ, VK_SQUARED_DIFFERENCE)
VK_REDUCTION(l2_i8, int8_t, VK_READ, VK_SQUARED_DIFFERENCE)
VK_REDUCTION(inner_product_f32, float, VK_READ, VK_PRODUCT)
VK_REDUCTION(inner_product_f16, uint16_t, VK_HALF, VK_PRODUCT)
VK_REDUCTION(inner_product_u8, uint8_t, VK_READ, VK_PRODUCT)
VK_REDUCTION(inner_product_i8, int8_t, VK_READ, VK_PRODUCT)

#define VK_EXACT_ENTRIES                                                                      \
    .l2 = {l2_f32, l2_f16, l2_u8_float, l2_i8},                                               \
    .inner_product = {inner_product_f32, inner_product_f16, inner_product_u8,                 \
                      inner_product_i8}

VK_TARGET static uint32_t l2_u8(const uint8_t *a, const uint8_t *b, size_t count) {
    uint32_t total = 0;
    for (size_t i = 0; i < count; i++) {
        const int32_t difference = (int32_t)a[i] - (int32_t)b[i];
        total += (uint32_t)(difference * difference);
    }
    return total;
}

VK_TARGET static void byte_sums(const uint8_t *x, size_t count, uint32_t *sum,
                                uint32_t *square_sum) {
    uint32_t total = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        total += x[i];
        squares += (uint32_t)x[i] * x[i];
    }
    *sum = total;
    *square_sum = squares;
}

/// A float's bits as an integer that orders as the floats do, minus zero below zero.
static inline int32_t vk_order(int32_t bits) { return bits ^ (bits >> 31 & 0x7FFFFFFF); }

VK_TARGET static void range(const float *x, size_t count, float *lo, float *hi) {
    int32_t least = INT32_MAX, most = INT32_MIN;
    for (size_t i = 0; i < count; i++) {
        int32_t bits;
        memcpy(&bits, x + i, sizeof bits);
        const int32_t order = vk_order(bits);
        least = order < least ? order : least;
        most = order > most ? order : most;
    }
    least = vk_order(least);
    most = vk_order(most);
    memcpy(lo, &least, sizeof least);
    memcpy(hi, &most, sizeof most);
}

/// Every operation is rounded on its own, so the codes are the same on every tier.
VK_TARGET static void encode_codes(const float *x, size_t count, float lo, float inverse_delta,
                                   uint8_t *codes, uint32_t *sum, uint32_t *square_sum) {
    _Pragma("clang fp contract(off)")
    uint32_t total = 0, squares = 0;
    for (size_t i = 0; i < count; i++) {
        const float place = (x[i] - lo) * inverse_delta + 0.5f;
        const int32_t code = (int32_t)(place < 255.0f ? place : 255.0f);
        codes[i] = (uint8_t)code;
        total += (uint32_t)code;
        squares += (uint32_t)(code * code);
    }
    *sum = total;
    *square_sum = squares;
}

VK_TARGET static size_t first_not_finite(const float *x, size_t count) {
    size_t begin = 0;
    while (begin < count) {
        const size_t end = count - begin < 256 ? count : begin + 256;
        uint32_t wrong = 0;
        for (size_t i = begin; i < end; i++) {
            uint32_t bits;
            memcpy(&bits, x + i, sizeof bits);
            wrong |= (bits & 0x7F800000) == 0x7F800000;
        }
        if (wrong) break;
        begin = end;
    }
    for (; begin < count; begin++) {
        uint32_t bits;
        memcpy(&bits, x + begin, sizeof bits);
        if ((bits & 0x7F800000) == 0x7F800000) break;
    }
    return begin;
}

/// Rows whose loads are under way before the first is reduced.
enum { vk_rows_ahead = 6, vk_prefetch_limit = 1024 };

VK_TARGET static inline void vk_prefetch_row(const vk_byte_table *table, uint32_t row) {
    const size_t count = table->padded_count;
    vk_prefetch_bytes(vk_byte_table_codes(table, row),
                      count < vk_prefetch_limit ? count : vk_prefetch_limit);
    __builtin_prefetch(vk_byte_table_row(table, row), 0, 3);
}

/// byte_dots over `dot`, the tier's inlined dot of (query, query_sum, codes, count).
#define VK_BYTE_DOTS(dot)                                                                     \
    VK_TARGET static void byte_dots(const vk_byte_table *table, const uint8_t *query,         \
                                    uint32_t query_sum, const uint32_t *ids, uint32_t first,  \
                                    size_t count, uint32_t *out) {                            \
        const size_t padded_count = table->padded_count;                                      \
        if (!ids) {                                                                           \
            for (size_t i = 0; i < count; i++) {                                              \
                const uint8_t *codes = vk_byte_table_codes(table, first + (uint32_t)i);       \
                out[i] = dot(query, query_sum, codes, padded_count);                          \
            }                                                                                 \
            return;                                                                           \
        }                                                                                     \
        const size_t ahead = count < vk_rows_ahead ? count : vk_rows_ahead;                   \
        for (size_t i = 0; i < ahead; i++) vk_prefetch_row(table, ids[i]);                    \
        for (size_t i = 0; i < count; i++) {                                                  \
            if (i + vk_rows_ahead < count) vk_prefetch_row(table, ids[i + vk_rows_ahead]);    \
            const uint8_t *codes = vk_byte_table_codes(table, ids[i]);                        \
            out[i] = dot(query, query_sum, codes, padded_count);                              \
        }                                                                                     \
    }
