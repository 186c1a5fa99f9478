#pragma once

// The tile of matmul_tiles.h for weights that are floats, written once over the lanes of
// float_kernels.h. A type `Weights` in an unnamed namespace has
//   kBytes     of one weight
//   load(p)    eight weights at any address, as lanes
// Thread safety: pure functions.

#include <cstddef>

#include "inference/kernels/matmul_tiles.h"

namespace inference {
namespace {

template <typename Lanes, typename Weights>
struct FloatTile {
  static constexpr std::size_t kRowsMax = 4;
  static constexpr std::size_t kOutMax = 4;

  template <std::size_t kOut, std::size_t kRows>
  static void run(const Product& p, std::size_t o, std::size_t r) {
    Lanes acc[kOut][kRows];
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) acc[i][j] = Lanes::broadcast(0.0f);
    }
    std::size_t n = 0;
    for (; n + 8 <= p.n_in; n += 8) {
      for (std::size_t i = 0; i < kOut; ++i) {
        const Lanes weight = Weights::load(p.weight_row(o + i) + n * Weights::kBytes);
        multiply_add<kRows>(p, weight, r, n, acc[i]);
      }
    }
    if (n < p.n_in) {
      // Activation rows are padded to eight with zeros, weight rows here.
      for (std::size_t i = 0; i < kOut; ++i) {
        alignas(32) std::byte tail[8 * Weights::kBytes] = {};
        __builtin_memcpy(tail, p.weight_row(o + i) + n * Weights::kBytes,
                         (p.n_in - n) * Weights::kBytes);
        multiply_add<kRows>(p, Weights::load(tail), r, n, acc[i]);
      }
    }
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) *p.result(o + i, r + j) = acc[i][j].reduce();
    }
  }

  template <std::size_t kRows>
  [[gnu::always_inline]] static void multiply_add(const Product& p, Lanes weight, std::size_t r,
                                                  std::size_t n, Lanes* acc) {
    for (std::size_t j = 0; j < kRows; ++j) {
      const auto* x = reinterpret_cast<const float*>(p.activation_row(r + j));
      acc[j] = acc[j] + weight * Lanes::load(x + n);
    }
  }
};

}  // namespace
}  // namespace inference
