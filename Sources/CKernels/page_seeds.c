// Where a walk over pages begins: the nearest rows of the nearest lists, by their codes.

#include "page_tables.h"

/// Rows estimated at a time.
enum { scan_step = 256, first_seen_bits = 13, first_page_bits = 9 };

static uint32_t distance_order(const vk_page_walk *walk, uint32_t list) {
    return vk_page_order(walk->bases[list]);
}

/// Puts the `count` smallest of `total` keys first, ascending.
static void select_smallest(uint64_t *keys, uint32_t total, uint32_t count) {
    uint32_t low = 0, high = total;
    while (count < total && high - low > 1) {
        const uint64_t pivot = keys[low + (high - low) / 2];
        uint32_t i = low, j = high;
        while (i < j) {
            if (keys[i] < pivot) i++;
            else {
                j--;
                const uint64_t other = keys[i];
                keys[i] = keys[j];
                keys[j] = other;
            }
        }
        // Keys are distinct, so the pivot is the smallest of what is not below it.
        for (uint32_t k = i; k < high; k++) {
            if (keys[k] == pivot) {
                keys[k] = keys[i];
                keys[i] = pivot;
                break;
            }
        }
        if (count <= i) high = i;
        else if (count == i + 1) break;
        else low = i + 1;
    }
    const uint32_t kept = count < total ? count : total;
    for (uint32_t i = 1; i < kept; i++) {
        const uint64_t key = keys[i];
        uint32_t j = i;
        for (; j > 0 && keys[j - 1] > key; j--) keys[j] = keys[j - 1];
        keys[j] = key;
    }
}

static void prepare(vk_page_walk *walk, const vk_page_space *space, const vk_page_rule *rule) {
    if (!walk->seen) {
        walk->seen_bits = first_seen_bits;
        walk->seen = calloc((size_t)1 << first_seen_bits, sizeof *walk->seen);
        walk->page_bits = first_page_bits;
        walk->pages = calloc((size_t)1 << first_page_bits, sizeof *walk->pages);
        if (!walk->seen || !walk->pages) abort();
    }
    if (walk->pool_capacity < rule->width + 1) {
        walk->pool_capacity = rule->width + 1;
        walk->pool = vk_page_grow(walk->pool, walk->pool_capacity, sizeof *walk->pool);
    }
    if (walk->base_capacity < space->list_count) {
        walk->base_capacity = space->list_count;
        walk->bases = vk_page_grow(walk->bases, walk->base_capacity, sizeof *walk->bases);
        free(walk->base_tags);
        walk->base_tags = calloc(walk->base_capacity, sizeof *walk->base_tags);
        if (!walk->base_tags) abort();
    }
    if (walk->key_capacity < space->list_count) {
        walk->key_capacity = space->list_count;
        walk->keys = vk_page_grow(walk->keys, walk->key_capacity, sizeof *walk->keys);
    }
    uint32_t rows = space->maximum_degree > scan_step ? space->maximum_degree : scan_step;
    if (rows < space->list_count) rows = space->list_count;
    if (rows < space->rows_per_page) rows = space->rows_per_page;
    if (walk->row_capacity < rows) {
        walk->row_capacity = rows;
        walk->rows = vk_page_grow(walk->rows, rows, sizeof *walk->rows);
        walk->distances = vk_page_grow(walk->distances, rows, sizeof *walk->distances);
    }
    if (++walk->generation == 0) {
        // After 2^32 walks old entries would look like new ones.
        memset(walk->seen, 0, sizeof *walk->seen << walk->seen_bits);
        memset(walk->pages, 0, sizeof *walk->pages << walk->page_bits);
        memset(walk->base_tags, 0, sizeof *walk->base_tags * walk->base_capacity);
        walk->generation = 1;
    }
    walk->seen_count = walk->page_count = walk->pool_count = walk->next = 0;
    walk->expanded = walk->estimated = 0;
    walk->width = rule->width;
}

/// Measures the centres of walk->rows[0..<count], which are lists, and makes their keys.
static void measure_centres(vk_page_walk *walk, uint32_t count, uint32_t key_offset) {
    const vk_page_space *space = walk->space;
    vk_byte_distances(space->kernels, &space->centres, &walk->query->row, walk->query->bytes,
                      walk->rows, 0, count, walk->distances);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t list = walk->rows[i];
        walk->bases[list] = walk->distances[i];
        walk->base_tags[list] = walk->generation;
        walk->keys[key_offset + i] = (uint64_t)distance_order(walk, list) << 32 | list;
    }
}

/// Makes keys of the lists worth sorting: all, or those of the nearest groups; gives how many.
static uint32_t nearest_lists(vk_page_walk *walk, uint32_t wanted) {
    const vk_page_space *space = walk->space;
    if (space->head_count == 0) {
        for (uint32_t list = 0; list < space->list_count; list++) walk->rows[list] = list;
        measure_centres(walk, space->list_count, 0);
        walk->estimated += space->list_count;
        return space->list_count;
    }
    memcpy(walk->rows, space->heads, space->head_count * sizeof *walk->rows);
    vk_byte_distances(space->kernels, &space->centres, &walk->query->row, walk->query->bytes,
                      walk->rows, 0, space->head_count, walk->distances);
    for (uint32_t group = 0; group < space->head_count; group++) {
        walk->keys[group] = (uint64_t)vk_page_order(walk->distances[group]) << 32 | group;
    }
    const uint32_t group_limit = space->head_count < 32 ? space->head_count : 32;
    select_smallest(walk->keys, space->head_count, group_limit);
    uint32_t count = 0;
    for (uint32_t i = 0; i < group_limit && count < wanted; i++) {
        const uint32_t group = (uint32_t)walk->keys[i];
        for (uint32_t m = space->member_starts[group]; m < space->member_starts[group + 1]; m++) {
            walk->rows[count++] = space->members[m];
        }
    }
    measure_centres(walk, count, 0);
    walk->estimated += space->head_count + count;
    return count;
}

static void prefetch_list(const vk_page_space *space, uint32_t list) {
    const uint32_t first = space->list_starts[list];
    vk_prefetch_bytes(vk_row_factors_of(&space->codes, first / vk_row_group * vk_row_group), 512);
}

void vk_page_begin(vk_page_walk *walk, const vk_page_space *space, const vk_page_query *query,
                   const vk_page_rule *rule) {
    prepare(walk, space, rule);
    walk->space = space;
    walk->query = query;
    const uint32_t mean = space->codes.row_count / space->list_count;
    const uint32_t wanted = rule->scan_rows / (mean > 0 ? mean : 1) + 1;
    const uint32_t count = nearest_lists(walk, 8 * wanted);
    const uint32_t kept = 2 * wanted < count ? 2 * wanted : count;
    select_smallest(walk->keys, count, kept);
    uint32_t scanned = 0;
    for (uint32_t i = 0; i < kept && scanned < rule->scan_rows; i++) {
        const uint32_t list = (uint32_t)walk->keys[i];
        if (i + 1 < kept) prefetch_list(space, (uint32_t)walk->keys[i + 1]);
        const uint32_t end = space->list_starts[list + 1];
        for (uint32_t row = space->list_starts[list]; row < end; row += scan_step) {
            const uint32_t step = end - row < scan_step ? end - row : scan_step;
            const size_t near = space->rows->scan(
                &space->codes, &query->rotated, row, step, walk->bases[list],
                vk_page_bound(walk), walk->distances, walk->rows);
            for (size_t n = 0; n < near; n++) {
                vk_page_insert(walk, vk_page_key(walk->distances[n], walk->rows[n]));
            }
            scanned += step;
        }
    }
    walk->estimated += scanned;
    for (uint32_t i = 0; i < walk->pool_count; i++) {
        vk_page_meet(walk, vk_page_key_row(walk->pool[i]));
    }
}
