#pragma once

// Eight float lanes in two SSE registers: the vocabulary of float_kernels.h. Only for files
// compiled with SSSE3; everything is in an unnamed namespace, so no other file can be given code
// from here by the linker. Half precision is converted step by step, since these CPUs have no
// instruction for it.
// Thread safety: pure functions.

#include <immintrin.h>

#include "inference/kernels/math.h"
#include "inference/quant/half.h"

namespace inference {
namespace {

inline __m128i load_128(const void* p) { return _mm_loadu_si128(static_cast<const __m128i*>(p)); }

// mask ? x : y, where a lane of the mask is all ones or all zeros.
inline __m128i select(__m128i mask, __m128i x, __m128i y) {
  return _mm_or_si128(_mm_and_si128(mask, x), _mm_andnot_si128(mask, y));
}

// Four halves in the upper 16 bits of four words. Read as the bits of a float their values are too
// small by 2^112, which a product puts right, exactly, also where the half is zero or subnormal.
// Infinity and NaN become 65536 and more by that, and get their exponent. NaN keeps its payload and
// is not made quiet: the arithmetic that follows does that.
inline __m128 halves_to_floats(__m128i halves) {
  const __m128i bits =
      _mm_and_si128(_mm_srai_epi32(halves, 3), _mm_set1_epi32(static_cast<int>(0x8fffe000u)));
  const __m128 value = _mm_mul_ps(_mm_castsi128_ps(bits), _mm_set1_ps(0x1p112f));
  const __m128 magnitude = _mm_andnot_ps(_mm_set1_ps(-0.0f), value);
  const __m128 special = _mm_cmpge_ps(magnitude, _mm_set1_ps(65536.0f));
  return _mm_or_ps(value, _mm_and_ps(special, _mm_set1_ps(__builtin_inff())));
}

// The halves of four floats, each in the low 16 bits of a word, rounded to nearest even.
inline __m128i floats_to_halves(__m128 floats) {
  const __m128i bits = _mm_castps_si128(floats);
  const __m128i magnitude = _mm_and_si128(bits, _mm_set1_epi32(0x7fffffff));
  const __m128i sign = _mm_and_si128(_mm_srli_epi32(bits, 16), _mm_set1_epi32(0x8000));
  // Normal: half a unit less one, plus the last bit kept, carries when rounding goes up.
  const __m128i last = _mm_and_si128(_mm_srli_epi32(magnitude, 13), _mm_set1_epi32(1));
  const __m128i rebias_and_round = _mm_set1_epi32(0x0fff - ((127 - 15) << 23));
  const __m128i normal =
      _mm_srli_epi32(_mm_add_epi32(_mm_add_epi32(magnitude, rebias_and_round), last), 13);
  // Below 2^-14: added to 0.5, the unit of which is that of a subnormal half, the float is rounded
  // by the addition, and its fraction is the result.
  const __m128 half = _mm_set1_ps(0.5f);
  const __m128i subnormal = _mm_sub_epi32(
      _mm_castps_si128(_mm_add_ps(_mm_castsi128_ps(magnitude), half)), _mm_castps_si128(half));
  const __m128i nan =
      _mm_and_si128(_mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x7f800000)), _mm_set1_epi32(0x0200));
  const __m128i special = _mm_or_si128(nan, _mm_set1_epi32(0x7c00));
  const __m128i is_special = _mm_cmpgt_epi32(magnitude, _mm_set1_epi32(0x477fffff));
  const __m128i is_subnormal = _mm_cmpgt_epi32(_mm_set1_epi32(0x38800000), magnitude);
  const __m128i finite = select(is_subnormal, subnormal, normal);
  return _mm_or_si128(sign, select(is_special, special, finite));
}

struct Ssse3Lanes {
  __m128 low;   // lanes 0 to 3
  __m128 high;  // lanes 4 to 7

  static Ssse3Lanes load(const float* p) { return {_mm_loadu_ps(p), _mm_loadu_ps(p + 4)}; }
  static Ssse3Lanes broadcast(float x) { return {_mm_set1_ps(x), _mm_set1_ps(x)}; }
  static Ssse3Lanes load_half(const Half* p) {
    const __m128i halves = load_128(p);
    const __m128i zero = _mm_setzero_si128();
    return {halves_to_floats(_mm_unpacklo_epi16(zero, halves)),
            halves_to_floats(_mm_unpackhi_epi16(zero, halves))};
  }
  // (p0, p0, p1, p1, p2, p2, p3, p3)
  static Ssse3Lanes load_pairs(const float* p) {
    const __m128 four = _mm_loadu_ps(p);
    return {_mm_unpacklo_ps(four, four), _mm_unpackhi_ps(four, four)};
  }
  void store(float* p) const {
    _mm_storeu_ps(p, low);
    _mm_storeu_ps(p + 4, high);
  }
  void store_half(Half* p) const {
    // Bytes 0 and 1 of each word, together.
    const __m128i choice = _mm_setr_epi8(0, 1, 4, 5, 8, 9, 12, 13, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m128i first = _mm_shuffle_epi8(floats_to_halves(low), choice);
    const __m128i second = _mm_shuffle_epi8(floats_to_halves(high), choice);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p), _mm_unpacklo_epi64(first, second));
  }

  friend Ssse3Lanes operator+(Ssse3Lanes a, Ssse3Lanes b) {
    return {_mm_add_ps(a.low, b.low), _mm_add_ps(a.high, b.high)};
  }
  friend Ssse3Lanes operator-(Ssse3Lanes a, Ssse3Lanes b) {
    return {_mm_sub_ps(a.low, b.low), _mm_sub_ps(a.high, b.high)};
  }
  friend Ssse3Lanes operator*(Ssse3Lanes a, Ssse3Lanes b) {
    return {_mm_mul_ps(a.low, b.low), _mm_mul_ps(a.high, b.high)};
  }
  friend Ssse3Lanes operator/(Ssse3Lanes a, Ssse3Lanes b) {
    return {_mm_div_ps(a.low, b.low), _mm_div_ps(a.high, b.high)};
  }

  static Ssse3Lanes select_greater(Ssse3Lanes a, Ssse3Lanes b, Ssse3Lanes x, Ssse3Lanes y) {
    return {select_greater(a.low, b.low, x.low, y.low),
            select_greater(a.high, b.high, x.high, y.high)};
  }
  static __m128 select_greater(__m128 a, __m128 b, __m128 x, __m128 y) {
    return _mm_castsi128_ps(
        select(_mm_castps_si128(_mm_cmpgt_ps(a, b)), _mm_castps_si128(x), _mm_castps_si128(y)));
  }
  static Ssse3Lanes times_power_of_two(Ssse3Lanes y, Ssse3Lanes shifted) {
    return {times_power_of_two(y.low, shifted.low), times_power_of_two(y.high, shifted.high)};
  }
  static __m128 times_power_of_two(__m128 y, __m128 shifted) {
    const __m128i exponent =
        _mm_sub_epi32(_mm_castps_si128(shifted), _mm_castps_si128(_mm_set1_ps(math::kExpRounder)));
    const __m128i first = _mm_srai_epi32(exponent, 1);
    return _mm_mul_ps(_mm_mul_ps(y, power_of_two(first)),
                      power_of_two(_mm_sub_epi32(exponent, first)));
  }
  static __m128 power_of_two(__m128i exponent) {
    return _mm_castsi128_ps(_mm_slli_epi32(_mm_add_epi32(exponent, _mm_set1_epi32(127)), 23));
  }

  Ssse3Lanes square_root() const { return {_mm_sqrt_ps(low), _mm_sqrt_ps(high)}; }
  Ssse3Lanes negate() const {
    const __m128 sign = _mm_set1_ps(-0.0f);
    return {_mm_xor_ps(low, sign), _mm_xor_ps(high, sign)};
  }
  Ssse3Lanes swap_pairs() const {
    return {_mm_shuffle_ps(low, low, 0xb1), _mm_shuffle_ps(high, high, 0xb1)};
  }

  // ((0+4)+(2+6))+((1+5)+(3+7))
  float reduce() const {
    const __m128 halves = _mm_add_ps(low, high);
    const __m128 pairs = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
    return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps(pairs, pairs, 1)));
  }
};

}  // namespace
}  // namespace inference
