// The tables of the tiers, for the files that choose among them.
#pragma once

#include "include/vk_codes.h"
#include "include/vk_tiers.h"
#include "include/vk_walk.h"

extern const vk_kernels vk_kernels_scalar;
extern const vk_code_kernels vk_code_kernels_scalar;
void vk_walk_scalar(const vk_walk_graph *graph, const vk_walk_query *query,
                    const vk_walk_rule *rule, vk_walk_scratch *scratch);
void vk_walks_scalar(vk_walk_state *walks, uint32_t count);
#if defined(__x86_64__)
extern const vk_kernels vk_kernels_avx2;
extern const vk_code_kernels vk_code_kernels_avx2;
void vk_walk_avx2(const vk_walk_graph *graph, const vk_walk_query *query,
                  const vk_walk_rule *rule, vk_walk_scratch *scratch);
void vk_walks_avx2(vk_walk_state *walks, uint32_t count);
extern const vk_kernels vk_kernels_avx512;
extern const vk_code_kernels vk_code_kernels_avx512;
void vk_walk_avx512(const vk_walk_graph *graph, const vk_walk_query *query,
                    const vk_walk_rule *rule, vk_walk_scratch *scratch);
void vk_walks_avx512(vk_walk_state *walks, uint32_t count);
#elif defined(__aarch64__)
extern const vk_kernels vk_kernels_neon;
extern const vk_code_kernels vk_code_kernels_neon;
void vk_walk_neon(const vk_walk_graph *graph, const vk_walk_query *query,
                  const vk_walk_rule *rule, vk_walk_scratch *scratch);
void vk_walks_neon(vk_walk_state *walks, uint32_t count);
#endif
