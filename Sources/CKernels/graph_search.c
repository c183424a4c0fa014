// Beam search over neighbour lists, also while another thread changes them.
#include "graph_internal.h"

static inline uint32_t visited_slot(uint32_t row, uint32_t bits) {
    return (row * 2654435769u) >> (32 - bits);
}

static __attribute__((noinline)) void visited_grow(vg_scratch *scratch) {
    uint32_t old_bits = scratch->visited_bits, bits = old_bits + 1;
    uint32_t *old = scratch->visited;
    uint32_t *table = calloc((size_t)1 << bits, sizeof(uint32_t));
    if (!table) abort();
    uint32_t mask = (1u << bits) - 1;
    for (size_t i = 0; i < (size_t)1 << old_bits; i++) {
        if (old[i] == 0) continue;
        uint32_t slot = visited_slot(old[i] - 1, bits);
        while (table[slot] != 0) slot = (slot + 1) & mask;
        table[slot] = old[i];
    }
    free(old);
    scratch->visited = table;
    scratch->visited_bits = bits;
}

/// Empties the table, which shrinks when the search before needed little of it: it must be cleared
/// each time and should stay in the first-level cache.
static void visited_start(vg_scratch *scratch) {
    if (scratch->visited_bits > 10 && scratch->visited_count < 1u << (scratch->visited_bits - 3))
        scratch->visited_bits--;
    scratch->visited_count = 0;
    memset(scratch->visited, 0, sizeof(uint32_t) << scratch->visited_bits);
}

/// True the first time in this search that `row` is named.
static inline __attribute__((always_inline)) bool visited_insert(
    vg_scratch *scratch, uint32_t row) {
    uint32_t mask = (1u << scratch->visited_bits) - 1;
    uint32_t *table = scratch->visited, slot = visited_slot(row, scratch->visited_bits);
    while (table[slot] != 0) {
        if (table[slot] == row + 1) return false;
        slot = (slot + 1) & mask;
    }
    table[slot] = row + 1;
    if (++scratch->visited_count * 2 > mask) visited_grow(scratch);
    return true;
}

/// Puts `key` into the sorted pool and answers its place; `width` if it is too far.
static inline uint32_t pool_insert(vg_scratch *scratch, uint32_t width, vg_key key) {
    vg_key *pool = scratch->pool;
    uint32_t count = scratch->pool_count;
    if (count == width && key >= pool[count - 1]) return width;
    const vg_key *base = pool;
    uint32_t length = count;
    while (length > 1) {
        uint32_t half = length / 2;
        base += base[half - 1] < key ? half : 0;
        length -= half;
    }
    uint32_t place = (uint32_t)(base - pool) + (length == 1 && *base < key);
    uint32_t moved = (count < width ? count : width - 1) - place;
    memmove(pool + place + 1, pool + place, moved * sizeof(vg_key));
    pool[place] = key;
    if (count < width) scratch->pool_count = count + 1;
    return place;
}

/// Collects the unvisited neighbours of `row` in `ids` and has their vectors fetched.
static inline uint32_t gather(
    const vg_space *space, const vg_graph *graph, uint32_t row, vg_scratch *scratch) {
    const uint32_t *list = graph->neighbours + (size_t)row * graph->stride;
    uint32_t degree = __atomic_load_n(graph->degrees + row, __ATOMIC_RELAXED), count = 0;
    if (degree > graph->stride) degree = (uint32_t)graph->stride;
    for (uint32_t i = 0; i < degree; i++) {
        uint32_t id = vg_load_id(list + i);
        if (id >= graph->row_limit || !visited_insert(scratch, id)) continue;
        scratch->ids[count++] = id;
        vg_prefetch_row(space, id);
    }
    return count;
}

static void start(
    const vg_space *space, const vg_graph *graph, vg_point query, const uint32_t *entries,
    uint32_t entry_count, const vg_search_rule *rule, vg_scratch *scratch) {
    scratch->pool_count = 0;
    scratch->expanded_count = 0;
    visited_start(scratch);
    if (rule->skip_row != UINT32_MAX) visited_insert(scratch, rule->skip_row);
    for (uint32_t first = 0; first < entry_count; first += scratch->list_capacity) {
        uint32_t count = 0;
        for (uint32_t i = first; i < entry_count && i - first < scratch->list_capacity; i++)
            if (entries[i] < graph->row_limit && visited_insert(scratch, entries[i]))
                scratch->ids[count++] = entries[i];
        vg_distances(space, query, scratch->ids, count, scratch->distances);
        scratch->search_distances += count;
        for (uint32_t i = 0; i < count; i++)
            pool_insert(
                scratch, rule->width, vg_make_key(scratch->distances[i], scratch->ids[i]));
    }
}

void vg_search(
    const vg_space *space, const vg_graph *graph, vg_point query, const uint32_t *entries,
    uint32_t entry_count, const vg_search_rule *rule, vg_scratch *scratch) {
    uint32_t width = rule->width, at = 0;
    vg_scratch_prepare(scratch, width, (uint32_t)graph->stride);
    start(space, graph, query, entries, entry_count, rule, scratch);
    while (at < scratch->pool_count) {
        vg_key key = scratch->pool[at];
        if (key & 1) {
            at++;
            continue;
        }
        if (scratch->pool_count >= rule->stop_rank
            && vg_key_distance(key)
                > rule->stop_factor * vg_key_distance(scratch->pool[rule->stop_rank - 1]))
            break;
        vg_grow(
            (void **)&scratch->expanded, &scratch->expanded_capacity,
            scratch->expanded_count + 1, sizeof(vg_key));
        scratch->expanded[scratch->expanded_count++] = key;
        scratch->pool[at] = key | 1;
        uint32_t count = gather(space, graph, vg_key_row(key), scratch);
        // The list most likely to be wanted next comes in while the distances are measured.
        for (uint32_t next = at + 1; next < scratch->pool_count; next++) {
            if (scratch->pool[next] & 1) continue;
            size_t row = vg_key_row(scratch->pool[next]);
            for (size_t i = 0; i < graph->stride; i += 16)
                __builtin_prefetch(graph->neighbours + row * graph->stride + i);
            __builtin_prefetch(graph->degrees + row);
            break;
        }
        vg_distances(space, query, scratch->ids, count, scratch->distances);
        scratch->search_distances += count;
        uint32_t best = at + 1;
        for (uint32_t i = 0; i < count; i++) {
            uint32_t place = pool_insert(
                scratch, width, vg_make_key(scratch->distances[i], scratch->ids[i]));
            if (place < best) best = place;
        }
        at = best;
    }
    scratch->expansions += scratch->expanded_count;
}
