// Codes and the walk with AVX2.
#if defined(__x86_64__)

#include "lanes_avx2.h"
#include "codes_body.h"

/// Chunks after which 16-bit sums of entries up to 255 must be emptied: four entries a chunk and
/// lane.
enum { chunks_between = 64 };

/// The codes of one chunk, brought from lane by lane to sub-space by sub-space: in[s] holds
/// sub-space s of all lanes.
VK_TARGET static inline void split_chunk(const uint8_t *codes, __m128i in[4]) {
    const __m128i by_subspace =
        _mm_setr_epi8(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    __m128i v[4];
    for (size_t i = 0; i < 4; i++) {
        v[i] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(codes + 16 * i)), by_subspace);
    }
    const __m128i a = _mm_unpacklo_epi32(v[0], v[1]), b = _mm_unpacklo_epi32(v[2], v[3]);
    const __m128i c = _mm_unpackhi_epi32(v[0], v[1]), d = _mm_unpackhi_epi32(v[2], v[3]);
    in[0] = _mm_unpacklo_epi64(a, b);
    in[1] = _mm_unpackhi_epi64(a, b);
    in[2] = _mm_unpacklo_epi64(c, d);
    in[3] = _mm_unpackhi_epi64(c, d);
}

/// Adds entries of two sub-spaces, moved by 128 to be unsigned: even and odd lanes to sums of their
/// own.
VK_TARGET static inline void add_entries(const int8_t *table, __m256i index, __m256i *even,
                                         __m256i *odd) {
    const __m256i moved = _mm256_xor_si256(_mm256_loadu_si256((const __m256i *)table),
                                           _mm256_set1_epi8((char)0x80));
    const __m256i entries = _mm256_shuffle_epi8(moved, index);
    *even = _mm256_add_epi16(*even, _mm256_and_si256(entries, _mm256_set1_epi16(0xFF)));
    *odd = _mm256_add_epi16(*odd, _mm256_srli_epi16(entries, 8));
}

/// Empties the 16-bit sums into those of the lanes.
VK_TARGET static inline void empty_sums(__m256i *even, __m256i *odd, int32_t *sums) {
    uint16_t parts[2][16];
    _mm256_storeu_si256((__m256i *)parts[0], *even);
    _mm256_storeu_si256((__m256i *)parts[1], *odd);
    for (size_t i = 0; i < 8; i++) {
        sums[2 * i] += (int32_t)parts[0][i] + parts[0][i + 8];
        sums[2 * i + 1] += (int32_t)parts[1][i] + parts[1][i + 8];
    }
    *even = *odd = _mm256_setzero_si256();
}

VK_TARGET static inline void scan_group(const uint8_t *codes, const int8_t *table,
                                        uint32_t subspace_count, int32_t sums[vk_group_lanes]) {
    const uint32_t chunks = subspace_count / 8;
    const __m256i low_half = _mm256_set1_epi8(15);
    const int8_t *low = table, *high = table + subspace_count / 2 * 16;
    __m256i even = _mm256_setzero_si256(), odd = even;
    for (size_t i = 0; i < vk_group_lanes; i++) sums[i] = -128 * (int32_t)subspace_count;
    for (uint32_t chunk = 0; chunk < chunks; chunk++) {
        __m128i in[4];
        split_chunk(codes + chunk * 64, in);
        for (size_t pair = 0; pair < 2; pair++) {
            const __m256i both = _mm256_set_m128i(in[2 * pair + 1], in[2 * pair]);
            const __m256i first = _mm256_and_si256(both, low_half);
            const __m256i second = _mm256_and_si256(_mm256_srli_epi16(both, 4), low_half);
            add_entries(low + chunk * 64 + pair * 32, first, &even, &odd);
            add_entries(high + chunk * 64 + pair * 32, second, &even, &odd);
        }
        if (chunk % chunks_between == chunks_between - 1) empty_sums(&even, &odd, sums);
    }
    empty_sums(&even, &odd, sums);
}

#include "open_plain.h"
#include "walk_body.h"
#include "tier_tables.h"

const vk_code_kernels vk_code_kernels_avx2 = {VK_CODE_ENTRIES};

VK_TARGET void vk_walk_avx2(const vk_walk_graph *graph, const vk_walk_query *query,
                            const vk_walk_rule *rule, vk_walk_scratch *scratch) {
    walk_graph(graph, query, rule, scratch);
}

VK_TARGET void vk_walks_avx2(vk_walk_state *walks, uint32_t count) {
    walk_graphs(walks, count);
}

#else
typedef int vk_no_avx2_codes_here;
#endif
