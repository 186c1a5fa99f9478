#pragma once

// Blocks taken apart into plain integers and floats, one value at a time: the definition that the
// decoders and the scalar kernels share. Offsets of the codes (-8, -16, -32) are applied here.
// Thread safety: pure functions.

#include <cstdint>

#include "inference/quant/blocks.h"

namespace inference {

// value[i] = scale * codes[i] + offset. Formats without an offset leave it 0.
struct UnpackedBlock {
  std::int8_t codes[kBlockValues];
  float scale;
  float offset;
};

// For value i: d * scales[i / 16] * codes[i] - dmin * mins[i / 16].
struct UnpackedSuperBlock {
  std::int8_t codes[kSuperBlockValues];
  std::int8_t scales[kSuperBlockValues / 16];
  std::uint8_t mins[kSuperBlockValues / 16];
  float d;
  float dmin;
};

namespace internal {

inline int low_nibble(std::uint8_t byte) { return byte & 0x0f; }
inline int high_nibble(std::uint8_t byte) { return byte >> 4; }

// 0 or 16: bit `index` of `high` as bit 4 of a code.
inline int fifth_bit(std::uint32_t high, std::size_t index) {
  return static_cast<int>((high >> index) & 1u) << 4;
}

inline void unpack_nibbles(const std::uint8_t* bytes, int bias, std::int8_t* codes) {
  for (std::size_t j = 0; j < 16; ++j) {
    codes[j] = static_cast<std::int8_t>(low_nibble(bytes[j]) - bias);
    codes[j + 16] = static_cast<std::int8_t>(high_nibble(bytes[j]) - bias);
  }
}

inline void unpack_five_bits(const std::uint8_t* low, std::uint32_t high, int bias,
                             std::int8_t* codes) {
  for (std::size_t j = 0; j < 16; ++j) {
    codes[j] = static_cast<std::int8_t>((low_nibble(low[j]) | fifth_bit(high, j)) - bias);
    codes[j + 16] =
        static_cast<std::int8_t>((high_nibble(low[j]) | fifth_bit(high, j + 16)) - bias);
  }
}

// The 6-bit scales and mins of Q4_K and Q5_K, each repeated for the two halves of its sub-block.
inline void unpack_scales(const std::uint8_t* packed, UnpackedSuperBlock& out) {
  for (std::size_t s = 0; s < 8; ++s) {
    int scale = 0;
    int min = 0;
    if (s < 4) {
      scale = packed[s] & 0x3f;
      min = packed[s + 4] & 0x3f;
    } else {
      scale = low_nibble(packed[s + 4]) | ((packed[s - 4] >> 6) << 4);
      min = high_nibble(packed[s + 4]) | ((packed[s] >> 6) << 4);
    }
    out.scales[2 * s] = out.scales[2 * s + 1] = static_cast<std::int8_t>(scale);
    out.mins[2 * s] = out.mins[2 * s + 1] = static_cast<std::uint8_t>(min);
  }
}

}  // namespace internal

inline void unpack(const BlockQ4_0& block, UnpackedBlock& out) {
  internal::unpack_nibbles(block.codes, 8, out.codes);
  out.scale = half_to_float(block.d);
  out.offset = 0;
}

inline void unpack(const BlockQ4_1& block, UnpackedBlock& out) {
  internal::unpack_nibbles(block.codes, 0, out.codes);
  out.scale = half_to_float(block.d);
  out.offset = half_to_float(block.m);
}

inline void unpack(const BlockQ5_0& block, UnpackedBlock& out) {
  internal::unpack_five_bits(block.low, block.high, 16, out.codes);
  out.scale = half_to_float(block.d);
  out.offset = 0;
}

inline void unpack(const BlockQ5_1& block, UnpackedBlock& out) {
  internal::unpack_five_bits(block.low, block.high, 0, out.codes);
  out.scale = half_to_float(block.d);
  out.offset = half_to_float(block.m);
}

inline void unpack(const BlockQ8_0& block, UnpackedBlock& out) {
  for (std::size_t i = 0; i < kBlockValues; ++i) out.codes[i] = block.codes[i];
  out.scale = half_to_float(block.d);
  out.offset = 0;
}

inline void unpack(const BlockQ4_K& block, UnpackedSuperBlock& out) {
  internal::unpack_scales(block.scales, out);
  for (std::size_t pair = 0; pair < 4; ++pair) {
    for (std::size_t i = 0; i < 32; ++i) {
      const std::uint8_t byte = block.codes[32 * pair + i];
      out.codes[64 * pair + i] = static_cast<std::int8_t>(internal::low_nibble(byte));
      out.codes[64 * pair + 32 + i] = static_cast<std::int8_t>(internal::high_nibble(byte));
    }
  }
  out.d = half_to_float(block.d);
  out.dmin = half_to_float(block.dmin);
}

inline void unpack(const BlockQ5_K& block, UnpackedSuperBlock& out) {
  internal::unpack_scales(block.scales, out);
  for (std::size_t pair = 0; pair < 4; ++pair) {
    for (std::size_t i = 0; i < 32; ++i) {
      const std::uint8_t byte = block.low[32 * pair + i];
      const std::uint8_t high = block.high[i];
      out.codes[64 * pair + i] = static_cast<std::int8_t>(internal::low_nibble(byte) |
                                                          internal::fifth_bit(high, 2 * pair));
      out.codes[64 * pair + 32 + i] = static_cast<std::int8_t>(
          internal::high_nibble(byte) | internal::fifth_bit(high, 2 * pair + 1));
    }
  }
  out.d = half_to_float(block.d);
  out.dmin = half_to_float(block.dmin);
}

inline void unpack(const BlockQ6_K& block, UnpackedSuperBlock& out) {
  for (std::size_t half = 0; half < 2; ++half) {
    for (std::size_t t = 0; t < 4; ++t) {
      for (std::size_t i = 0; i < 32; ++i) {
        const std::uint8_t byte = block.low[64 * half + 32 * (t % 2) + i];
        const int low = t < 2 ? internal::low_nibble(byte) : internal::high_nibble(byte);
        const int high = (block.high[32 * half + i] >> (2 * t)) & 3;
        out.codes[128 * half + 32 * t + i] = static_cast<std::int8_t>((low | (high << 4)) - 32);
      }
    }
  }
  for (std::size_t s = 0; s < 16; ++s) {
    out.scales[s] = block.scales[s];
    out.mins[s] = 0;
  }
  out.d = half_to_float(block.d);
  out.dmin = 0;
}

}  // namespace inference
