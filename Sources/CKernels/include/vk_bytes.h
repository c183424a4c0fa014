// Vectors of 8-bit codes: rows, distances between them, encoders.
#pragma once

#include "vk_tiers.h"

#pragma clang assume_nonnull begin

/// What turns the codes of one row back into a vector: component i is lo + delta * code i.
///
/// 32 bytes; stored in files as it stands, little-endian.
typedef struct vk_byte_row {
    float lo;
    float delta;
    /// Squared norm of the decoded vector, without the lift.
    float norm2;
    /// One more component, kept apart from the codes; zero except under inner product.
    float lift;
    /// Sum of the codes.
    uint32_t sum;
    /// Sum of the squared codes.
    uint32_t square_sum;
    /// Zero here; walk blocks keep the degree in them.
    uint32_t reserved[2];
} vk_byte_row;

/// A view of rows of codes and their headers, which may lie apart or in one record.
typedef struct vk_byte_table {
    const uint8_t *codes;
    size_t code_stride;
    const uint8_t *rows;
    size_t row_stride;
    /// Components of a vector, 1 to 65,536.
    uint32_t dimension;
    /// Codes of a row with the zeros behind them: dimension up to a multiple of 64.
    uint32_t padded_count;
} vk_byte_table;

/// The header of a row of a table.
static inline const vk_byte_row *vk_byte_table_row(const vk_byte_table *table, uint32_t row) {
    return (const vk_byte_row *)(const void *)(table->rows + (size_t)row * table->row_stride);
}

/// The codes of a row of a table.
static inline const uint8_t *vk_byte_table_codes(const vk_byte_table *table, uint32_t row) {
    return table->codes + (size_t)row * table->code_stride;
}

/// Squared L2 distance of two rows of `dimension` components whose codes have the product sum
/// `dot`.
///
/// Compiled once for every tier, in double precision without contraction: the same bits everywhere.
float vk_byte_combine(const vk_byte_row *a, const vk_byte_row *b, uint32_t dot, uint32_t dimension);

/// Squared L2 distances from a row to rows ids[0..<count] of `table` (first..<first+count where ids
/// is NULL).
void vk_byte_distances(const vk_kernels *kernels, const vk_byte_table *table,
                       const vk_byte_row *query, const uint8_t *query_codes,
                       const uint32_t *_Nullable ids, uint32_t first, size_t count, float *out);

/// Squared L2 distance of rows `a` and `b` of one table.
float vk_byte_distance(const vk_kernels *kernels, const vk_byte_table *table, uint32_t a,
                       uint32_t b);

/// Encodes floats: lo is the smallest component, delta 1/255 of the range.
///
/// `codes` has room for `padded_count` and is zero behind `dimension` afterwards. Same bits on
/// every tier.
void vk_byte_encode_f32(const vk_kernels *kernels, const float *x, size_t dimension,
                        size_t padded_count, vk_byte_row *row, uint8_t *codes);
/// Takes whole numbers from 0 to 255 as codes: lo 0, delta 1.
void vk_byte_encode_u8(const vk_kernels *kernels, const uint8_t *x, size_t dimension,
                       size_t padded_count, vk_byte_row *row, uint8_t *codes);
/// Takes whole numbers from -128 to 127 as codes moved by 128: lo -128, delta 1.
void vk_byte_encode_i8(const vk_kernels *kernels, const int8_t *x, size_t dimension,
                       size_t padded_count, vk_byte_row *row, uint8_t *codes);
/// Writes the vector the codes stand for.
void vk_byte_decode(const vk_byte_row *row, const uint8_t *codes, size_t dimension, float *out);

#pragma clang assume_nonnull end
