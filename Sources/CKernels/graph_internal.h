// What the graph and leaf loops share: keys, the distance rule, growing arrays.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "include/kernels_graph.h"

// Every tier must round alike, so no product may be fused into a sum.
#pragma STDC FP_CONTRACT OFF

static inline vg_key vg_make_key(float distance, uint32_t row) {
    uint32_t bits;
    memcpy(&bits, &distance, 4);
    return (uint64_t)bits << 32 | (uint64_t)row << 1;
}

static inline uint32_t vg_key_row(vg_key key) { return (uint32_t)key >> 1; }

static inline float vg_key_distance(vg_key key) {
    uint32_t bits = (uint32_t)(key >> 32);
    float distance;
    memcpy(&distance, &bits, 4);
    return distance;
}

static inline uint32_t vg_load_id(const uint32_t *place) {
    return __atomic_load_n(place, __ATOMIC_RELAXED);
}

static inline void vg_store_id(uint32_t *place, uint32_t id) {
    __atomic_store_n(place, id, __ATOMIC_RELAXED);
}

static inline vg_point vg_point_of(const vg_space *space, uint32_t row) {
    return (vg_point){
        vk_byte_table_codes(space->table, row), vk_byte_table_row(space->table, row)};
}

static inline void vg_distances(
    const vg_space *space, vg_point query, const uint32_t *ids, uint32_t count,
    float *distances) {
    vk_byte_distances(
        space->kernels, space->table, query.row, query.code, ids, 0, count, distances);
}

/// Has the code and header of a row fetched.
static inline void vg_prefetch_row(const vg_space *space, uint32_t row) {
    vg_point point = vg_point_of(space, row);
    size_t count = space->table->padded_count, byte_count = count < 512 ? count : 512;
    for (size_t i = 0; i < byte_count; i += 64) __builtin_prefetch(point.code + i);
    __builtin_prefetch(point.row);
}

/// Grows the array at `*array` to at least `count` elements of `size` bytes; contents are kept.
static inline void vg_grow(void **array, uint32_t *capacity, uint32_t count, size_t size) {
    if (count <= *capacity) return;
    uint64_t wanted = *capacity < 64 ? 64 : *capacity;
    while (wanted < count) wanted *= 2;
    void *grown = realloc(*array, wanted * size);
    if (!grown) abort();
    *array = grown;
    *capacity = (uint32_t)wanted;
}

/// Sorts keys, few of them fastest.
void vg_sort_keys(vg_key *keys, uint32_t count);
