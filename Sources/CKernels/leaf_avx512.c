// Leaves on x86-64 with AVX-512 VNNI.
#if defined(__x86_64__)

#include <immintrin.h>

#include "leaf_internal.h"

#define VG_TARGET                                                                             \
    __attribute__((target("avx2,fma,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni")))

/// The instruction multiplies unsigned by signed bytes; panels hold codes less 128 on this tier, so
/// sums are short by 128 times the sum of the row.
VG_TARGET static void block_dots(
    const vg_point *points, uint32_t row_count, const uint8_t *panel, uint32_t group_count,
    uint32_t (*dots)[vg_panel_columns]) {
    __m512i sums[vg_block_rows];
    for (int r = 0; r < vg_block_rows; r++) sums[r] = _mm512_setzero_si512();
    for (uint32_t g = 0; g < group_count; g++) {
        const __m512i columns = _mm512_loadu_si512(panel + 64 * (size_t)g);
#pragma clang loop unroll(full)
        for (int r = 0; r < vg_block_rows; r++) {
            int32_t four;
            memcpy(&four, points[r].code + 4 * (size_t)g, 4);
            sums[r] = _mm512_dpbusd_epi32(sums[r], _mm512_set1_epi32(four), columns);
        }
    }
#pragma clang loop unroll(full)
    for (int r = 0; r < vg_block_rows; r++) {
        if ((uint32_t)r >= row_count) break;
        const __m512i missing = _mm512_set1_epi32((int32_t)(128 * points[r].row->sum));
        _mm512_storeu_si512(dots[r], _mm512_add_epi32(sums[r], missing));
    }
}

VG_TARGET static uint32_t within_limit(const float *distances, float limit) {
    return _mm512_cmp_ps_mask(
        _mm512_loadu_ps(distances), _mm512_set1_ps(limit), _CMP_LE_OQ);
}

#include "leaf_body.h"

void vg_leaf_nearest_avx512(
    const vg_space *space, const vg_leaf *leaf, const uint32_t *rows, uint32_t row_count,
    bool skips_own, uint32_t k, vg_key *best, uint32_t *best_counts) {
    leaf_nearest(space, leaf, rows, row_count, skips_own, k, best, best_counts);
}

#else
typedef int vg_no_avx512_leaf_here;
#endif
