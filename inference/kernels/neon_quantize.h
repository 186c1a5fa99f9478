#pragma once

// Activation rows quantised with NEON: the vocabulary of quantize_rows.h.
// Thread safety: pure functions.

#include <arm_neon.h>

#include "inference/kernels/quantize_rows.h"

namespace inference {
namespace {

// 16 floats, scaled and rounded to nearest even, as bytes.
inline int8x16_t to_bytes(const float* x, float inverse) {
  const auto rounded = [x, inverse](std::size_t i) {
    return vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 4 * i), inverse)));
  };
  return vcombine_s8(vqmovn_s16(vcombine_s16(rounded(0), rounded(1))),
                     vqmovn_s16(vcombine_s16(rounded(2), rounded(3))));
}

struct NeonQuantizer {
  // As quantize_block of scalar.cc; n is a multiple of 32.
  static float quantize_block(const float* x, std::size_t n, std::int8_t* values) {
    uint32x4_t largest = vdupq_n_u32(0);
    for (std::size_t i = 0; i < n; i += 4) {
      largest = vmaxq_u32(largest, vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x + i))));
    }
    const std::uint32_t largest_bits = vmaxvq_u32(largest);
    const bool finite = largest_bits < 0x7f800000u;
    const float amax = __builtin_bit_cast(float, largest_bits);
    const float inverse = 127.0f / amax;
    const bool usable = finite && inverse <= kLargestFloat;
    for (std::size_t i = 0; i < n; i += 16) {
      vst1q_s8(values + i, usable ? to_bytes(x + i, inverse) : vdupq_n_s8(0));
    }
    if (usable) return amax / 127.0f;
    return finite ? 0.0f : __builtin_nanf("");
  }

  static int sum_16(const std::int8_t* values) { return vaddlvq_s8(vld1q_s8(values)); }
  static int sum_32(const std::int8_t* values) { return sum_16(values) + sum_16(values + 16); }
};

}  // namespace
}  // namespace inference
