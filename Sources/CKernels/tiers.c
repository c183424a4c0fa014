// Chooses the tier of this machine, once, before main.

#include "tier_tables.h"

static const vk_kernels *best = &vk_kernels_scalar;

static int is_supported(vk_tier tier) {
    if (tier == vk_tier_scalar) return 1;
#if defined(__x86_64__)
    __builtin_cpu_init();
    const int avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
        && __builtin_cpu_supports("f16c");
    if (tier == vk_tier_avx2) return avx2;
    if (tier == vk_tier_avx512) {
        return avx2 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
            && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq")
            && __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi");
    }
#elif defined(__aarch64__)
    if (tier == vk_tier_neon) return 1;
#endif
    return 0;
}

const vk_kernels *vk_kernels_for(vk_tier tier) {
    if (!is_supported(tier)) return NULL;
    switch (tier) {
#if defined(__x86_64__)
    case vk_tier_avx2: return &vk_kernels_avx2;
    case vk_tier_avx512: return &vk_kernels_avx512;
#elif defined(__aarch64__)
    case vk_tier_neon: return &vk_kernels_neon;
#endif
    default: return &vk_kernels_scalar;
    }
}

const vk_kernels *vk_kernels_best(void) { return best; }

__attribute__((constructor)) static void choose_tier(void) {
    for (int tier = vk_tier_scalar; tier < vk_tier_count; tier++) {
        const vk_kernels *kernels = vk_kernels_for((vk_tier)tier);
        if (kernels) best = kernels;
    }
}
