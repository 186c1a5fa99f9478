#pragma once

// Eight float lanes in two NEON registers: the vocabulary of float_kernels.h.
// Thread safety: pure functions.

#include <arm_neon.h>

#include "inference/kernels/math.h"
#include "inference/quant/half.h"

namespace inference {
namespace {

struct NeonLanes {
  float32x4_t low;   // lanes 0 to 3
  float32x4_t high;  // lanes 4 to 7

  static NeonLanes load(const float* p) { return {vld1q_f32(p), vld1q_f32(p + 4)}; }
  static NeonLanes broadcast(float x) { return {vdupq_n_f32(x), vdupq_n_f32(x)}; }
  static NeonLanes load_half(const Half* p) {
    const float16x8_t halves = vreinterpretq_f16_u16(vld1q_u16(p));
    return {vcvt_f32_f16(vget_low_f16(halves)), vcvt_f32_f16(vget_high_f16(halves))};
  }
  // (p0, p0, p1, p1, p2, p2, p3, p3)
  static NeonLanes load_pairs(const float* p) {
    const float32x4_t four = vld1q_f32(p);
    return {vzip1q_f32(four, four), vzip2q_f32(four, four)};
  }
  void store(float* p) const {
    vst1q_f32(p, low);
    vst1q_f32(p + 4, high);
  }
  void store_half(Half* p) const {
    vst1_u16(p, vreinterpret_u16_f16(vcvt_f16_f32(low)));
    vst1_u16(p + 4, vreinterpret_u16_f16(vcvt_f16_f32(high)));
  }

  friend NeonLanes operator+(NeonLanes a, NeonLanes b) {
    return {vaddq_f32(a.low, b.low), vaddq_f32(a.high, b.high)};
  }
  friend NeonLanes operator-(NeonLanes a, NeonLanes b) {
    return {vsubq_f32(a.low, b.low), vsubq_f32(a.high, b.high)};
  }
  friend NeonLanes operator*(NeonLanes a, NeonLanes b) {
    return {vmulq_f32(a.low, b.low), vmulq_f32(a.high, b.high)};
  }
  friend NeonLanes operator/(NeonLanes a, NeonLanes b) {
    return {vdivq_f32(a.low, b.low), vdivq_f32(a.high, b.high)};
  }

  static NeonLanes select_greater(NeonLanes a, NeonLanes b, NeonLanes x, NeonLanes y) {
    return {vbslq_f32(vcgtq_f32(a.low, b.low), x.low, y.low),
            vbslq_f32(vcgtq_f32(a.high, b.high), x.high, y.high)};
  }
  static NeonLanes times_power_of_two(NeonLanes y, NeonLanes shifted) {
    return {times_power_of_two(y.low, shifted.low), times_power_of_two(y.high, shifted.high)};
  }
  static float32x4_t times_power_of_two(float32x4_t y, float32x4_t shifted) {
    const int32x4_t exponent = vsubq_s32(vreinterpretq_s32_f32(shifted),
                                         vreinterpretq_s32_f32(vdupq_n_f32(math::kExpRounder)));
    const int32x4_t first = vshrq_n_s32(exponent, 1);
    return vmulq_f32(vmulq_f32(y, power_of_two(first)), power_of_two(vsubq_s32(exponent, first)));
  }
  static float32x4_t power_of_two(int32x4_t exponent) {
    return vreinterpretq_f32_s32(vshlq_n_s32(vaddq_s32(exponent, vdupq_n_s32(127)), 23));
  }

  NeonLanes square_root() const { return {vsqrtq_f32(low), vsqrtq_f32(high)}; }
  NeonLanes negate() const { return {vnegq_f32(low), vnegq_f32(high)}; }
  NeonLanes swap_pairs() const { return {vrev64q_f32(low), vrev64q_f32(high)}; }

  // ((0+4)+(2+6))+((1+5)+(3+7))
  float reduce() const {
    const float32x4_t halves = vaddq_f32(low, high);
    const float32x2_t pairs = vadd_f32(vget_low_f32(halves), vget_high_f32(halves));
    return vget_lane_f32(pairs, 0) + vget_lane_f32(pairs, 1);
  }
};

}  // namespace
}  // namespace inference
