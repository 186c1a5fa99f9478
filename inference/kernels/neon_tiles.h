#pragma once

// The tiles of matmul_tiles.h for NEON, eight lanes in two registers. How a lane's four products
// come together is left to a type `Dot` in an unnamed namespace:
//   four_lanes(codes, values)    for 16 codes and 16 activations: four sums of four products
// Multiplication and addition of floats stay two instructions: the compiler must not contract them
// (-ffp-contract=off), and no fused intrinsic is used.
// Thread safety: pure functions.

#include <arm_neon.h>

#include "inference/kernels/activation_row.h"
#include "inference/kernels/float_tiles.h"
#include "inference/kernels/matmul_tiles.h"
#include "inference/kernels/neon_blocks.h"
#include "inference/kernels/neon_lanes.h"

namespace inference {
namespace {

inline float to_float(Half half) { return __builtin_bit_cast(__fp16, half); }

// acc += scale * sums
inline NeonLanes accumulate(NeonLanes acc, float scale, int32x4_t low, int32x4_t high) {
  return acc + NeonLanes::broadcast(scale) * NeonLanes{vcvtq_f32_s32(low), vcvtq_f32_s32(high)};
}

// Weight rows [o, o + kOut) by activation rows [r, r + kRows) for blocks of 32.
template <typename Dot, typename Format>
struct BlockTile {
  static constexpr std::size_t kRowsMax = 4;
  static constexpr std::size_t kOutMax = 4;
  using Block = typename Format::Block;

  template <std::size_t kOut, std::size_t kRows>
  static void run(const Product& p, std::size_t o, std::size_t r) {
    NeonLanes acc[kOut][kRows];
    alignas(16) float offsets[kOut][kRows][8] = {};
    Q8Row rows[kRows];
    for (std::size_t j = 0; j < kRows; ++j) {
      rows[j] = q8_row(p.activation_row(r + j), p.n_in);
      for (std::size_t i = 0; i < kOut; ++i) acc[i][j] = NeonLanes::broadcast(0.0f);
    }
    for (std::size_t b = 0; b < p.n_in / kBlockValues; ++b) {
      for (std::size_t i = 0; i < kOut; ++i) {
        const Block& block = reinterpret_cast<const Block*>(p.weight_row(o + i))[b];
        const Codes codes = Format::codes(block);
        const float d = to_float(block.d);
        for (std::size_t j = 0; j < kRows; ++j) {
          const std::int8_t* values = rows[j].values + kBlockValues * b;
          acc[i][j] =
              accumulate(acc[i][j], d * rows[j].scales[b], Dot::four_lanes(codes.low, values),
                         Dot::four_lanes(codes.high, values + 16));
          if constexpr (Format::kHasOffset) {
            offsets[i][j][b % 8] += to_float(block.m) * rows[j].scaled_sums[b];
          }
        }
      }
    }
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) {
        *p.result(o + i, r + j) = acc[i][j].reduce() + NeonLanes::load(offsets[i][j]).reduce();
      }
    }
  }
};

// The same for super-blocks of 256; sub-block scales multiply the integer lanes.
template <typename Dot, typename Format>
struct SuperBlockTile {
  static constexpr std::size_t kRowsMax = 4;
  static constexpr std::size_t kOutMax = 4;
  using Block = typename Format::Block;

  struct Sums {
    int32x4_t low = vdupq_n_s32(0);   // lanes 0 to 3
    int32x4_t high = vdupq_n_s32(0);  // lanes 4 to 7
  };

  template <std::size_t kOut, std::size_t kRows>
  static void run(const Product& p, std::size_t o, std::size_t r) {
    NeonLanes acc[kOut][kRows];
    alignas(16) float offsets[kOut][kRows][8] = {};
    Q8KRow rows[kRows];
    for (std::size_t j = 0; j < kRows; ++j) {
      rows[j] = q8k_row(p.activation_row(r + j), p.n_in);
      for (std::size_t i = 0; i < kOut; ++i) acc[i][j] = NeonLanes::broadcast(0.0f);
    }
    for (std::size_t b = 0; b < p.n_in / kSuperBlockValues; ++b) {
      for (std::size_t i = 0; i < kOut; ++i) {
        const Block& block = reinterpret_cast<const Block*>(p.weight_row(o + i))[b];
        one_block<kRows>(block, rows, b, acc[i], offsets[i]);
      }
    }
    for (std::size_t i = 0; i < kOut; ++i) {
      for (std::size_t j = 0; j < kRows; ++j) {
        *p.result(o + i, r + j) = acc[i][j].reduce() - NeonLanes::load(offsets[i][j]).reduce();
      }
    }
  }

  template <std::size_t kRows>
  static void one_block(const Block& block, const Q8KRow* rows, std::size_t b, NeonLanes* acc,
                        float (*offsets)[8]) {
    const auto prepared = Format::prepare(block);
    Sums sums[kRows];
    group<0, kRows>(block, prepared, rows, b, sums);
    group<1, kRows>(block, prepared, rows, b, sums);
    group<2, kRows>(block, prepared, rows, b, sums);
    group<3, kRows>(block, prepared, rows, b, sums);
    group<4, kRows>(block, prepared, rows, b, sums);
    group<5, kRows>(block, prepared, rows, b, sums);
    group<6, kRows>(block, prepared, rows, b, sums);
    group<7, kRows>(block, prepared, rows, b, sums);
    const float d = to_float(block.d);
    for (std::size_t j = 0; j < kRows; ++j) {
      acc[j] = accumulate(acc[j], d * rows[j].scales[b], sums[j].low, sums[j].high);
      if constexpr (Format::kHasOffset) {
        const std::int32_t min_sum = prepared.min_sum(rows[j].sums + 16 * b);
        const float scale = to_float(block.dmin) * rows[j].scales[b];
        offsets[j][b % 8] += scale * static_cast<float>(min_sum);
      }
    }
  }

  template <int kGroup, std::size_t kRows, typename Prepared>
  static void group(const Block& block, const Prepared& prepared, const Q8KRow* rows, std::size_t b,
                    Sums* sums) {
    const Codes codes = Format::template codes<kGroup>(block);
    for (std::size_t j = 0; j < kRows; ++j) {
      const std::int8_t* values = rows[j].values + kSuperBlockValues * b + 32 * kGroup;
      sums[j].low = vmlaq_n_s32(sums[j].low, Dot::four_lanes(codes.low, values),
                                prepared.template scale_low<kGroup>());
      sums[j].high = vmlaq_n_s32(sums[j].high, Dot::four_lanes(codes.high, values + 16),
                                 prepared.template scale_high<kGroup>());
    }
  }
};

struct FloatWeights {
  static constexpr std::size_t kBytes = 4;
  static NeonLanes load(const std::byte* p) {
    return {vreinterpretq_f32_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p))),
            vreinterpretq_f32_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p) + 16))};
  }
};

struct HalfWeights {
  static constexpr std::size_t kBytes = 2;
  static NeonLanes load(const std::byte* p) {
    const float16x8_t halves =
        vreinterpretq_f16_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p)));
    return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_f32_f16(vget_high_f16(halves))};
  }
};

struct BfloatWeights {
  static constexpr std::size_t kBytes = 2;
  static NeonLanes load(const std::byte* p) {
    const uint16x8_t bits =
        vreinterpretq_u16_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p)));
    return {vreinterpretq_f32_u32(vshll_n_u16(vget_low_u16(bits), 16)),
            vreinterpretq_f32_u32(vshll_n_u16(vget_high_u16(bits), 16))};
  }
};

template <typename Dot>
struct NeonTiles {
  using F32 = FloatTile<NeonLanes, FloatWeights>;
  using F16 = FloatTile<NeonLanes, HalfWeights>;
  using BF16 = FloatTile<NeonLanes, BfloatWeights>;
  using Q4_0 = BlockTile<Dot, FormatQ4_0>;
  using Q4_1 = BlockTile<Dot, FormatQ4_1>;
  using Q5_0 = BlockTile<Dot, FormatQ5_0>;
  using Q5_1 = BlockTile<Dot, FormatQ5_1>;
  using Q8_0 = BlockTile<Dot, FormatQ8_0>;
  using Q4_K = SuperBlockTile<Dot, FormatQ4_K>;
  using Q5_K = SuperBlockTile<Dot, FormatQ5_K>;
  using Q6_K = SuperBlockTile<Dot, FormatQ6_K>;
};

}  // namespace
}  // namespace inference
