#pragma once

// Weight blocks in SSE registers: for every format its codes as 32 bytes in the order of the
// values, and its scales. Only for files compiled with SSSE3; all in an unnamed namespace.
//
// A format of blocks of 32 has
//   codes(block)                       32 codes, signed where kSigned, else 0 to 255
//   d and, where kHasOffset, m         in the block
// A format of super-blocks has
//   codes<g>(block)                    the codes of group g = 0..7 of 32 values
//   prepare(block), scale_low<g>, scale_high<g>   sub-block scales of the first and the last 16 of
//                                      the group, as eight int16
// Thread safety: pure functions.

#include <immintrin.h>

#include <cstring>

#include "inference/kernels/ssse3_lanes.h"
#include "inference/quant/blocks.h"

namespace inference {
namespace {

struct Codes {
  __m128i low;   // values 0 to 15
  __m128i high;  // values 16 to 31
};

inline std::uint32_t load_32(const void* p) {
  std::uint32_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

inline Codes minus(Codes codes, char bias) {
  const __m128i biases = _mm_set1_epi8(bias);
  return {_mm_sub_epi8(codes.low, biases), _mm_sub_epi8(codes.high, biases)};
}

inline Codes both_or(Codes a, Codes b) {
  return {_mm_or_si128(a.low, b.low), _mm_or_si128(a.high, b.high)};
}

inline __m128i low_nibbles(__m128i bytes) { return _mm_and_si128(bytes, _mm_set1_epi8(0x0f)); }
inline __m128i high_nibbles(__m128i bytes) { return low_nibbles(_mm_srli_epi16(bytes, 4)); }

// 16 bytes of nibbles: low nibbles are values 0..15, high nibbles 16..31.
inline Codes nibbles(const std::uint8_t* bytes) {
  const __m128i packed = load_128(bytes);
  return {low_nibbles(packed), high_nibbles(packed)};
}

// 16 in byte i where bit i is set, else 0.
inline Codes fifth_bits(std::uint32_t bits) {
  // Byte i receives byte i / 8 of `bits`, of which the mask keeps bit i % 8.
  const __m128i all = _mm_cvtsi32_si128(static_cast<int>(bits));
  const __m128i mask = _mm_set1_epi64x(static_cast<long long>(0x8040201008040201u));
  const auto spread = [all, mask](__m128i choice) {
    const __m128i bytes = _mm_and_si128(_mm_shuffle_epi8(all, choice), mask);
    return _mm_and_si128(_mm_cmpeq_epi8(bytes, mask), _mm_set1_epi8(16));
  };
  return {spread(_mm_set_epi64x(0x0101010101010101, 0)),
          spread(_mm_set_epi64x(0x0303030303030303, 0x0202020202020202))};
}

struct FormatQ4_0 {
  using Block = BlockQ4_0;
  static constexpr bool kSigned = true;
  static constexpr bool kHasOffset = false;
  static Codes codes(const Block& block) { return minus(nibbles(block.codes), 8); }
};

struct FormatQ4_1 {
  using Block = BlockQ4_1;
  static constexpr bool kSigned = false;
  static constexpr bool kHasOffset = true;
  static Codes codes(const Block& block) { return nibbles(block.codes); }
};

struct FormatQ5_0 {
  using Block = BlockQ5_0;
  static constexpr bool kSigned = true;
  static constexpr bool kHasOffset = false;
  static Codes codes(const Block& block) {
    return minus(both_or(nibbles(block.low), fifth_bits(block.high)), 16);
  }
};

struct FormatQ5_1 {
  using Block = BlockQ5_1;
  static constexpr bool kSigned = false;
  static constexpr bool kHasOffset = true;
  static Codes codes(const Block& block) {
    return both_or(nibbles(block.low), fifth_bits(block.high));
  }
};

struct FormatQ8_0 {
  using Block = BlockQ8_0;
  static constexpr bool kSigned = true;
  static constexpr bool kHasOffset = false;
  static Codes codes(const Block& block) {
    return {load_128(block.codes), load_128(block.codes + 16)};
  }
};

// Word `kIndex` of eight int16, eight times.
template <int kIndex>
inline __m128i repeat_word(__m128i words) {
  return _mm_shuffle_epi8(words, _mm_set1_epi16(static_cast<short>(0x0100 + 0x0202 * kIndex)));
}

// The 6-bit scales and mins of Q4_K and Q5_K (drawn in blocks.h).
struct ScalesAndMins {
  __m128i scales;     // eight int16
  __m128i mins_low;   // of the sums 0 to 7: each min twice
  __m128i mins_high;  // of the sums 8 to 15

  explicit ScalesAndMins(const std::uint8_t* packed) {
    const std::uint32_t a = load_32(packed);
    const std::uint32_t b = load_32(packed + 4);
    const std::uint32_t c = load_32(packed + 8);
    const std::uint32_t scales_high = (c & 0x0f0f0f0fu) | ((a >> 2) & 0x30303030u);
    const std::uint32_t mins_high_four = ((c >> 4) & 0x0f0f0f0fu) | ((b >> 2) & 0x30303030u);
    const __m128i bytes =
        _mm_setr_epi32(static_cast<int>(a & 0x3f3f3f3fu), static_cast<int>(scales_high),
                       static_cast<int>(b & 0x3f3f3f3fu), static_cast<int>(mins_high_four));
    const __m128i zero = _mm_setzero_si128();
    scales = _mm_unpacklo_epi8(bytes, zero);
    const __m128i mins = _mm_unpackhi_epi8(bytes, zero);
    mins_low = _mm_unpacklo_epi16(mins, mins);
    mins_high = _mm_unpackhi_epi16(mins, mins);
  }

  template <int kGroup>
  __m128i scale_low() const {
    return repeat_word<kGroup>(scales);
  }
  template <int kGroup>
  __m128i scale_high() const {
    return repeat_word<kGroup>(scales);
  }
};

// Nibbles of group kGroup: two groups share 32 bytes.
template <int kGroup>
inline Codes group_nibbles(const std::uint8_t* bytes) {
  const __m128i low = load_128(bytes + 32 * (kGroup / 2));
  const __m128i high = load_128(bytes + 32 * (kGroup / 2) + 16);
  if constexpr (kGroup % 2 == 0) return {low_nibbles(low), low_nibbles(high)};
  return {high_nibbles(low), high_nibbles(high)};
}

struct FormatQ4_K {
  using Block = BlockQ4_K;
  static constexpr bool kSigned = false;
  static constexpr bool kHasOffset = true;
  static ScalesAndMins prepare(const Block& block) { return ScalesAndMins(block.scales); }
  template <int kGroup>
  static Codes codes(const Block& block) {
    return group_nibbles<kGroup>(block.codes);
  }
};

struct FormatQ5_K {
  using Block = BlockQ5_K;
  static constexpr bool kSigned = false;
  static constexpr bool kHasOffset = true;
  static ScalesAndMins prepare(const Block& block) { return ScalesAndMins(block.scales); }
  template <int kGroup>
  static Codes codes(const Block& block) {
    const Codes high = {bit<kGroup>(block.high), bit<kGroup>(block.high + 16)};
    return both_or(group_nibbles<kGroup>(block.low), high);
  }
  // Bit kGroup of each byte to bit 4; what the 16-bit shift brings in is masked away.
  template <int kGroup>
  static __m128i bit(const std::uint8_t* high) {
    const __m128i bytes = load_128(high);
    const __m128i moved = kGroup < 4 ? _mm_slli_epi16(bytes, kGroup < 4 ? 4 - kGroup : 0)
                                     : _mm_srli_epi16(bytes, kGroup < 4 ? 0 : kGroup - 4);
    return _mm_and_si128(moved, _mm_set1_epi8(16));
  }
};

struct FormatQ6_K {
  using Block = BlockQ6_K;
  static constexpr bool kSigned = true;
  static constexpr bool kHasOffset = false;

  struct Scales {
    __m128i low;   // scales 0 to 7 as int16
    __m128i high;  // scales 8 to 15
    template <int kGroup>
    __m128i scale_low() const {
      return repeat_word<2 * kGroup % 8>(kGroup < 4 ? low : high);
    }
    template <int kGroup>
    __m128i scale_high() const {
      return repeat_word<(2 * kGroup + 1) % 8>(kGroup < 4 ? low : high);
    }
  };
  static Scales prepare(const Block& block) {
    const __m128i bytes = load_128(block.scales);
    return {_mm_srai_epi16(_mm_unpacklo_epi8(bytes, bytes), 8),
            _mm_srai_epi16(_mm_unpackhi_epi8(bytes, bytes), 8)};
  }
  template <int kGroup>
  static Codes codes(const Block& block) {
    return minus({code<kGroup>(block, 0), code<kGroup>(block, 16)}, 32);
  }
  template <int kGroup>
  static __m128i code(const Block& block, std::size_t at) {
    constexpr int kHalf = kGroup / 4;
    constexpr int kRow = kGroup % 4;
    const __m128i packed = load_128(block.low + 64 * kHalf + 32 * (kRow % 2) + at);
    const __m128i low = kRow < 2 ? low_nibbles(packed) : high_nibbles(packed);
    // Bits 2t and 2t + 1 of each byte to bits 4 and 5.
    const __m128i high_packed = load_128(block.high + 32 * kHalf + at);
    const __m128i high = kRow < 2 ? _mm_slli_epi16(high_packed, kRow < 2 ? 4 - 2 * kRow : 0)
                                  : _mm_srli_epi16(high_packed, kRow < 2 ? 0 : 2 * kRow - 4);
    return _mm_or_si128(low, _mm_and_si128(high, _mm_set1_epi8(0x30)));
  }
};

}  // namespace
}  // namespace inference
