// Row codes in plain C.

#include "lanes_scalar.h"
#include "rows_plain.h"
#include "rows_body.h"

const vk_row_kernels vk_row_kernels_scalar = {VK_ROW_ENTRIES};
