// Product codes in plain C.

#include "lanes_scalar.h"
#include "product_plain.h"
#include "product_body.h"

const vk_product_kernels vk_product_kernels_scalar = {VK_PRODUCT_ENTRIES};
