#pragma once

// Weight blocks in AVX registers: for every format its codes as 32 bytes in the order of the
// values, and its scales. Only for files compiled with AVX2 and F16C; all in an unnamed namespace.
//
// A format of blocks of 32 has
//   codes(block)                  32 codes, signed where kSigned, else 0 to 255
//   scales(blocks, d, m)          d and m of eight blocks as floats; m only where kHasOffset
// A format of super-blocks has
//   scales(blocks, d, m)          the same
//   codes<g>(block)               the codes of group g = 0..7 of 32 values
//   prepare(block), scale<g>      the sub-block scales of group g as sixteen int16
// Thread safety: pure functions.

#include <immintrin.h>

#include <cstring>

#include "inference/quant/blocks.h"

namespace inference {
namespace {

inline __m256i load_256(const void* p) {
  return _mm256_loadu_si256(static_cast<const __m256i*>(p));
}

inline __m128i load_128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }

inline std::uint32_t load_32(const void* p) {
  std::uint32_t value;
  std::memcpy(&value, p, sizeof(value));
  return value;
}

// 16 bytes of nibbles: low nibbles are values 0..15, high nibbles 16..31.
inline __m256i nibbles(const std::uint8_t* bytes) {
  const __m256i both = _mm256_broadcastsi128_si256(load_128(bytes));
  const __m256i shifted = _mm256_srlv_epi64(both, _mm256_setr_epi64x(0, 0, 4, 4));
  return _mm256_and_si256(shifted, _mm256_set1_epi8(0x0f));
}

// 16 in byte i where bit i is set, else 0.
inline __m256i fifth_bits(std::uint32_t bits) {
  // Byte i receives byte i / 8 of `bits`, of which the mask keeps bit i % 8.
  const __m256i spread =
      _mm256_shuffle_epi8(_mm256_set1_epi32(static_cast<int>(bits)),
                          _mm256_setr_epi64x(0x0000000000000000, 0x0101010101010101,
                                             0x0202020202020202, 0x0303030303030303));
  const __m256i mask = _mm256_set1_epi64x(static_cast<long long>(0x8040201008040201u));
  const __m256i is_set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, mask), mask);
  return _mm256_and_si256(is_set, _mm256_set1_epi8(16));
}

// The d of eight blocks.
template <typename Block>
inline __m256 eight_scales(const Block* b) {
  return _mm256_cvtph_ps(_mm_setr_epi16(static_cast<short>(b[0].d), static_cast<short>(b[1].d),
                                        static_cast<short>(b[2].d), static_cast<short>(b[3].d),
                                        static_cast<short>(b[4].d), static_cast<short>(b[5].d),
                                        static_cast<short>(b[6].d), static_cast<short>(b[7].d)));
}

// The d and m, which lie side by side, of eight blocks.
template <typename Block>
inline void eight_scales_and_offsets(const Block* b, __m256& d, __m256& m) {
  const auto pair = [b](std::size_t i) { return static_cast<int>(load_32(b + i)); };
  const __m128i first = _mm_setr_epi32(pair(0), pair(1), pair(2), pair(3));
  const __m128i second = _mm_setr_epi32(pair(4), pair(5), pair(6), pair(7));
  const __m128i low = _mm_set1_epi32(0xffff);
  d = _mm256_cvtph_ps(_mm_packus_epi32(_mm_and_si128(first, low), _mm_and_si128(second, low)));
  m = _mm256_cvtph_ps(_mm_packus_epi32(_mm_srli_epi32(first, 16), _mm_srli_epi32(second, 16)));
}

struct FormatQ4_0 {
  using Block = BlockQ4_0;
  static constexpr bool kSigned = true;
  static constexpr bool kHasOffset = false;
  static __m256i codes(const Block& block) {
    return _mm256_sub_epi8(nibbles(block.codes), _mm256_set1_epi8(8));
  }
  static void scales(const Block* blocks, __m256& d, __m256&) { d = eight_scales(blocks); }
};

struct FormatQ4_1 {
  using Block = BlockQ4_1;
  static constexpr bool kSigned = false;
  static constexpr bool kHasOffset = true;
  static __m256i codes(const Block& block) { return nibbles(block.codes); }
  static void scales(const Block* blocks, __m256& d, __m256& m) {
    eight_scales_and_offsets(blocks, d, m);
  }
};

struct FormatQ5_0 {
  using Block = BlockQ5_0;
  static constexpr bool kSigned = true;
  static constexpr bool kHasOffset = false;
  static __m256i codes(const Block& block) {
    const __m256i code = _mm256_or_si256(nibbles(block.low), fifth_bits(block.high));
    return _mm256_sub_epi8(code, _mm256_set1_epi8(16));
  }
  static void scales(const Block* blocks, __m256& d, __m256&) { d = eight_scales(blocks); }
};

struct FormatQ5_1 {
  using Block = BlockQ5_1;
  static constexpr bool kSigned = false;
  static constexpr bool kHasOffset = true;
  static __m256i codes(const Block& block) {
    return _mm256_or_si256(nibbles(block.low), fifth_bits(block.high));
  }
  static void scales(const Block* blocks, __m256& d, __m256& m) {
    eight_scales_and_offsets(blocks, d, m);
  }
};

struct FormatQ8_0 {
  using Block = BlockQ8_0;
  static constexpr bool kSigned = true;
  static constexpr bool kHasOffset = false;
  static __m256i codes(const Block& block) { return load_256(block.codes); }
  static void scales(const Block* blocks, __m256& d, __m256&) { d = eight_scales(blocks); }
};

// The 6-bit scales and mins of Q4_K and Q5_K (drawn in blocks.h).
struct ScalesAndMins {
  __m256i scales;  // eight int16, twice
  __m256i mins;    // sixteen int16: each min twice, for the two sums of 16 of its sub-block

  explicit ScalesAndMins(const std::uint8_t* packed) {
    const std::uint32_t a = load_32(packed);
    const std::uint32_t b = load_32(packed + 4);
    const std::uint32_t c = load_32(packed + 8);
    const std::uint32_t scales_high = (c & 0x0f0f0f0fu) | ((a >> 2) & 0x30303030u);
    const std::uint32_t mins_high = ((c >> 4) & 0x0f0f0f0fu) | ((b >> 2) & 0x30303030u);
    const __m128i bytes =
        _mm_setr_epi32(static_cast<int>(a & 0x3f3f3f3fu), static_cast<int>(scales_high),
                       static_cast<int>(b & 0x3f3f3f3fu), static_cast<int>(mins_high));
    scales = _mm256_broadcastsi128_si256(_mm_cvtepu8_epi16(bytes));
    mins = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(bytes, bytes));
  }

  template <int kGroup>
  __m256i scale() const {
    return _mm256_shuffle_epi8(scales, _mm256_set1_epi16((2 * kGroup + 1) << 8 | 2 * kGroup));
  }
};

// Nibbles of group kGroup: two groups share 32 bytes.
template <int kGroup>
inline __m256i group_nibbles(const std::uint8_t* bytes) {
  const __m256i packed = load_256(bytes + 32 * (kGroup / 2));
  const __m256i shifted = kGroup % 2 == 0 ? packed : _mm256_srli_epi16(packed, 4);
  return _mm256_and_si256(shifted, _mm256_set1_epi8(0x0f));
}

struct FormatQ4_K {
  using Block = BlockQ4_K;
  static constexpr bool kSigned = false;
  static constexpr bool kHasOffset = true;
  static void scales(const Block* blocks, __m256& d, __m256& m) {
    eight_scales_and_offsets(blocks, d, m);
  }
  static ScalesAndMins prepare(const Block& block) { return ScalesAndMins(block.scales); }
  template <int kGroup>
  static __m256i codes(const Block& block) {
    return group_nibbles<kGroup>(block.codes);
  }
};

struct FormatQ5_K {
  using Block = BlockQ5_K;
  static constexpr bool kSigned = false;
  static constexpr bool kHasOffset = true;
  static void scales(const Block* blocks, __m256& d, __m256& m) {
    eight_scales_and_offsets(blocks, d, m);
  }
  static ScalesAndMins prepare(const Block& block) { return ScalesAndMins(block.scales); }
  template <int kGroup>
  static __m256i codes(const Block& block) {
    // Bit kGroup of each byte to bit 4; what the 16-bit shift brings in is masked away.
    const __m256i high = load_256(block.high);
    const __m256i bit = kGroup < 4 ? _mm256_slli_epi16(high, kGroup < 4 ? 4 - kGroup : 0)
                                   : _mm256_srli_epi16(high, kGroup < 4 ? 0 : kGroup - 4);
    return _mm256_or_si256(group_nibbles<kGroup>(block.low),
                           _mm256_and_si256(bit, _mm256_set1_epi8(16)));
  }
};

struct FormatQ6_K {
  using Block = BlockQ6_K;
  static constexpr bool kSigned = true;
  static constexpr bool kHasOffset = false;

  struct Scales {
    __m128i scales;  // sixteen int8
    // Lanes 0-3 take the scale of the first 16 values of the group, lanes 4-7 that of the others.
    template <int kGroup>
    __m256i scale() const {
      constexpr long long kEach = 0x0101010101010101;  // the same index in eight bytes
      const __m128i choice = _mm_set_epi64x((2 * kGroup + 1) * kEach, 2 * kGroup * kEach);
      return _mm256_cvtepi8_epi16(_mm_shuffle_epi8(scales, choice));
    }
  };
  static void scales(const Block* blocks, __m256& d, __m256&) { d = eight_scales(blocks); }
  static Scales prepare(const Block& block) { return {load_128(block.scales)}; }
  template <int kGroup>
  static __m256i codes(const Block& block) {
    constexpr int kHalf = kGroup / 4;
    constexpr int kRow = kGroup % 4;
    const __m256i low_packed = load_256(block.low + 64 * kHalf + 32 * (kRow % 2));
    const __m256i low = kRow < 2 ? low_packed : _mm256_srli_epi16(low_packed, 4);
    // Bits 2t and 2t + 1 of each byte to bits 4 and 5.
    const __m256i high_packed = load_256(block.high + 32 * kHalf);
    const __m256i high = kRow < 2 ? _mm256_slli_epi16(high_packed, kRow < 2 ? 4 - 2 * kRow : 0)
                                  : _mm256_srli_epi16(high_packed, kRow < 2 ? 0 : 2 * kRow - 4);
    const __m256i code = _mm256_or_si256(_mm256_and_si256(low, _mm256_set1_epi8(0x0f)),
                                         _mm256_and_si256(high, _mm256_set1_epi8(0x30)));
    return _mm256_sub_epi8(code, _mm256_set1_epi8(32));
  }
};

}  // namespace
}  // namespace inference
