// 4-bit codes of rotated vectors: rotation, encoding, look-up tables, scans of groups of 16.
//
// Every float operation here is rounded on its own and every sum has one fixed order, so results
// have the same bits on every tier.
#pragma once

#include "vk_tiers.h"

#pragma clang assume_nonnull begin

/// Lanes of a group: rows (or neighbours) whose codes lie interleaved.
enum { vk_group_lanes = 16 };

/// A random rotation: mean subtracted, then four times random signs and a Hadamard transform over
/// the first or the last `power` of `padded` components in turn.
typedef struct vk_rotation {
    /// Components that go in.
    uint32_t dimension;
    /// Components that come out: a multiple of 64.
    uint32_t padded;
    /// The largest power of two that is not above `padded`.
    uint32_t power;
    /// `dimension` components.
    const float *mean;
    /// Four times `padded` factors: a sign, times 1/sqrt(power) where the transform follows.
    const float *factors;
} vk_rotation;

/// What codes mean: sub-space m of a rotated vector holds components m, m + count, m + 2 count…
typedef struct vk_code_shape {
    /// Components of a rotated vector: subspace_count * subspace_dims.
    uint32_t padded;
    /// 1 (row codes only), 2, 4 or 8.
    uint32_t subspace_dims;
    /// A multiple of 16.
    uint32_t subspace_count;
} vk_code_shape;

/// The 16 centroids for `subspace_dims` dimensions, component by component; NULL unless 1, 2, 4 or
/// 8.
const float *_Nullable vk_centroids(uint32_t subspace_dims);

/// Bytes of the codes of one group.
static inline size_t vk_group_code_bytes(uint32_t subspace_count) {
    return (size_t)subspace_count * (vk_group_lanes / 2);
}

/// The kernels over codes of one tier.
typedef struct vk_code_kernels {
    /// Writes `padded` rotated components of x.
    void (*rotate)(const vk_rotation *rotation, const float *x, float *out);
    /// Writes count components lo + delta * code.
    void (*decode_bytes)(float lo, float delta, const uint8_t *codes, size_t count, float *out);
    /// Codes the direction from `origin` (all zeros where NULL) to `target`, both rotated.
    ///
    /// `scratch` has room for `padded` floats; codes[m] is the centroid of sub-space m. With g the
    /// decoded direction, products[0] = <g, target - origin> and products[1] = <g, origin>.
    void (*encode_direction)(const vk_code_shape *shape, const float *_Nullable origin,
                             const float *target, float *scratch, uint8_t *codes,
                             float products[_Nonnull 2]);
    /// Writes the 16 entries of each sub-space as bytes and gives what one unit of a byte stands
    /// for.
    ///
    /// `scratch` has room for 16 * subspace_count floats.
    float (*make_table)(const vk_code_shape *shape, const float *rotated, float *scratch,
                        int8_t *table);
    /// Sums of table entries of the 16 lanes of a group.
    void (*scan_group)(const uint8_t *codes, const int8_t *table, uint32_t subspace_count,
                       int32_t sums[_Nonnull vk_group_lanes]);
    /// out[i] = (base + square_unit * a[i]) + b[i] * (step * sums[i]) for 16 lanes.
    void (*estimate)(float base, float square_unit, float step, const uint16_t *a,
                     const uint16_t *b, const int32_t *sums, float *out);
} vk_code_kernels;

/// The table of `tier`, or NULL where this machine cannot run it.
const vk_code_kernels *_Nullable vk_code_kernels_for(vk_tier tier);

/// Puts the codes of one row into lane `lane` of a group whose code bytes begin as zeros.
///
/// Byte 4 j + s of chunk g (64 bytes) holds lane j: sub-space 4 g + s in its low half, sub-space
/// subspace_count / 2 + 4 g + s in its high half.
void vk_pack_lane(const uint8_t *row_codes, uint32_t subspace_count, uint32_t lane,
                  uint8_t *group_codes);

/// Sum of table entries of one lane of a group.
int32_t vk_scan_lane(const uint8_t *group_codes, const int8_t *table, uint32_t subspace_count,
                     uint32_t lane);

/// The two factors of a code in half precision, relative to `unit`: distance = base + A + B * <g,
/// q> / sqrt(padded).
///
/// `norm2` is the squared length of what was coded and `products` those of encode_direction.
void vk_code_factors(const vk_code_shape *shape, float norm2, const float products[_Nonnull 2],
                     float unit, uint16_t *a, uint16_t *b);

#pragma clang assume_nonnull end
