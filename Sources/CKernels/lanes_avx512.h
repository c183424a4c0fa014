// What every file of the AVX-512 tier begins with: its target and its product sum of codes.
#pragma once

#include <immintrin.h>

#define VK_TARGET                                                                             \
    __attribute__((target(                                                                    \
        "avx2,fma,f16c,avx512f,avx512bw,avx512vl,avx512dq,avx512vnni,avx512vbmi")))
#define VK_HALF(x, i) ((float)((const _Float16 *)(const void *)(x))[i])

#include <stddef.h>
#include <stdint.h>

/// The instruction multiplies unsigned by signed bytes, so the codes are taken as code - 128 and
/// the product sum is short by 128 times the query's sum.
VK_TARGET static inline uint32_t dot_row(const uint8_t *query, uint32_t query_sum,
                                         const uint8_t *codes, size_t padded_count) {
    const __m512i flip = _mm512_set1_epi8((char)0x80);
    __m512i first = _mm512_setzero_si512(), second = first;
    size_t i = 0;
    for (; i + 128 <= padded_count; i += 128) {
        const __m512i x = _mm512_xor_si512(flip, _mm512_loadu_si512(codes + i));
        const __m512i y = _mm512_xor_si512(flip, _mm512_loadu_si512(codes + i + 64));
        first = _mm512_dpbusd_epi32(first, _mm512_loadu_si512(query + i), x);
        second = _mm512_dpbusd_epi32(second, _mm512_loadu_si512(query + i + 64), y);
    }
    if (i < padded_count) {
        const __m512i x = _mm512_xor_si512(flip, _mm512_loadu_si512(codes + i));
        first = _mm512_dpbusd_epi32(first, _mm512_loadu_si512(query + i), x);
    }
    const int32_t total = _mm512_reduce_add_epi32(_mm512_add_epi32(first, second));
    return (uint32_t)total + 128 * query_sum;
}
