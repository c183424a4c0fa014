// Between element types: checks at the door and conversions.
#pragma once

#include "vk_tiers.h"

#pragma clang assume_nonnull begin

/// Scales x to length 1 in place; 0 where the length is zero or not finite (x is unchanged then).
///
/// The norm is summed in double in a fixed order: the same bits on every machine.
int vk_normalise(float *x, size_t count);

/// Whether every component is smaller than `limit` in absolute value; 0 where one is no number.
int vk_all_below(const float *x, size_t count, float limit);

/// Sum of squares in double, in a fixed order: the same bits on every machine.
double vk_norm2(const float *x, size_t count);

/// Converts whole numbers from 0 to 255; the index of the first component that is none, or count.
size_t vk_f32_to_u8(const float *x, size_t count, uint8_t *out);
/// Converts whole numbers from -128 to 127; the index of the first component that is none, or
/// count.
size_t vk_f32_to_i8(const float *x, size_t count, int8_t *out);
/// Converts to half precision, to nearest even; the index of the first component that would not
/// stay finite, or count.
size_t vk_f32_to_f16_checked(const vk_kernels *kernels, const float *x, size_t count,
                             uint16_t *out);
void vk_u8_to_f32(const uint8_t *x, size_t count, float *out);
void vk_i8_to_f32(const int8_t *x, size_t count, float *out);

#pragma clang assume_nonnull end
