// The NEON kernels for the baseline of AArch64 (no dot-product instructions).
//
// A lane's four products: vmull gives int16 products, which pairwise additions that widen to int32
// bring together, so nothing can overflow.

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
    const int8x16_t x = vld1q_s8(values);
    const int16x8_t first = vmull_s8(vget_low_s8(codes), vget_low_s8(x));
    const int16x8_t second = vmull_high_s8(codes, x);
    return vpaddq_s32(vpaddlq_s16(first), vpaddlq_s16(second));
  }
};

struct Neon {
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
        sum = vpadalq_s16(
            sum, vmlal_high_s8(vmull_s8(vget_low_s8(codes), vget_low_s8(codes)), codes, codes));
      }
    }
    for (std::size_t i = 1; i < kChains; ++i) sums[0] = vaddq_s32(sums[0], sums[i]);
    return vaddvq_s32(sums[0]);
  }
};

}  // namespace

constexpr Kernels kNeonKernels = table_of<Neon>("neon");

}  // namespace inference
