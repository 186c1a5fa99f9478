// The kernels for CPUs with AVX-512's dot-product instructions (VNNI, on 256-bit registers; Intel
// since Ice Lake, AMD since Zen 4): AVX2's tiles with fewer instructions. dpbusd sums a lane's four
// products at once, exactly; dpwssd joins the second multiplication with its addition.
//
// This file alone is compiled for AVX-512. It must not give the linker any function that another
// file shares: helpers are in unnamed namespaces or always inlined, and no library template is
// used.

#include <immintrin.h>

#include "inference/kernels/avx2_quantize.h"
#include "inference/kernels/avx2_tiles.h"
#include "inference/kernels/table_of.h"
#include "inference/kernels/tables.h"

namespace inference {
namespace {

struct Dot {
  static constexpr std::size_t kRowsMax = 12;
  static __m256i lanes(__m256i codes, __m256i x) {
    return _mm256_dpbusd_epi32(_mm256_setzero_si256(), codes, x);
  }
  static __m256i add_scaled(__m256i sum, __m256i pairs, __m256i scale) {
    return _mm256_dpwssd_epi32(sum, pairs, scale);
  }
};

struct Avx512Vnni {
  using Lanes = Avx2Lanes;
  using Quantizer = Avx2Quantizer;
  using Tiles = Avx2Tiles<Dot>;

  static std::int32_t multiply_adds(std::size_t rounds) {
    constexpr std::size_t kChains = kMultiplyAddsARound / 32;
    __m256i sums[kChains];
    for (auto& sum : sums) sum = _mm256_setzero_si256();
    __m256i codes = _mm256_set1_epi8(1);
    for (std::size_t i = 0; i < rounds; ++i) {
      for (auto& sum : sums) {
        asm volatile("" : "+x"(codes));  // or the compiler would multiply only once
        sum = _mm256_dpbusd_epi32(sum, codes, codes);
      }
    }
    for (std::size_t i = 1; i < kChains; ++i) sums[0] = _mm256_add_epi32(sums[0], sums[i]);
    return sum_of(sums[0]);
  }
};

}  // namespace

constexpr Kernels kAvx512VnniKernels = table_of<Avx512Vnni>("avx512_vnni");

}  // namespace inference
