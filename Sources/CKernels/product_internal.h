// What the files about product codes share.
#pragma once

#include "include/vk_product.h"

extern const vk_product_kernels vk_product_kernels_scalar;
#if defined(__x86_64__)
extern const vk_product_kernels vk_product_kernels_avx2;
extern const vk_product_kernels vk_product_kernels_avx512;
#elif defined(__aarch64__)
extern const vk_product_kernels vk_product_kernels_neon;
#endif
