// The walk over pages between two reads.

#include "page_tables.h"

/// Estimates walk->rows[0..<count] and puts them into the pool.
static void insert_estimates(vk_page_walk *walk, uint32_t count) {
    const vk_page_space *space = walk->space;
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t list = vk_row_factors_of(&space->codes, walk->rows[i])->list;
        if (walk->base_tags[list] == walk->generation) continue;
        vk_byte_distances(space->kernels, &space->centres, &walk->query->row, walk->query->bytes,
                          &list, 0, 1, &walk->bases[list]);
        walk->base_tags[list] = walk->generation;
    }
    space->rows->gather(&space->codes, &walk->query->rotated, walk->rows, count, walk->bases,
                        walk->distances);
    walk->estimated += count;
    for (uint32_t i = 0; i < count; i++) {
        vk_page_insert(walk, vk_page_key(walk->distances[i], walk->rows[i]));
    }
}

void vk_page_leave_out(vk_page_walk *walk, uint32_t row) {
    // A row that was met does not come back.
    vk_page_meet(walk, row);
    uint32_t place = 0;
    while (place < walk->pool_count && vk_page_key_row(walk->pool[place]) != row) place++;
    if (place < walk->pool_count) {
        walk->pool_count--;
        memmove(walk->pool + place, walk->pool + place + 1,
                (walk->pool_count - place) * sizeof *walk->pool);
    }
    if (walk->width > 1) walk->width--;
    if (walk->pool_count > walk->width) walk->pool_count = walk->width;
}

void vk_page_seed(vk_page_walk *walk, uint32_t row) {
    if (!vk_page_meet(walk, row)) return;
    walk->rows[0] = row;
    insert_estimates(walk, 1);
}

/// Offers the neighbours in a record; false if it makes no sense.
static bool expand(vk_page_walk *walk, uint32_t row, const uint8_t *page) {
    const vk_page_space *space = walk->space;
    const uint8_t *record = page + (size_t)(row % space->rows_per_page) * space->record_bytes;
    const uint8_t *place = record + space->degree_offset;
    const uint32_t degree = (uint32_t)place[0] | (uint32_t)place[1] << 8;
    place += 2;
    walk->expanded++;
    walk->bad_row = row;
    if (degree > space->maximum_degree) return false;
    uint32_t count = 0;
    for (uint32_t i = 0; i < degree; i++, place += space->neighbor_bytes) {
        uint32_t neighbor = (uint32_t)place[0] | (uint32_t)place[1] << 8;
        if (space->neighbor_bytes > 2) neighbor |= (uint32_t)place[2] << 16;
        if (space->neighbor_bytes > 3) neighbor |= (uint32_t)place[3] << 24;
        if (neighbor >= space->codes.row_count) return false;
        if (!vk_page_meet(walk, neighbor)) continue;
        walk->rows[count++] = neighbor;
        __builtin_prefetch(vk_row_factors_of(&space->codes, neighbor), 0, 3);
        vk_prefetch_bytes(vk_row_codes_of(&space->codes, neighbor), space->codes.row_bytes);
    }
    insert_estimates(walk, count);
    return true;
}

/// The key that candidates nearer than `limit` are below.
static uint64_t end_key(float limit) {
    return limit < __builtin_inff() ? vk_page_key(limit, 0) : UINT64_MAX;
}

bool vk_page_expand(vk_page_walk *walk, float limit) {
    const uint64_t end = end_key(limit);
    uint32_t i = walk->next;
    while (i < walk->pool_count && walk->pool[i] < end) {
        if (walk->pool[i] & 1) {
            i++;
            continue;
        }
        const uint32_t row = vk_page_key_row(walk->pool[i]);
        const vk_page_place *place = vk_page_find(walk, row / walk->space->rows_per_page);
        if (!vk_page_is_here(walk, place) || !place->bytes) {
            i++;
            continue;
        }
        walk->pool[i] |= 1;
        // Insertions before the next candidate lower this.
        walk->next = i + 1;
        if (!expand(walk, row, place->bytes)) return false;
        i = walk->next;
    }
    walk->next = 0;
    while (walk->next < walk->pool_count && walk->pool[walk->next] & 1) walk->next++;
    return true;
}

/// Notes that a page is on its way, or here.
static void take_place(vk_page_walk *walk, uint32_t page, const uint8_t *bytes) {
    vk_page_place *place = vk_page_find(walk, page);
    const bool is_new = !vk_page_is_here(walk, place);
    place->key = (uint64_t)walk->generation << 32 | page;
    place->bytes = bytes;
    if (is_new && ++walk->page_count * 2 > 1u << walk->page_bits) vk_page_grow_pages(walk);
}

/// Goes on to the nearest candidate from `place` on that is below `end` and whose page is not here;
/// false where there is none.
static bool find_wanted(vk_page_walk *walk, uint64_t end, uint32_t *place, uint32_t *page) {
    for (; *place < walk->pool_count && walk->pool[*place] < end; ++*place) {
        if (walk->pool[*place] & 1) continue;
        *page = vk_page_key_row(walk->pool[*place]) / walk->space->rows_per_page;
        if (!vk_page_is_here(walk, vk_page_find(walk, *page))) return true;
    }
    return false;
}

uint32_t vk_page_wanted(vk_page_walk *walk, float limit, uint32_t most, uint32_t *pages) {
    const uint64_t end = end_key(limit);
    uint32_t count = 0, place = walk->next;
    while (count < most && find_wanted(walk, end, &place, pages + count)) {
        take_place(walk, pages[count++], NULL);
    }
    return count;
}

uint32_t vk_page_nearest_wanted(vk_page_walk *walk, float limit, uint32_t most, float *distances,
                                uint32_t *pages) {
    const uint64_t end = end_key(limit);
    uint32_t count = 0;
    for (uint32_t place = walk->next; count < most; place++) {
        if (!find_wanted(walk, end, &place, pages + count)) break;
        uint32_t known = 0;
        while (pages[known] != pages[count]) known++;
        if (known == count) distances[count++] = vk_page_key_distance(walk->pool[place]);
    }
    return count;
}

void vk_page_arrived(vk_page_walk *walk, uint32_t page, const uint8_t *bytes,
                     const float *distances) {
    const vk_page_space *space = walk->space;
    // The page may have been forgotten since it was wanted.
    take_place(walk, page, bytes);
    const uint32_t first = page * space->rows_per_page;
    const uint32_t left = space->codes.row_count - first;
    const uint32_t count = left < space->rows_per_page ? left : space->rows_per_page;
    for (uint32_t i = 0; i < count; i++) {
        if (!vk_page_meet(walk, first + i)) continue;
        vk_page_insert(walk, vk_page_key(distances[i], first + i));
    }
}

void vk_page_forget_pages(vk_page_walk *walk) {
    memset(walk->pages, 0, sizeof *walk->pages << walk->page_bits);
    walk->page_count = 0;
}
