// Row codes on arm64.
#if defined(__aarch64__)

#include "lanes_neon.h"
#include "rows_plain.h"
#include "rows_body.h"

const vk_row_kernels vk_row_kernels_neon = {VK_ROW_ENTRIES};

#else
typedef int vk_no_neon_rows_here;
#endif
