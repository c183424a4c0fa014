// Codes and the walk on arm64.
#if defined(__aarch64__)

#include "lanes_neon.h"
#include "codes_body.h"
#include "scan_plain.h"
#include "walk_body.h"
#include "tier_tables.h"

const vk_code_kernels vk_code_kernels_neon = {VK_CODE_ENTRIES};

void vk_walk_neon(const vk_walk_graph *graph, const vk_walk_query *query,
                  const vk_walk_rule *rule, vk_walk_scratch *scratch) {
    walk_graph(graph, query, rule, scratch);
}

void vk_walks_neon(vk_walk_state *walks, uint32_t count) {
    walk_graphs(walks, count);
}

#else
typedef int vk_no_neon_codes_here;
#endif
