#pragma once

// Weight blocks in NEON registers: for every format its codes as 32 signed bytes in the order of
// the values (offsets of the codes applied), and its scales.
//
// A format of blocks of 32 has
//   codes(block)                       32 codes
//   d and, where kHasOffset, m         in the block
// A format of super-blocks has
//   codes<g>(block)                    the codes of group g = 0..7 of 32 values
//   prepare(block), scale_low<g>, scale_high<g>   sub-block scales of the first and the last 16
//   mins                               of the sixteen sub-blocks of 16, where kHasOffset
// Thread safety: pure functions.

#include <arm_neon.h>

#include <cstring>

#include "inference/quant/blocks.h"
#include "inference/quant/unpack.h"

namespace inference {
namespace {

struct Codes {
  int8x16_t low;   // values 0 to 15
  int8x16_t high;  // values 16 to 31
};

inline Codes to_codes(uint8x16_t low, uint8x16_t high, std::int8_t bias) {
  const int8x16_t biases = vdupq_n_s8(bias);
  return {vsubq_s8(vreinterpretq_s8_u8(low), biases), vsubq_s8(vreinterpretq_s8_u8(high), biases)};
}

inline uint8x16_t low_nibbles(uint8x16_t bytes) { return vandq_u8(bytes, vdupq_n_u8(0x0f)); }
inline uint8x16_t high_nibbles(uint8x16_t bytes) { return vshrq_n_u8(bytes, 4); }

// 16 in byte i where bit i of the 16 bits is set, else 0.
inline uint8x16_t fifth_bits(std::uint32_t bits) {
  const uint8x16_t spread = vcombine_u8(vdup_n_u8(static_cast<std::uint8_t>(bits)),
                                        vdup_n_u8(static_cast<std::uint8_t>(bits >> 8)));
  const uint8x16_t mask = vreinterpretq_u8_u64(vdupq_n_u64(0x8040201008040201u));
  return vandq_u8(vtstq_u8(spread, mask), vdupq_n_u8(16));
}

inline Codes four_bit_codes(const std::uint8_t* bytes, std::int8_t bias) {
  const uint8x16_t packed = vld1q_u8(bytes);
  return to_codes(low_nibbles(packed), high_nibbles(packed), bias);
}

inline Codes five_bit_codes(const std::uint8_t* low, std::uint32_t high, std::int8_t bias) {
  const uint8x16_t packed = vld1q_u8(low);
  return to_codes(vorrq_u8(low_nibbles(packed), fifth_bits(high)),
                  vorrq_u8(high_nibbles(packed), fifth_bits(high >> 16)), bias);
}

struct FormatQ4_0 {
  using Block = BlockQ4_0;
  static constexpr bool kHasOffset = false;
  static Codes codes(const Block& block) { return four_bit_codes(block.codes, 8); }
};

struct FormatQ4_1 {
  using Block = BlockQ4_1;
  static constexpr bool kHasOffset = true;
  static Codes codes(const Block& block) { return four_bit_codes(block.codes, 0); }
};

struct FormatQ5_0 {
  using Block = BlockQ5_0;
  static constexpr bool kHasOffset = false;
  static Codes codes(const Block& block) { return five_bit_codes(block.low, block.high, 16); }
};

struct FormatQ5_1 {
  using Block = BlockQ5_1;
  static constexpr bool kHasOffset = true;
  static Codes codes(const Block& block) { return five_bit_codes(block.low, block.high, 0); }
};

struct FormatQ8_0 {
  using Block = BlockQ8_0;
  static constexpr bool kHasOffset = false;
  static Codes codes(const Block& block) {
    return {vld1q_s8(block.codes), vld1q_s8(block.codes + 16)};
  }
};

// The 6-bit scales and mins of Q4_K and Q5_K (drawn in blocks.h).
struct ScalesAndMins {
  std::uint8_t scales[8];
  int16x8_t mins_low;   // of the sums 0 to 7: each min twice
  int16x8_t mins_high;  // of the sums 8 to 15

  explicit ScalesAndMins(const std::uint8_t* packed) {
    std::uint32_t words[3];
    std::memcpy(words, packed, sizeof(words));
    const std::uint32_t scale_words[2] = {
        words[0] & 0x3f3f3f3fu, (words[2] & 0x0f0f0f0fu) | ((words[0] >> 2) & 0x30303030u)};
    const std::uint32_t min_words[2] = {
        words[1] & 0x3f3f3f3fu, ((words[2] >> 4) & 0x0f0f0f0fu) | ((words[1] >> 2) & 0x30303030u)};
    std::memcpy(scales, scale_words, sizeof(scales));
    std::uint8_t mins[8];
    std::memcpy(mins, min_words, sizeof(mins));
    const uint8x8_t each = vld1_u8(mins);
    mins_low = vreinterpretq_s16_u16(vmovl_u8(vzip1_u8(each, each)));
    mins_high = vreinterpretq_s16_u16(vmovl_u8(vzip2_u8(each, each)));
  }

  template <int kGroup>
  std::int32_t scale_low() const {
    return scales[kGroup];
  }
  template <int kGroup>
  std::int32_t scale_high() const {
    return scales[kGroup];
  }
  // Sum of min times sum over the sixteen sums of a super-block's activations.
  std::int32_t min_sum(const std::int16_t* sums) const {
    const int16x8_t low = vld1q_s16(sums);
    const int16x8_t high = vld1q_s16(sums + 8);
    int32x4_t total = vmull_s16(vget_low_s16(mins_low), vget_low_s16(low));
    total = vmlal_s16(total, vget_high_s16(mins_low), vget_high_s16(low));
    total = vmlal_s16(total, vget_low_s16(mins_high), vget_low_s16(high));
    total = vmlal_s16(total, vget_high_s16(mins_high), vget_high_s16(high));
    return vaddvq_s32(total);
  }
};

// Nibbles of group kGroup: two groups share 32 bytes. `at` is 0 or 16.
template <int kGroup>
inline uint8x16_t group_nibbles(const std::uint8_t* bytes, std::size_t at) {
  const uint8x16_t packed = vld1q_u8(bytes + 32 * (kGroup / 2) + at);
  return kGroup % 2 == 0 ? low_nibbles(packed) : high_nibbles(packed);
}

struct FormatQ4_K {
  using Block = BlockQ4_K;
  static constexpr bool kHasOffset = true;
  static ScalesAndMins prepare(const Block& block) { return ScalesAndMins(block.scales); }
  template <int kGroup>
  static Codes codes(const Block& block) {
    return to_codes(group_nibbles<kGroup>(block.codes, 0), group_nibbles<kGroup>(block.codes, 16),
                    0);
  }
};

struct FormatQ5_K {
  using Block = BlockQ5_K;
  static constexpr bool kHasOffset = true;
  static ScalesAndMins prepare(const Block& block) { return ScalesAndMins(block.scales); }
  template <int kGroup>
  static Codes codes(const Block& block) {
    return to_codes(code<kGroup>(block, 0), code<kGroup>(block, 16), 0);
  }
  template <int kGroup>
  static uint8x16_t code(const Block& block, std::size_t at) {
    const uint8x16_t bit = vdupq_n_u8(1u << kGroup);
    const uint8x16_t is_set = vtstq_u8(vld1q_u8(block.high + at), bit);
    return vorrq_u8(group_nibbles<kGroup>(block.low, at), vandq_u8(is_set, vdupq_n_u8(16)));
  }
};

struct FormatQ6_K {
  using Block = BlockQ6_K;
  static constexpr bool kHasOffset = false;

  struct Scales {
    const std::int8_t* scales;  // [16]
    template <int kGroup>
    std::int32_t scale_low() const {
      return scales[2 * kGroup];
    }
    template <int kGroup>
    std::int32_t scale_high() const {
      return scales[2 * kGroup + 1];
    }
  };
  static Scales prepare(const Block& block) { return {block.scales}; }
  template <int kGroup>
  static Codes codes(const Block& block) {
    return to_codes(code<kGroup>(block, 0), code<kGroup>(block, 16), 32);
  }
  template <int kGroup>
  static uint8x16_t code(const Block& block, std::size_t at) {
    constexpr int kHalf = kGroup / 4;
    constexpr int kRow = kGroup % 4;
    const uint8x16_t packed = vld1q_u8(block.low + 64 * kHalf + 32 * (kRow % 2) + at);
    const uint8x16_t low = kRow < 2 ? low_nibbles(packed) : high_nibbles(packed);
    // Bits 2t and 2t + 1 of each byte to bits 4 and 5.
    const uint8x16_t high = vshlq_u8(vld1q_u8(block.high + 32 * kHalf + at),
                                     vdupq_n_s8(static_cast<std::int8_t>(4 - 2 * kRow)));
    return vorrq_u8(low, vandq_u8(high, vdupq_n_u8(0x30)));
  }
};

}  // namespace
}  // namespace inference
