#pragma once

// How a vector unit quantises a row of activations, block by block, into the layout of
// activation_row.h. A type `Vector` in an unnamed namespace has
//   quantize_block(x, n, values)   as quantize_block of scalar.cc; n a multiple of 32
//   sum_16(values) sum_32(values)  sums of that many int8
// All in an unnamed namespace: each file gets its own code, made for its instruction set.
// Thread safety: pure functions.

#include "inference/kernels/activation_row.h"
#include "inference/kernels/kernels.h"
#include "inference/quant/blocks.h"

namespace inference {
namespace {

// 127 / amax above this cannot be used: the block is all but zero.
constexpr float kLargestFloat = 0x1.fffffep+127f;

template <typename Vector>
void quantize_q8(const float* x, std::size_t n, std::byte* out) {
  const std::size_t blocks = n / kBlockValues;
  auto* values = reinterpret_cast<std::int8_t*>(out);
  auto* scales = reinterpret_cast<float*>(out + n);
  float* scaled_sums = scales + round_up_to_8(blocks);
  for (std::size_t b = 0; b < blocks; ++b) {
    std::int8_t* block = values + kBlockValues * b;
    scales[b] = Vector::quantize_block(x + kBlockValues * b, kBlockValues, block);
    scaled_sums[b] = scales[b] * static_cast<float>(Vector::sum_32(block));
  }
  for (std::size_t b = blocks; b < round_up_to_8(blocks); ++b) scales[b] = scaled_sums[b] = 0;
}

template <typename Vector>
void quantize_q8k(const float* x, std::size_t n, std::byte* out) {
  const std::size_t blocks = n / kSuperBlockValues;
  auto* values = reinterpret_cast<std::int8_t*>(out);
  auto* sums = reinterpret_cast<std::int16_t*>(out + n);
  auto* scales = reinterpret_cast<float*>(sums + n / 16);
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t first = kSuperBlockValues * b;
    scales[b] = Vector::quantize_block(x + first, kSuperBlockValues, values + first);
  }
  for (std::size_t s = 0; s < n / 16; ++s) {
    sums[s] = static_cast<std::int16_t>(Vector::sum_16(values + 16 * s));
  }
  for (std::size_t b = blocks; b < round_up_to_8(blocks); ++b) scales[b] = 0;
}

// Kernels::quantize_activations.
template <typename Vector>
void quantize_activations(ActivationFormat format, const float* x, std::size_t n, std::byte* out) {
  switch (format) {
    case ActivationFormat::F32: {
      auto* values = reinterpret_cast<float*>(out);
      for (std::size_t i = 0; i < n; ++i) values[i] = x[i];
      for (std::size_t i = n; i < round_up_to_8(n); ++i) values[i] = 0;
      return;
    }
    case ActivationFormat::Q8:
      return quantize_q8<Vector>(x, n, out);
    case ActivationFormat::Q8K:
      return quantize_q8k<Vector>(x, n, out);
  }
}

}  // namespace
}  // namespace inference
