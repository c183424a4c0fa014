// The tables of the tiers, for the file that chooses among them.
#pragma once

#include "include/vk_tiers.h"

extern const vk_kernels vk_kernels_scalar;
#if defined(__x86_64__)
extern const vk_kernels vk_kernels_avx2;
extern const vk_kernels vk_kernels_avx512;
#elif defined(__aarch64__)
extern const vk_kernels vk_kernels_neon;
#endif
