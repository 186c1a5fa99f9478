#pragma once

// The quantised blocks of GGUF, byte for byte. A block holds 32 values, a super-block 256 in
// sub-blocks of 32 or 16. Integers are little-endian; d, dmin and m are binary16. Blocks stand
// anywhere in memory (alignment 1), hence `packed`.
// Thread safety: plain data.

#include <bit>
#include <cstdint>

#include "inference/quant/half.h"

namespace inference {

static_assert(std::endian::native == std::endian::little,
              "weights are read as they lie in the file");

inline constexpr std::size_t kBlockValues = 32;
inline constexpr std::size_t kSuperBlockValues = 256;

// Q4_0, 4.5 bits a value. value[i] = d * (code[i] - 8)
//   | d 2 | codes 16 |       byte j: bits 0-3 code[j], bits 4-7 code[j + 16]
struct [[gnu::packed]] BlockQ4_0 {
  Half d;
  std::uint8_t codes[16];
};
static_assert(sizeof(BlockQ4_0) == 18);

// Q4_1, 5 bits a value. value[i] = d * code[i] + m
//   | d 2 | m 2 | codes 16 |       as in Q4_0
struct [[gnu::packed]] BlockQ4_1 {
  Half d;
  Half m;
  std::uint8_t codes[16];
};
static_assert(sizeof(BlockQ4_1) == 20);

// Q5_0, 5.5 bits a value. value[i] = d * (code[i] - 16)
//   | d 2 | high 4 | low 16 |       low as in Q4_0; bit i of `high` is bit 4 of code[i]
struct [[gnu::packed]] BlockQ5_0 {
  Half d;
  std::uint32_t high;
  std::uint8_t low[16];
};
static_assert(sizeof(BlockQ5_0) == 22);

// Q5_1, 6 bits a value. value[i] = d * code[i] + m
//   | d 2 | m 2 | high 4 | low 16 |       as in Q5_0
struct [[gnu::packed]] BlockQ5_1 {
  Half d;
  Half m;
  std::uint32_t high;
  std::uint8_t low[16];
};
static_assert(sizeof(BlockQ5_1) == 24);

// Q8_0, 8.5 bits a value. value[i] = d * code[i]
//   | d 2 | codes 32 |
struct [[gnu::packed]] BlockQ8_0 {
  Half d;
  std::int8_t codes[32];
};
static_assert(sizeof(BlockQ8_0) == 34);

// Q4_K, 4.5 bits a value. For value i of sub-block s (32 values, s = 0..7):
//   value = d * scale[s] * code - dmin * min[s]
//   | d 2 | dmin 2 | scales 12 | codes 128 |
//   scales: eight scales and eight mins of 6 bits:
//     byte  0-3   bits 0-5 scale[0-3]            bits 6-7 upper two bits of scale[4-7]
//     byte  4-7   bits 0-5 min[0-3]              bits 6-7 upper two bits of min[4-7]
//     byte  8-11  bits 0-3 lower four of scale[4-7]   bits 4-7 lower four of min[4-7]
//   codes: 32 bytes for each pair of sub-blocks: byte 32 * p + i holds in bits 0-3 value i of
//   sub-block 2p, in bits 4-7 value i of sub-block 2p + 1.
struct [[gnu::packed]] BlockQ4_K {
  Half d;
  Half dmin;
  std::uint8_t scales[12];
  std::uint8_t codes[128];
};
static_assert(sizeof(BlockQ4_K) == 144);

// Q5_K, 5.5 bits a value. As Q4_K with a fifth bit:
//   | d 2 | dmin 2 | scales 12 | high 32 | low 128 |
//   low as the codes of Q4_K; bit s of high[i] is bit 4 of value i of sub-block s.
struct [[gnu::packed]] BlockQ5_K {
  Half d;
  Half dmin;
  std::uint8_t scales[12];
  std::uint8_t high[32];
  std::uint8_t low[128];
};
static_assert(sizeof(BlockQ5_K) == 176);

// Q6_K, 6.5625 bits a value. For a value of sub-block s (16 values, s = 0..15):
//   value = d * scale[s] * (code - 32)
//   | low 128 | high 64 | scales 16 (signed) | d 2 |
//   Two halves h of 128 values in four rows of 32: value 128 h + 32 t + i (t = 0..3) has
//   its lower four bits in low[64 h + 32 (t % 2) + i], bits 0-3 for t < 2, else bits 4-7,
//   its upper two bits in high[32 h + i], bits 2t and 2t + 1.
struct [[gnu::packed]] BlockQ6_K {
  std::uint8_t low[128];
  std::uint8_t high[64];
  std::int8_t scales[16];
  Half d;
};
static_assert(sizeof(BlockQ6_K) == 210);

}  // namespace inference
