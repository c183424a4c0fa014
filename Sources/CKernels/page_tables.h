// The tables of a walk over pages: rows met, pages here, the pool.
#pragma once

#include <stdlib.h>
#include <string.h>

#include "include/vk_pages.h"

/// Grows an array; there is no walk without its memory.
static inline void *vk_page_grow(void *memory, size_t count, size_t size) {
    void *grown = realloc(memory, count * size);
    if (!grown) abort();
    return grown;
}

static inline uint32_t vk_page_hash(uint32_t value, uint32_t bits) {
    return (uint32_t)((uint64_t)value * 0x9E3779B97F4A7C15u >> (64 - bits));
}

/// A distance as a number that orders as distances do, minus infinity first.
static inline uint32_t vk_page_order(float distance) {
    uint32_t bits;
    memcpy(&bits, &distance, sizeof bits);
    return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

static inline uint64_t vk_page_key(float distance, uint32_t row) {
    return (uint64_t)vk_page_order(distance) << 32 | (uint64_t)row << 1;
}

static inline uint32_t vk_page_key_row(uint64_t key) { return (uint32_t)key >> 1; }

static inline float vk_page_key_distance(uint64_t key) {
    const uint32_t order = (uint32_t)(key >> 32);
    const uint32_t bits = order & 0x80000000u ? order & 0x7FFFFFFFu : ~order;
    float distance;
    memcpy(&distance, &bits, sizeof distance);
    return distance;
}

/// Doubles the table of rows met.
void vk_page_grow_seen(vk_page_walk *walk);
/// Doubles the table of pages.
void vk_page_grow_pages(vk_page_walk *walk);

/// Remembers a row; false if it was met before.
static inline bool vk_page_meet(vk_page_walk *walk, uint32_t row) {
    const uint64_t entry = (uint64_t)walk->generation << 32 | row;
    const uint32_t mask = (1u << walk->seen_bits) - 1;
    uint32_t place = vk_page_hash(row, walk->seen_bits);
    while (walk->seen[place] >> 32 == walk->generation) {
        if (walk->seen[place] == entry) return false;
        place = (place + 1) & mask;
    }
    walk->seen[place] = entry;
    if (++walk->seen_count * 2 > mask) vk_page_grow_seen(walk);
    return true;
}

/// The place of a page; a free one where the page is not in the table.
static inline vk_page_place *vk_page_find(vk_page_walk *walk, uint32_t page) {
    const uint64_t key = (uint64_t)walk->generation << 32 | page;
    const uint32_t mask = (1u << walk->page_bits) - 1;
    uint32_t place = vk_page_hash(page, walk->page_bits);
    while (walk->pages[place].key >> 32 == walk->generation && walk->pages[place].key != key) {
        place = (place + 1) & mask;
    }
    return &walk->pages[place];
}

/// Whether the place is that of a page of this walk.
static inline bool vk_page_is_here(const vk_page_walk *walk, const vk_page_place *place) {
    return place->key >> 32 == walk->generation;
}

/// Puts a candidate where its distance belongs, if it is near enough.
static inline void vk_page_insert(vk_page_walk *walk, uint64_t key) {
    uint32_t count = walk->pool_count;
    if (count == walk->width) {
        if (key >= walk->pool[count - 1]) return;
        count--;
    }
    uint32_t low = 0, high = count;
    while (low < high) {
        const uint32_t middle = (low + high) / 2;
        if (walk->pool[middle] < key) low = middle + 1;
        else high = middle;
    }
    memmove(walk->pool + low + 1, walk->pool + low, (count - low) * sizeof *walk->pool);
    walk->pool[low] = key;
    walk->pool_count = count + 1;
    if (low < walk->next) walk->next = low;
}

/// The farthest distance that still enters the pool.
static inline float vk_page_bound(const vk_page_walk *walk) {
    if (walk->pool_count < walk->width) return __builtin_inff();
    return vk_page_key_distance(walk->pool[walk->pool_count - 1]);
}
