// The AVX2 kernels (with F16C): the scalar definition, eight lanes a register.
//
// This file alone is compiled for AVX2. It must not give the linker any function that another file
// shares: helpers are in unnamed namespaces or always inlined, and no library template is used.

#include <immintrin.h>

#include "inference/kernels/avx2_quantize.h"
#include "inference/kernels/avx2_tiles.h"
#include "inference/kernels/table_of.h"
#include "inference/kernels/tables.h"

namespace inference {
namespace {

struct Dot {
  static constexpr std::size_t kRowsMax = 8;
  static __m256i lanes(__m256i codes, __m256i x) {
    return _mm256_madd_epi16(_mm256_maddubs_epi16(codes, x), _mm256_set1_epi16(1));
  }
  static __m256i add_scaled(__m256i sum, __m256i pairs, __m256i scale) {
    return _mm256_add_epi32(sum, _mm256_madd_epi16(pairs, scale));
  }
};

struct Avx2 {
  using Lanes = Avx2Lanes;
  using Quantizer = Avx2Quantizer;
  using Tiles = Avx2Tiles<Dot>;

  static std::int32_t multiply_adds(std::size_t rounds) {
    constexpr std::size_t kChains = kMultiplyAddsARound / 32;
    __m256i sums[kChains];
    for (auto& sum : sums) sum = _mm256_setzero_si256();
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i codes = _mm256_set1_epi8(1);
    for (std::size_t i = 0; i < rounds; ++i) {
      for (auto& sum : sums) {
        asm volatile("" : "+x"(codes));  // or the compiler would multiply only once
        sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_maddubs_epi16(codes, codes), ones));
      }
    }
    for (std::size_t i = 1; i < kChains; ++i) sums[0] = _mm256_add_epi32(sums[0], sums[i]);
    return sum_of(sums[0]);
  }
};

}  // namespace

constexpr Kernels kAvx2Kernels = table_of<Avx2>("avx2");

}  // namespace inference
