// The NEON kernels for CPUs with dot-product instructions (FEAT_DotProd: Cortex-A55, A76 and
// later): SDOT sums a lane's four products at once, exactly in int32.
//
// This file alone is compiled for Armv8.2 with that extension. It must not give the linker any
// function that another file shares: all is in unnamed namespaces or always inlined.

#include <arm_neon.h>

#include "inference/kernels/neon_lanes.h"
#include "inference/kernels/neon_quantize.h"
#include "inference/kernels/neon_tiles.h"
#include "inference/kernels/table_of.h"
#include "inference/kernels/tables.h"

namespace inference {
namespace {

struct Dot {
  static int32x4_t four_lanes(int8x16_t codes, const std::int8_t* values) {
    return vdotq_s32(vdupq_n_s32(0), codes, vld1q_s8(values));
  }
};

struct NeonDotprod {
  using Lanes = NeonLanes;
  using Quantizer = NeonQuantizer;
  using Tiles = NeonTiles<Dot>;

  static std::int32_t multiply_adds(std::size_t rounds) {
    constexpr std::size_t kChains = kMultiplyAddsARound / 16;
    int32x4_t sums[kChains];
    for (auto& sum : sums) sum = vdupq_n_s32(0);
    int8x16_t codes = vdupq_n_s8(1);
    for (std::size_t i = 0; i < rounds; ++i) {
      for (auto& sum : sums) {
        asm volatile("" : "+w"(codes));  // or the compiler would multiply only once
        sum = vdotq_s32(sum, codes, codes);
      }
    }
    for (std::size_t i = 1; i < kChains; ++i) sums[0] = vaddq_s32(sums[0], sums[i]);
    return vaddvq_s32(sums[0]);
  }
};

}  // namespace

constexpr Kernels kNeonDotprodKernels = table_of<NeonDotprod>("neon_dotprod");

}  // namespace inference
