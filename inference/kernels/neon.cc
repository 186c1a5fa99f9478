// The NEON kernels for the baseline of AArch64 (no dot-product instructions): the scalar
// definition, eight lanes in two registers.
//
// A lane's four products: vmull gives int16 products, which pairwise additions that widen to int32
// bring together, so nothing can overflow. Multiplication and addition of floats stay two
// instructions: the compiler must not contract them (-ffp-contract=off), and no fused intrinsic is
// used.

#include <arm_neon.h>

#include "inference/kernels/activation_row.h"
#include "inference/kernels/float_kernels.h"
#include "inference/kernels/matmul_tiles.h"
#include "inference/kernels/neon_blocks.h"
#include "inference/kernels/neon_lanes.h"
#include "inference/kernels/tables.h"

namespace inference {
namespace {

// ---- activations --------------------------------------------------------------------------------

constexpr float kLargestFloat = 0x1.fffffep+127f;

// 16 floats, scaled and rounded to nearest even, as bytes.
int8x16_t to_bytes(const float* x, float inverse) {
  const auto rounded = [x, inverse](std::size_t i) {
    return vqmovn_s32(vcvtnq_s32_f32(vmulq_n_f32(vld1q_f32(x + 4 * i), inverse)));
  };
  return vcombine_s8(vqmovn_s16(vcombine_s16(rounded(0), rounded(1))),
                     vqmovn_s16(vcombine_s16(rounded(2), rounded(3))));
}

// As quantize_block of scalar.cc; n is a multiple of 32.
float quantize_block(const float* x, std::size_t n, std::int8_t* values) {
  uint32x4_t largest = vdupq_n_u32(0);
  for (std::size_t i = 0; i < n; i += 4) {
    largest = vmaxq_u32(largest, vreinterpretq_u32_f32(vabsq_f32(vld1q_f32(x + i))));
  }
  const std::uint32_t largest_bits = vmaxvq_u32(largest);
  const bool finite = largest_bits < 0x7f800000u;
  const float amax = std::bit_cast<float>(largest_bits);
  const float inverse = 127.0f / amax;
  const bool usable = finite && inverse <= kLargestFloat;
  for (std::size_t i = 0; i < n; i += 16) {
    vst1q_s8(values + i, usable ? to_bytes(x + i, inverse) : vdupq_n_s8(0));
  }
  if (usable) return amax / 127.0f;
  return finite ? 0.0f : __builtin_nanf("");
}

void quantize_q8(const float* x, std::size_t n, std::byte* out) {
  const std::size_t blocks = n / kBlockValues;
  auto* values = reinterpret_cast<std::int8_t*>(out);
  auto* scales = reinterpret_cast<float*>(out + n);
  float* scaled_sums = scales + round_up_to_8(blocks);
  for (std::size_t b = 0; b < blocks; ++b) {
    std::int8_t* block = values + kBlockValues * b;
    scales[b] = quantize_block(x + kBlockValues * b, kBlockValues, block);
    const int sum = vaddlvq_s8(vld1q_s8(block)) + vaddlvq_s8(vld1q_s8(block + 16));
    scaled_sums[b] = scales[b] * static_cast<float>(sum);
  }
  for (std::size_t b = blocks; b < round_up_to_8(blocks); ++b) scales[b] = scaled_sums[b] = 0;
}

void quantize_q8k(const float* x, std::size_t n, std::byte* out) {
  const std::size_t blocks = n / kSuperBlockValues;
  auto* values = reinterpret_cast<std::int8_t*>(out);
  auto* sums = reinterpret_cast<std::int16_t*>(out + n);
  auto* scales = reinterpret_cast<float*>(sums + n / 16);
  for (std::size_t b = 0; b < blocks; ++b) {
    const std::size_t first = kSuperBlockValues * b;
    scales[b] = quantize_block(x + first, kSuperBlockValues, values + first);
  }
  for (std::size_t s = 0; s < n / 16; ++s) sums[s] = vaddlvq_s8(vld1q_s8(values + 16 * s));
  for (std::size_t b = blocks; b < round_up_to_8(blocks); ++b) scales[b] = 0;
}

void quantize_activations(ActivationFormat format, const float* x, std::size_t n, std::byte* out) {
  switch (format) {
    case ActivationFormat::F32: {
      auto* values = reinterpret_cast<float*>(out);
      for (std::size_t i = 0; i < n; ++i) values[i] = x[i];
      for (std::size_t i = n; i < round_up_to_8(n); ++i) values[i] = 0;
      return;
    }
    case ActivationFormat::Q8:
      return quantize_q8(x, n, out);
    case ActivationFormat::Q8K:
      return quantize_q8k(x, n, out);
  }
}

// ---- matrix products ----------------------------------------------------------------------------

// Four lanes of four products each.
int32x4_t four_lanes(int8x16_t codes, const std::int8_t* values) {
  const int8x16_t x = vld1q_s8(values);
  const int16x8_t first = vmull_s8(vget_low_s8(codes), vget_low_s8(x));
  const int16x8_t second = vmull_high_s8(codes, x);
  return vpaddq_s32(vpaddlq_s16(first), vpaddlq_s16(second));
}

// acc += scale * sums
NeonLanes accumulate(NeonLanes acc, float scale, int32x4_t low, int32x4_t high) {
  return acc + NeonLanes::broadcast(scale) * NeonLanes{vcvtq_f32_s32(low), vcvtq_f32_s32(high)};
}

// Weight rows [o, o + kOut) by activation rows [r, r + kRows) for blocks of 32.
template <typename Format>
struct BlockTile {
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
        const float d = half_to_float(block.d);
        for (std::size_t j = 0; j < kRows; ++j) {
          const std::int8_t* values = rows[j].values + kBlockValues * b;
          acc[i][j] = accumulate(acc[i][j], d * rows[j].scales[b], four_lanes(codes.low, values),
                                 four_lanes(codes.high, values + 16));
          if constexpr (Format::kHasOffset) {
            offsets[i][j][b % 8] += half_to_float(block.m) * rows[j].scaled_sums[b];
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
template <typename Format>
struct SuperBlockTile {
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
    const float d = half_to_float(block.d);
    for (std::size_t j = 0; j < kRows; ++j) {
      acc[j] = accumulate(acc[j], d * rows[j].scales[b], sums[j].low, sums[j].high);
      if constexpr (Format::kHasOffset) {
        const std::int32_t min_sum = prepared.min_sum(rows[j].sums + 16 * b);
        const float scale = half_to_float(block.dmin) * rows[j].scales[b];
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
      sums[j].low = vmlaq_n_s32(sums[j].low, four_lanes(codes.low, values),
                                prepared.template scale_low<kGroup>());
      sums[j].high = vmlaq_n_s32(sums[j].high, four_lanes(codes.high, values + 16),
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

// The same for weights that are floats.
template <typename Weights>
struct FloatTile {
  template <std::size_t kOut, std::size_t kRows>
  static void run(const Product& p, std::size_t o, std::size_t r) {
    for (std::size_t i = 0; i < kOut; ++i) {
      NeonLanes acc[kRows];
      for (std::size_t j = 0; j < kRows; ++j) acc[j] = NeonLanes::broadcast(0.0f);
      const std::byte* weights = p.weight_row(o + i);
      std::size_t n = 0;
      for (; n + 8 <= p.n_in; n += 8) {
        multiply_add<kRows>(p, Weights::load(weights + n * Weights::kBytes), r, n, acc);
      }
      if (n < p.n_in) {
        // Activation rows are padded to eight with zeros, weight rows here.
        std::byte tail[8 * Weights::kBytes] = {};
        std::memcpy(tail, weights + n * Weights::kBytes, (p.n_in - n) * Weights::kBytes);
        multiply_add<kRows>(p, Weights::load(tail), r, n, acc);
      }
      for (std::size_t j = 0; j < kRows; ++j) *p.result(o + i, r + j) = acc[j].reduce();
    }
  }

  template <std::size_t kRows>
  static void multiply_add(const Product& p, NeonLanes weight, std::size_t r, std::size_t n,
                           NeonLanes* acc) {
    for (std::size_t j = 0; j < kRows; ++j) {
      const auto* x = reinterpret_cast<const float*>(p.activation_row(r + j));
      acc[j] = acc[j] + weight * NeonLanes::load(x + n);
    }
  }
};

struct NeonTiles {
  using F32 = FloatTile<FloatWeights>;
  using F16 = FloatTile<HalfWeights>;
  using BF16 = FloatTile<BfloatWeights>;
  using Q4_0 = BlockTile<FormatQ4_0>;
  using Q4_1 = BlockTile<FormatQ4_1>;
  using Q5_0 = BlockTile<FormatQ5_0>;
  using Q5_1 = BlockTile<FormatQ5_1>;
  using Q8_0 = BlockTile<FormatQ8_0>;
  using Q4_K = SuperBlockTile<FormatQ4_K>;
  using Q5_K = SuperBlockTile<FormatQ5_K>;
  using Q6_K = SuperBlockTile<FormatQ6_K>;
};

}  // namespace

constexpr Kernels kNeonKernels{
    .name = "neon",
    .quantize_activations = quantize_activations,
    .matmul = matmul<NeonTiles>,
    .rms_norm = FloatKernels<NeonLanes>::rms_norm,
    .silu_multiply = FloatKernels<NeonLanes>::silu_multiply,
    .add = FloatKernels<NeonLanes>::add,
    .rope = FloatKernels<NeonLanes>::rope,
    .to_half = FloatKernels<NeonLanes>::to_half,
    .attention_scores = FloatKernels<NeonLanes>::attention_scores,
    .softmax = FloatKernels<NeonLanes>::softmax,
    .attention_mix = FloatKernels<NeonLanes>::attention_mix,
};

}  // namespace inference
