// The growing tables of a walk over pages.

#include "page_tables.h"

void vk_page_grow_seen(vk_page_walk *walk) {
    uint64_t *old = walk->seen;
    const uint32_t old_count = 1u << walk->seen_bits;
    walk->seen_bits++;
    walk->seen = calloc((size_t)1 << walk->seen_bits, sizeof *walk->seen);
    if (!walk->seen) abort();
    walk->seen_count = 0;
    for (uint32_t i = 0; i < old_count; i++) {
        if (old[i] >> 32 == walk->generation) vk_page_meet(walk, (uint32_t)old[i]);
    }
    free(old);
}

void vk_page_grow_pages(vk_page_walk *walk) {
    vk_page_place *old = walk->pages;
    const uint32_t old_count = 1u << walk->page_bits;
    walk->page_bits++;
    walk->pages = calloc((size_t)1 << walk->page_bits, sizeof *walk->pages);
    if (!walk->pages) abort();
    for (uint32_t i = 0; i < old_count; i++) {
        if (old[i].key >> 32 == walk->generation) {
            *vk_page_find(walk, (uint32_t)old[i].key) = old[i];
        }
    }
    free(old);
}

void vk_page_free(vk_page_walk *walk) {
    free(walk->pool);
    free(walk->seen);
    free(walk->pages);
    free(walk->bases);
    free(walk->base_tags);
    free(walk->keys);
    free(walk->rows);
    free(walk->distances);
    memset(walk, 0, sizeof *walk);
}
