// The NEON kernels for the baseline of AArch64 (no dot-product instructions).
//
// A lane's four products: vmull gives int16 products, which pairwise additions that widen to int32
// bring together, so nothing can overflow.

#include <arm_neon.h>

#include "inference/kernels/float_kernels.h"
#include "inference/kernels/neon_lanes.h"
#include "inference/kernels/neon_quantize.h"
#include "inference/kernels/neon_tiles.h"
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

}  // namespace

constexpr Kernels kNeonKernels{
    .name = "neon",
    .quantize_activations = quantize_activations<NeonQuantizer>,
    .matmul = matmul<NeonTiles<Dot>>,
    .rms_norm = FloatKernels<NeonLanes>::rms_norm,
    .silu_multiply = FloatKernels<NeonLanes>::silu_multiply,
    .add = FloatKernels<NeonLanes>::add,
    .rope = FloatKernels<NeonLanes>::rope,
    .to_half = FloatKernels<NeonLanes>::to_half,
    .attention_scores = FloatKernels<NeonLanes>::attention_scores,
    .softmax = FloatKernels<NeonLanes>::softmax,
    .attention_mix = FloatKernels<NeonLanes>::attention_mix,
};

}  // namespace inference
