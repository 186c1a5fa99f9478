#pragma once

// How a vector unit walks through a matrix product: tiles of one weight row by four or
// eight activation rows, where a block unpacked once serves as often, or of four weight rows by one
// activation row, where four independent sums hide the latency of the float addition. The order
// within one sum is the same in every tile. All in an unnamed namespace: each file gets its own
// code, made for its instruction set. Thread safety: pure functions.

#include <cstddef>
#include <cstdint>

#include "inference/kernels/kernels.h"

namespace inference {
namespace {

// The arguments of Kernels::matmul.
struct Product {
  const std::byte* weights;
  std::size_t row_bytes;
  std::size_t n_in;
  std::size_t n_out;
  const std::byte* activations;
  std::size_t activation_bytes;  // of a row
  std::size_t n_rows;
  float* y;
  std::size_t y_stride;
  std::size_t ahead_bytes =
      0;  // how far ahead the weights of the first activation rows are fetched

  const std::byte* weight_row(std::size_t o) const { return weights + o * row_bytes; }
  const std::byte* activation_row(std::size_t r) const {
    return activations + r * activation_bytes;
  }
  float* result(std::size_t o, std::size_t r) const { return y + r * y_stride + o; }
};

// Weight rows that are taken together must stay in the first-level cache while activation rows
// pass by.
constexpr std::size_t kChunkBytes = 16 * 1024;

// What memory delivers while some blocks are computed.
constexpr std::size_t kAheadBytes = 2048;

// Tile::run<kOut, kRows>(p, o, r) computes weight rows [o, o + kOut) by activation rows
// [r, r + kRows); Tile::kRowsMax, 4 or 8, is how many rows its registers hold sums for, and
// Tile::kOutMax, 1 or 4, how many weight rows it takes for a single one.
template <typename Tile>
void run_tiles(Product p) {
  const std::size_t fitting = kChunkBytes / (p.row_bytes + 1) / 4 * 4;
  const std::size_t chunk = fitting < 4 ? 4 : fitting;
  // With many rows the next chunk comes late, with few it comes at once.
  p.ahead_bytes = p.n_rows > 2 ? chunk * p.row_bytes : kAheadBytes;
  for (std::size_t begin = 0; begin < p.n_out; begin += chunk) {
    const std::size_t end = p.n_out - begin < chunk ? p.n_out : begin + chunk;
    std::size_t r = 0;
    if constexpr (Tile::kRowsMax >= 12) {
      for (; r + 12 <= p.n_rows; r += 12) {
        for (std::size_t o = begin; o < end; ++o) Tile::template run<1, 12>(p, o, r);
      }
    }
    if constexpr (Tile::kRowsMax >= 8) {
      for (; r + 8 <= p.n_rows; r += 8) {
        for (std::size_t o = begin; o < end; ++o) Tile::template run<1, 8>(p, o, r);
      }
    }
    for (; r + 4 <= p.n_rows; r += 4) {
      for (std::size_t o = begin; o < end; ++o) Tile::template run<1, 4>(p, o, r);
    }
    for (; r + 2 <= p.n_rows; r += 2) {
      for (std::size_t o = begin; o < end; ++o) Tile::template run<1, 2>(p, o, r);
    }
    for (; r < p.n_rows; ++r) {
      std::size_t o = begin;
      if constexpr (Tile::kOutMax == 4) {
        for (; o + 4 <= end; o += 4) Tile::template run<4, 1>(p, o, r);
      }
      for (; o < end; ++o) Tile::template run<1, 1>(p, o, r);
    }
  }
}

// Kernels::matmul with Tiles::F32 ... Tiles::Q6_K, a tile for every type of weights.
template <typename Tiles>
void matmul(QuantType type, const std::byte* weights, std::size_t row_bytes, std::size_t n_in,
            std::size_t n_out, const std::byte* activations, std::size_t n_rows, float* y,
            std::size_t y_stride) {
  const std::size_t activation_bytes = activation_row_bytes(activation_format(type), n_in);
  const Product p{weights,          row_bytes, n_in, n_out,   activations,
                  activation_bytes, n_rows,    y,    y_stride};
  switch (type) {
    case QuantType::F32:
      return run_tiles<typename Tiles::F32>(p);
    case QuantType::F16:
      return run_tiles<typename Tiles::F16>(p);
    case QuantType::BF16:
      return run_tiles<typename Tiles::BF16>(p);
    case QuantType::Q4_0:
      return run_tiles<typename Tiles::Q4_0>(p);
    case QuantType::Q4_1:
      return run_tiles<typename Tiles::Q4_1>(p);
    case QuantType::Q5_0:
      return run_tiles<typename Tiles::Q5_0>(p);
    case QuantType::Q5_1:
      return run_tiles<typename Tiles::Q5_1>(p);
    case QuantType::Q8_0:
      return run_tiles<typename Tiles::Q8_0>(p);
    case QuantType::Q4_K:
      return run_tiles<typename Tiles::Q4_K>(p);
    case QuantType::Q5_K:
      return run_tiles<typename Tiles::Q5_K>(p);
    case QuantType::Q6_K:
      return run_tiles<typename Tiles::Q6_K>(p);
  }
}

}  // namespace
}  // namespace inference
