// Product codes on arm64, which has no gather.
#if defined(__aarch64__)

#include "lanes_neon.h"
#include "product_plain.h"
#include "product_body.h"

const vk_product_kernels vk_product_kernels_neon = {VK_PRODUCT_ENTRIES};

#else
typedef int vk_no_neon_products_here;
#endif
