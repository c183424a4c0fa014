// The kernels by topic; each header is a page of the same C interface.
#pragma once

#include "vk_bytes.h"
#include "vk_codes.h"
#include "vk_convert.h"
#include "vk_exact.h"
#include "vk_pages.h"
#include "vk_product.h"
#include "vk_rows.h"
#include "vk_tiers.h"
#include "vk_walk.h"
