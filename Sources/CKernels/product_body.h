// Scans of product codes and the search for the nearest centroid, once for every tier.
//
// A tier's file includes its lanes_*.h and defines product_sums (the sums of the entries of up to
// four rows) before it includes this. The vectors here are of the compiler, which makes of them
// what the tier has; no operation of a lane depends on another lane.

#include "product_internal.h"

#pragma STDC FP_CONTRACT OFF

enum { product_lanes = 16, rows_at_once = 4, bytes_ahead = 2048 };
typedef float product_floats __attribute__((ext_vector_type(16), aligned(4)));
typedef int32_t product_integers __attribute__((ext_vector_type(16), aligned(4)));

VK_TARGET static inline uint8_t nearest_centroid(const float *point, uint32_t dims,
                                                 const float *centroids,
                                                 uint32_t centroid_count) {
    product_floats least = (product_floats)__builtin_inff();
    product_integers place = 0;
    for (uint32_t first = 0; first < centroid_count; first += product_lanes) {
        product_floats sum = 0;
        for (uint32_t j = 0; j < dims; j++) {
            const float *from = centroids + (size_t)j * centroid_count + first;
            const product_floats difference =
                *(const product_floats *)(const void *)from - point[j];
            sum += difference * difference;
        }
        const product_integers is_less = sum < least;
        place = is_less ? (product_integers)(int32_t)first : place;
        least = is_less ? sum : least;
    }
    float best = least[0];
    int32_t number = place[0];
    for (int32_t lane = 1; lane < product_lanes; lane++) {
        const int32_t other = place[lane] + lane;
        if (least[lane] < best || (least[lane] == best && other < number)) {
            best = least[lane];
            number = other;
        }
    }
    return (uint8_t)number;
}

VK_TARGET static void product_nearest(const float *points, size_t stride, size_t count,
                                      uint32_t dims, const float *centroids,
                                      uint32_t centroid_count, uint8_t *out) {
    for (size_t i = 0; i < count; i++) {
        out[i] = nearest_centroid(points + i * stride, dims, centroids, centroid_count);
    }
}

VK_TARGET static void product_scan(const uint16_t *table, vk_product_scale scale,
                                   const uint8_t *codes, size_t row_bytes, size_t count,
                                   float *out) {
    uint32_t sums[rows_at_once];
    for (size_t row = 0; row < count; row += rows_at_once) {
        const uint8_t *from = codes + row * row_bytes;
        const size_t left = count - row;
        for (size_t i = 0; i < rows_at_once * row_bytes; i += 64) {
            __builtin_prefetch(from + i + bytes_ahead);
        }
        if (left >= rows_at_once) {
            product_sums(table, from, row_bytes, rows_at_once, sums);
        } else {
            for (size_t r = 0; r < left; r++) {
                product_sums(table, from + r * row_bytes, row_bytes, 1, sums + r);
            }
        }
        for (size_t r = 0; r < rows_at_once && r < left; r++) {
            out[row + r] = scale.bias + scale.step * (float)sums[r];
        }
    }
}

#define VK_PRODUCT_ENTRIES .nearest = product_nearest, .scan = product_scan
