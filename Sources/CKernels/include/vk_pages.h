// The walk over node pages that are read from a disk: row codes steer it, and every record of a
// page that has been read is compared exactly.
#pragma once

#include <stdbool.h>

#include "vk_rows.h"

#pragma clang assume_nonnull begin

/// What is known of the rows of a segment without reading a page.
typedef struct vk_page_space {
    const vk_kernels *kernels;
    const vk_row_kernels *rows;
    vk_row_codes codes;
    /// The centres of the lists.
    vk_byte_table centres;
    /// Where the rows of each list begin, and behind them the number of rows.
    const uint32_t *list_starts;
    uint32_t list_count;
    /// Lists that stand for groups of lists; none where lists are few.
    const uint32_t *heads;
    uint32_t head_count;
    /// The lists by group, and where each group begins.
    const uint32_t *members;
    const uint32_t *member_starts;
    /// Where things stand in a record, and records in a page.
    uint32_t rows_per_page;
    uint32_t record_bytes;
    uint32_t degree_offset;
    uint32_t neighbor_bytes;
    uint32_t maximum_degree;
} vk_page_space;

/// A query for a page space: as bytes for the centres, rotated for the codes.
typedef struct vk_page_query {
    vk_byte_row row;
    const uint8_t *_Nullable bytes;
    vk_row_query rotated;
} vk_page_query;

/// How far a walk goes.
typedef struct vk_page_rule {
    /// Candidates kept.
    uint32_t width;
    /// Rows of the nearest lists that are looked at before the walk begins.
    uint32_t scan_rows;
} vk_page_rule;

/// A place of the table of pages.
typedef struct vk_page_place {
    /// Generation and page.
    uint64_t key;
    /// The page's bytes; NULL while it is on its way.
    const uint8_t *_Nullable bytes;
} vk_page_place;

/// The working memory of walks; zero it before the first. It grows to what the widest needed.
typedef struct vk_page_walk {
    const vk_page_space *_Nullable space;
    const vk_page_query *_Nullable query;
    /// Candidates, nearest first: distance in the high half, row and "expanded" in the low half.
    uint64_t *_Nullable pool;
    uint32_t pool_count, width, pool_capacity;
    /// Rows before this place of the pool are expanded.
    uint32_t next;
    /// Rows met, each under the generation of its walk.
    uint64_t *_Nullable seen;
    uint32_t seen_bits, seen_count;
    uint32_t generation;
    vk_page_place *_Nullable pages;
    uint32_t page_bits, page_count;
    /// How far centres are, where the tag is the generation.
    float *_Nullable bases;
    uint32_t *_Nullable base_tags;
    uint32_t base_capacity;
    /// Buffers of lists and rows.
    uint64_t *_Nullable keys;
    uint32_t key_capacity;
    uint32_t *_Nullable rows;
    float *_Nullable distances;
    uint32_t row_capacity;
    /// A row whose record made no sense, where vk_page_expand says so.
    uint32_t bad_row;
    /// Counts of this walk.
    uint32_t expanded, estimated;
} vk_page_walk;

/// Begins a walk and fills its pool with the nearest rows of the nearest lists.
void vk_page_begin(vk_page_walk *walk, const vk_page_space *space, const vk_page_query *query,
                   const vk_page_rule *rule);

/// Takes a row out of a walk that has just begun, whose pool then is one candidate less wide.
void vk_page_leave_out(vk_page_walk *walk, uint32_t row);

/// Puts a row into the pool by the estimate of its code.
void vk_page_seed(vk_page_walk *walk, uint32_t row);

/// Expands every candidate nearer than `limit` whose page is here, nearest first, until there is
/// none; false where a record names rows that do not exist.
bool vk_page_expand(vk_page_walk *walk, float limit);

/// Writes the pages of the nearest candidates nearer than `limit` that have no page yet, at most
/// `most`, and notes that they are on their way; gives how many.
uint32_t vk_page_wanted(vk_page_walk *walk, float limit, uint32_t most, uint32_t *pages);

/// Writes how far the nearest candidates are that vk_page_wanted would give the pages of, and those
/// pages, but notes nothing; gives how many.
uint32_t vk_page_nearest_wanted(vk_page_walk *walk, float limit, uint32_t most, float *distances,
                                uint32_t *pages);

/// Takes a page that was wanted: its bytes stay where they are until the walk ends, and its rows
/// are as far from the query as `distances` says.
void vk_page_arrived(vk_page_walk *walk, uint32_t page, const uint8_t *bytes,
                     const float *distances);

/// Forgets which pages are here.
void vk_page_forget_pages(vk_page_walk *walk);

/// Gives the memory back.
void vk_page_free(vk_page_walk *walk);

#pragma clang assume_nonnull end
