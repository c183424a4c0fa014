// The kernels over codes that a compiler turns into the vectors of any tier.
//
// Included behind a tier's lanes_*.h. Lanes are written out 16 at a time; no operation is merged
// with another and sums keep their order, so every tier gives the same bits.

#include "include/vk_codes.h"

#include <string.h>

#pragma STDC FP_CONTRACT OFF

typedef float vk_float16v __attribute__((vector_size(64), aligned(4), may_alias));
typedef int32_t vk_int16v __attribute__((vector_size(64), aligned(4), may_alias));

#define VK_LOAD(p) (*(const vk_float16v *)(const void *)(p))
#define VK_STORE(p, v) (*(vk_float16v *)(void *)(p) = (v))
#define VK_SPLAT(x) ((vk_float16v){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x})
#define VK_CHOOSE(mask, a, b)                                                                 \
    ((vk_float16v)(((vk_int16v)(a) & (mask)) | ((vk_int16v)(b) & ~(mask))))

/// One step inside 16 components: each and its partner `bit` away become sum and difference.
#define VK_BUTTERFLY(v, bit, ...)                                                             \
    do {                                                                                      \
        const vk_float16v partner = __builtin_shufflevector(v, v, __VA_ARGS__);               \
        const vk_int16v lane = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};        \
        const vk_int16v flip = ((lane & (bit)) != 0) & (int32_t)0x80000000;                   \
        v = partner + (vk_float16v)((vk_int16v)v ^ flip);                                     \
    } while (0)

/// The Hadamard transform of `count` components, a power of two from 64 on, without its scale.
VK_TARGET static void hadamard(float *x, size_t count) {
    for (size_t i = 0; i < count; i += 16) {
        vk_float16v v = VK_LOAD(x + i);
        VK_BUTTERFLY(v, 1, 1, 0, 3, 2, 5, 4, 7, 6, 9, 8, 11, 10, 13, 12, 15, 14);
        VK_BUTTERFLY(v, 2, 2, 3, 0, 1, 6, 7, 4, 5, 10, 11, 8, 9, 14, 15, 12, 13);
        VK_BUTTERFLY(v, 4, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11);
        VK_BUTTERFLY(v, 8, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
        VK_STORE(x + i, v);
    }
    for (size_t half = 16; half < count; half *= 2) {
        for (size_t begin = 0; begin < count; begin += 2 * half) {
            for (size_t i = begin; i < begin + half; i += 16) {
                const vk_float16v a = VK_LOAD(x + i), b = VK_LOAD(x + i + half);
                VK_STORE(x + i, a + b);
                VK_STORE(x + i + half, a - b);
            }
        }
    }
}

VK_TARGET static void rotate(const vk_rotation *rotation, const float *x, float *out) {
    const size_t dimension = rotation->dimension, padded = rotation->padded;
    for (size_t i = 0; i < dimension; i++) out[i] = x[i] - rotation->mean[i];
    memset(out + dimension, 0, (padded - dimension) * sizeof *out);
    for (size_t round = 0; round < 4; round++) {
        const float *factors = rotation->factors + round * padded;
        for (size_t i = 0; i < padded; i++) out[i] *= factors[i];
        hadamard(out + (round % 2 ? padded - rotation->power : 0), rotation->power);
    }
}

VK_TARGET static void decode_bytes(float lo, float delta, const uint8_t *codes, size_t count,
                                   float *out) {
    for (size_t i = 0; i < count; i++) out[i] = lo + delta * (float)codes[i];
}

/// The sum of 16 lanes, pair by pair.
#define VK_SUM_LANES(result, v)                                                               \
    do {                                                                                      \
        float lanes_[16];                                                                     \
        VK_STORE(lanes_, v);                                                                  \
        for (size_t width_ = 8; width_ > 0; width_ /= 2) {                                    \
            for (size_t i_ = 0; i_ < width_; i_++) lanes_[i_] += lanes_[i_ + width_];         \
        }                                                                                     \
        result = lanes_[0];                                                                   \
    } while (0)

/// The centroids of one shape, and half their squared norms with a minus.
typedef struct vk_centroid_set {
    const float *components;
    float negated_half_norms[16];
} vk_centroid_set;

/// Writes the 16 sub-spaces from `m` on: for each the nearest of the centroids to `u`.
///
/// `dims` is a constant where this is inlined. Adds the products of the chosen centroids with u
/// and with origin.
VK_TARGET static inline __attribute__((always_inline)) void encode_sixteen(
    const vk_centroid_set *set, size_t dims, size_t count, size_t m, const float *u,
    const float *origin, uint8_t *codes, float *along, float *at_origin) {
    vk_float16v x[8], chosen[8];
    for (size_t j = 0; j < dims; j++) {
        x[j] = VK_LOAD(u + j * count + m);
        chosen[j] = (vk_float16v){};
    }
    vk_float16v best = VK_SPLAT(-3e38f);
    vk_int16v best_code = {};
    for (int32_t c = 0; c < 16; c++) {
        vk_float16v score = VK_SPLAT(set->negated_half_norms[c]);
        for (size_t j = 0; j < dims; j++) {
            score = score + x[j] * set->components[j * 16 + (size_t)c];
        }
        const vk_int16v better = score > best;
        best = VK_CHOOSE(better, score, best);
        best_code = (better & c) | (best_code & ~better);
        for (size_t j = 0; j < dims; j++) {
            chosen[j] = VK_CHOOSE(better, VK_SPLAT(set->components[j * 16 + (size_t)c]), chosen[j]);
        }
    }
    for (size_t lane = 0; lane < 16; lane++) codes[m + lane] = (uint8_t)best_code[lane];
    vk_float16v first = VK_LOAD(along), second = VK_LOAD(at_origin);
    for (size_t j = 0; j < dims; j++) {
        first = first + chosen[j] * x[j];
        if (origin) second = second + chosen[j] * VK_LOAD(origin + j * count + m);
    }
    VK_STORE(along, first);
    VK_STORE(at_origin, second);
}

/// encode_sixteen over all sub-spaces.
VK_TARGET static inline __attribute__((always_inline)) void encode_all(
    const vk_centroid_set *set, size_t dims, size_t count, const float *u, const float *origin,
    uint8_t *codes, float *along, float *at_origin) {
    for (size_t m = 0; m < count; m += 16) {
        encode_sixteen(set, dims, count, m, u, origin, codes, along, at_origin);
    }
}

VK_TARGET static void encode_direction(const vk_code_shape *shape, const float *origin,
                                       const float *target, float *scratch, uint8_t *codes,
                                       float products[2]) {
    const size_t padded = shape->padded, count = shape->subspace_count;
    const size_t dims = shape->subspace_dims;
    vk_centroid_set set = {.components = vk_centroids(shape->subspace_dims)};
    for (size_t i = 0; i < dims * 16; i++) {
        set.negated_half_norms[i % 16] -= set.components[i] * set.components[i] * 0.5f;
    }
    vk_float16v squares = {};
    for (size_t i = 0; i < padded; i += 16) {
        const vk_float16v from = origin ? VK_LOAD(origin + i) : (vk_float16v){};
        const vk_float16v r = VK_LOAD(target + i) - from;
        squares = squares + r * r;
        VK_STORE(scratch + i, r);
    }
    float norm2;
    VK_SUM_LANES(norm2, squares);
    const float length = __builtin_elementwise_sqrt(norm2);
    const float to_normal = length > 0 ? __builtin_elementwise_sqrt((float)padded) / length : 0;
    for (size_t i = 0; i < padded; i += 16) {
        VK_STORE(scratch + i, VK_LOAD(scratch + i) * to_normal);
    }
    float first[16] = {0}, second[16] = {0};
    switch (dims) {
    case 1: encode_all(&set, 1, count, scratch, origin, codes, first, second); break;
    case 2: encode_all(&set, 2, count, scratch, origin, codes, first, second); break;
    case 4: encode_all(&set, 4, count, scratch, origin, codes, first, second); break;
    default: encode_all(&set, 8, count, scratch, origin, codes, first, second);
    }
    float along, at_origin;
    VK_SUM_LANES(along, VK_LOAD(first));
    VK_SUM_LANES(at_origin, VK_LOAD(second));
    products[0] = to_normal > 0 ? along / to_normal : 0;
    products[1] = at_origin;
}

VK_TARGET static float make_table(const vk_code_shape *shape, const float *rotated,
                                  float *scratch, int8_t *table) {
    const size_t count = shape->subspace_count, dims = shape->subspace_dims;
    const float *centroids = vk_centroids(shape->subspace_dims);
    vk_float16v most = {};
    for (size_t m = 0; m < count; m++) {
        vk_float16v entries = {};
        for (size_t j = 0; j < dims; j++) {
            entries = entries + VK_LOAD(centroids + j * 16) * rotated[j * count + m];
        }
        VK_STORE(scratch + m * 16, entries);
        const vk_float16v size = (vk_float16v)((vk_int16v)entries & 0x7FFFFFFF);
        const vk_int16v more = size > most;
        most = VK_CHOOSE(more, size, most);
    }
    float largest = 0;
    for (size_t lane = 0; lane < 16; lane++) largest = most[lane] > largest ? most[lane] : largest;
    const float scale = largest > 0 ? 127 / largest : 0;
    for (size_t i = 0; i < count * 16; i++) {
        const float place = scratch[i] * scale;
        table[i] = (int8_t)(int32_t)(place + (place < 0 ? -0.5f : 0.5f));
    }
    return largest / 127 / __builtin_elementwise_sqrt((float)shape->padded);
}

VK_TARGET static void estimate(float base, float square_unit, float step, const uint16_t *a,
                               const uint16_t *b, const int32_t *sums, float *out) {
    for (size_t i = 0; i < vk_group_lanes; i++) {
        const float fixed = base + square_unit * VK_HALF(a, i);
        out[i] = fixed + VK_HALF(b, i) * (step * (float)sums[i]);
    }
}

#define VK_CODE_ENTRIES                                                                       \
    .rotate = rotate, .decode_bytes = decode_bytes, .encode_direction = encode_direction,     \
    .make_table = make_table, .scan_group = scan_group, .estimate = estimate
