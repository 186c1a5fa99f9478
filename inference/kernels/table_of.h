#pragma once

// A vector unit's table of functions. A type `Isa` in an unnamed namespace has
//   Lanes      eight floats (float_kernels.h)
//   Quantizer  see quantize_rows.h
//   Tiles      see matmul_tiles.h
//   multiply_adds(rounds)  see Kernels
// All in an unnamed namespace: each file gets its own code, made for its instruction set.
// Thread safety: constants.

#include "inference/kernels/float_kernels.h"
#include "inference/kernels/matmul_tiles.h"
#include "inference/kernels/quantize_rows.h"

namespace inference {
namespace {

template <typename Isa>
constexpr Kernels table_of(std::string_view name) {
  using Floats = FloatKernels<typename Isa::Lanes>;
  return {
      .name = name,
      .quantize_activations = quantize_activations<typename Isa::Quantizer>,
      .matmul = matmul<typename Isa::Tiles>,
      .rms_norm = Floats::rms_norm,
      .silu_multiply = Floats::silu_multiply,
      .add = Floats::add,
      .rope = Floats::rope,
      .to_half = Floats::to_half,
      .attention_scores = Floats::attention_scores,
      .softmax = Floats::softmax,
      .attention_mix = Floats::attention_mix,
      .multiply_adds = Isa::multiply_adds,
  };
}

}  // namespace
}  // namespace inference
