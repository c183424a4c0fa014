// 4-bit codes of rows, one row behind the other: for scans of runs of rows and for rows here and
// there alike.
#pragma once

#include "vk_bytes.h"
#include "vk_codes.h"

#pragma clang assume_nonnull begin

/// Rows of a group of codes.
enum { vk_row_group = 16 };

/// What precedes the codes of a row: factors A and B in half precision, and the row's list.
typedef struct vk_row_factors {
    uint16_t a;
    uint16_t b;
    uint32_t list;
} vk_row_factors;

/// A view of the codes of rows.
///
/// A group: 16 factors, then the codes of 16 rows of `row_bytes` each. Byte i of a row holds
/// sub-space i in its low half, sub-space row_bytes + i in its high half. A code is the direction
/// from the centre of the row's list to the row.
typedef struct vk_row_codes {
    const uint8_t *groups;
    uint32_t row_bytes;
    uint32_t row_count;
    /// Components of a sub-space: 1, 2, 4 or 8.
    uint32_t subspace_dims;
    /// What the factors are relative to.
    float unit;
} vk_row_codes;

/// A query for row codes: rotated, as signed bytes.
typedef struct vk_row_query {
    /// For component j of a sub-space and half h, vk_row_query_stride values from
    /// (2 j + h) * stride on.
    const int8_t *_Nullable values;
    /// 64 times the sum of all values.
    int32_t offset;
    /// What one unit of a product sum stands for, before the unit of the codes.
    float step;
} vk_row_query;

/// Bytes of a group.
static inline size_t vk_row_group_bytes(uint32_t row_bytes) {
    return vk_row_group * (sizeof(vk_row_factors) + (size_t)row_bytes);
}

/// The factors of a row.
static inline const vk_row_factors *vk_row_factors_of(const vk_row_codes *codes, uint32_t row) {
    const uint8_t *group =
        codes->groups + (size_t)(row / vk_row_group) * vk_row_group_bytes(codes->row_bytes);
    return (const vk_row_factors *)(const void *)group + row % vk_row_group;
}

/// The codes of a row.
static inline const uint8_t *vk_row_codes_of(const vk_row_codes *codes, uint32_t row) {
    return codes->groups + (size_t)(row / vk_row_group) * vk_row_group_bytes(codes->row_bytes)
        + vk_row_group * sizeof(vk_row_factors) + (size_t)(row % vk_row_group) * codes->row_bytes;
}

/// Values of one half of one component of the sub-spaces: row_bytes up to a multiple of 64.
static inline uint32_t vk_row_query_stride(uint32_t row_bytes) {
    return (row_bytes + 63) & ~63u;
}

/// Makes the values of a query from its rotated components; `values` has room for
/// 2 * subspace_dims * stride and is zero behind the components afterwards.
void vk_row_prepare(const vk_code_shape *shape, const float *rotated, int8_t *values,
                    vk_row_query *query);

/// Packs the codes of sub-spaces, one a byte, into `row_bytes` bytes.
void vk_row_pack(const uint8_t *codes, uint32_t row_bytes, uint8_t *packed);

/// The kernels over row codes of one tier.
typedef struct vk_row_kernels {
    /// Estimates rows first..<first + count of one list whose centre is `base` away from the query,
    /// and keeps those below `limit`; gives how many.
    size_t (*scan)(const vk_row_codes *codes, const vk_row_query *query, uint32_t first,
                   uint32_t count, float base, float limit, float *out_distances,
                   uint32_t *out_rows);
    /// Estimates rows[0..<count]; bases[list] is how far the centre of each list is.
    void (*gather)(const vk_row_codes *codes, const vk_row_query *query, const uint32_t *rows,
                   size_t count, const float *bases, float *out_distances);
} vk_row_kernels;

/// The table of `tier`, or NULL where this machine cannot run it.
const vk_row_kernels *_Nullable vk_row_kernels_for(vk_tier tier);

#pragma clang assume_nonnull end
