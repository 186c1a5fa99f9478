// The NEON kernels for CPUs with dot-product instructions (FEAT_DotProd: Cortex-A55, A76 and
// later): SDOT sums a lane's four products at once, exactly in int32.
//
// This file alone is compiled for Armv8.2 with that extension. It must not give the linker any
// function that another file shares: all is in unnamed namespaces or always inlined.

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
    return vdotq_s32(vdupq_n_s32(0), codes, vld1q_s8(values));
  }
};

}  // namespace

constexpr Kernels kNeonDotprodKernels{
    .name = "neon_dotprod",
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
