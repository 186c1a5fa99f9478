#pragma once

// Eight float lanes in one AVX register: the vocabulary of float_kernels.h. Only for files compiled
// with AVX2 and F16C; everything is in an unnamed namespace, so no other file can be given code
// from here by the linker.
// Thread safety: pure functions.

#include <immintrin.h>

#include "inference/kernels/math.h"
#include "inference/quant/half.h"

namespace inference {
namespace {

// ((0+4)+(2+6))+((1+5)+(3+7))
inline float reduce(__m256 v) {
  const __m128 halves = _mm_add_ps(_mm256_castps256_ps128(v), _mm256_extractf128_ps(v, 1));
  const __m128 pairs = _mm_add_ps(halves, _mm_movehl_ps(halves, halves));
  return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_movehdup_ps(pairs)));
}

struct Avx2Lanes {
  __m256 v;

  static Avx2Lanes load(const float* p) { return {_mm256_loadu_ps(p)}; }
  static Avx2Lanes broadcast(float x) { return {_mm256_set1_ps(x)}; }
  static Avx2Lanes load_half(const Half* p) {
    return {_mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)))};
  }
  // (p0, p0, p1, p1, p2, p2, p3, p3)
  static Avx2Lanes load_pairs(const float* p) {
    const __m256 four = _mm256_castps128_ps256(_mm_loadu_ps(p));
    return {_mm256_permutevar8x32_ps(four, _mm256_setr_epi32(0, 0, 1, 1, 2, 2, 3, 3))};
  }
  void store(float* p) const { _mm256_storeu_ps(p, v); }
  void store_half(Half* p) const {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                     _mm256_cvtps_ph(v, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
  }

  friend Avx2Lanes operator+(Avx2Lanes a, Avx2Lanes b) { return {_mm256_add_ps(a.v, b.v)}; }
  friend Avx2Lanes operator-(Avx2Lanes a, Avx2Lanes b) { return {_mm256_sub_ps(a.v, b.v)}; }
  friend Avx2Lanes operator*(Avx2Lanes a, Avx2Lanes b) { return {_mm256_mul_ps(a.v, b.v)}; }
  friend Avx2Lanes operator/(Avx2Lanes a, Avx2Lanes b) { return {_mm256_div_ps(a.v, b.v)}; }

  static Avx2Lanes select_greater(Avx2Lanes a, Avx2Lanes b, Avx2Lanes x, Avx2Lanes y) {
    return {_mm256_blendv_ps(y.v, x.v, _mm256_cmp_ps(a.v, b.v, _CMP_GT_OQ))};
  }
  static Avx2Lanes times_power_of_two(Avx2Lanes y, Avx2Lanes shifted) {
    const __m256i exponent = _mm256_sub_epi32(
        _mm256_castps_si256(shifted.v), _mm256_castps_si256(_mm256_set1_ps(math::kExpRounder)));
    const __m256i first = _mm256_srai_epi32(exponent, 1);
    return {_mm256_mul_ps(_mm256_mul_ps(y.v, power_of_two(first)),
                          power_of_two(_mm256_sub_epi32(exponent, first)))};
  }
  static __m256 power_of_two(__m256i exponent) {
    return _mm256_castsi256_ps(
        _mm256_slli_epi32(_mm256_add_epi32(exponent, _mm256_set1_epi32(127)), 23));
  }

  Avx2Lanes square_root() const { return {_mm256_sqrt_ps(v)}; }
  Avx2Lanes negate() const { return {_mm256_xor_ps(v, _mm256_set1_ps(-0.0f))}; }
  Avx2Lanes swap_pairs() const { return {_mm256_permute_ps(v, 0xb1)}; }
  float reduce() const { return inference::reduce(v); }
};

}  // namespace
}  // namespace inference
