// Codes and the walk in plain C.

#include "lanes_scalar.h"
#include "codes_body.h"
#include "scan_plain.h"
#include "walk_body.h"
#include "tier_tables.h"

const vk_code_kernels vk_code_kernels_scalar = {VK_CODE_ENTRIES};

void vk_walk_scalar(const vk_walk_graph *graph, const vk_walk_query *query,
                    const vk_walk_rule *rule, vk_walk_scratch *scratch) {
    walk_graph(graph, query, rule, scratch);
}

void vk_walks_scalar(vk_walk_state *walks, uint32_t count) {
    walk_graphs(walks, count);
}
