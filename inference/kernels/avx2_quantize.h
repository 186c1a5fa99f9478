#pragma once

// How AVX2 quantises activations: the Vector of quantize_rows.h. All in an unnamed namespace: each
// file gets its own code, made for its instruction set.
// Thread safety: pure functions.

#include <immintrin.h>

#include "inference/kernels/avx2_blocks.h"
#include "inference/kernels/quantize_rows.h"

namespace inference {
namespace {

int sum_of(__m128i v) {
  v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0x4e));
  v = _mm_add_epi32(v, _mm_shuffle_epi32(v, 0xb1));
  return _mm_cvtsi128_si32(v);
}

int sum_of(__m256i v) {
  return sum_of(_mm_add_epi32(_mm256_castsi256_si128(v), _mm256_extracti128_si256(v, 1)));
}

// 32 floats, scaled and rounded to nearest even, as bytes.
__m256i to_bytes(const float* x, __m256 inverse) {
  const auto rounded = [x, inverse](int i) {
    return _mm256_cvtps_epi32(_mm256_mul_ps(_mm256_loadu_ps(x + 8 * i), inverse));
  };
  const __m256i words_01 = _mm256_packs_epi32(rounded(0), rounded(1));
  const __m256i words_23 = _mm256_packs_epi32(rounded(2), rounded(3));
  // Packing works within 128-bit halves; the permutation puts the fours back into order.
  return _mm256_permutevar8x32_epi32(_mm256_packs_epi16(words_01, words_23),
                                     _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7));
}

struct Avx2Quantizer {
  // As quantize_block of scalar.cc; n is a multiple of 32.
  static float quantize_block(const float* x, std::size_t n, std::int8_t* values) {
    __m256i largest = _mm256_setzero_si256();
    const __m256i magnitude = _mm256_set1_epi32(0x7fffffff);
    for (std::size_t i = 0; i < n; i += 8) {
      largest = _mm256_max_epi32(largest, _mm256_and_si256(load_256(x + i), magnitude));
    }
    __m128i one =
        _mm_max_epi32(_mm256_castsi256_si128(largest), _mm256_extracti128_si256(largest, 1));
    one = _mm_max_epi32(one, _mm_shuffle_epi32(one, 0x4e));
    one = _mm_max_epi32(one, _mm_shuffle_epi32(one, 0xb1));
    const bool finite = _mm_cvtsi128_si32(one) < 0x7f800000;
    const float amax = _mm_cvtss_f32(_mm_castsi128_ps(one));
    const float inverse = 127.0f / amax;
    const bool usable = finite && inverse <= kLargestFloat;
    for (std::size_t i = 0; i < n; i += 32) {
      const __m256i bytes =
          usable ? to_bytes(x + i, _mm256_set1_ps(inverse)) : _mm256_setzero_si256();
      _mm256_storeu_si256(reinterpret_cast<__m256i*>(values + i), bytes);
    }
    if (usable) return amax / 127.0f;
    return finite ? 0.0f : __builtin_nanf("");
  }

  static int sum_16(const std::int8_t* values) {
    const __m256i words = _mm256_cvtepi8_epi16(load_128(values));
    return sum_of(_mm256_madd_epi16(words, _mm256_set1_epi16(1)));
  }
  static int sum_32(const std::int8_t* values) {
    const __m256i pairs = _mm256_maddubs_epi16(_mm256_set1_epi8(1), load_256(values));
    return sum_of(_mm256_madd_epi16(pairs, _mm256_set1_epi16(1)));
  }
};

}  // namespace
}  // namespace inference
