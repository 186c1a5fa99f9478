// 16-bit formats, over every value they have, against the definition of the format.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "inference/quant/half.h"
#include "tests/inference/kernels_inputs.h"

namespace kernels_test {
namespace {

using inference::float_to_bf16;
using inference::float_to_half;
using inference::Half;
using inference::half_to_float;

// The value of a half by the formula of IEEE 754. REQUIRES: finite.
double value_of(Half half) {
  const int exponent = (half >> 10) & 0x1f;
  const int fraction = half & 0x3ff;
  const double magnitude =
      exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024 + fraction, exponent - 25);
  return (half & 0x8000) != 0 ? -magnitude : magnitude;
}

TEST(Half, BecomesTheFloatOfTheSameValue) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const Half half = static_cast<Half>(bits);
    const float value = half_to_float(half);
    ASSERT_EQ(std::signbit(value), (bits & 0x8000) != 0) << bits;
    if ((bits & 0x7c00) != 0x7c00) {
      ASSERT_EQ(static_cast<double>(value), value_of(half)) << bits;
    } else if ((bits & 0x3ff) == 0) {
      ASSERT_TRUE(std::isinf(value)) << bits;
    } else {
      ASSERT_TRUE(std::isnan(value)) << bits;
    }
  }
}

TEST(Half, ComesBackFromItsFloat) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    const bool is_nan = (bits & 0x7fff) > 0x7c00;
    const Half expected = static_cast<Half>(is_nan ? bits | 0x0200 : bits);  // NaN becomes quiet
    ASSERT_EQ(float_to_half(half_to_float(static_cast<Half>(bits))), expected) << bits;
  }
}

TEST(Half, RoundsToTheNearestAndTiesToEven) {
  // Between two neighbours, the middle goes to the even one, all else to the nearer one.
  for (std::uint32_t bits = 0; bits < 0x7c00; ++bits) {
    const double below = value_of(static_cast<Half>(bits));
    const double above = bits + 1 < 0x7c00 ? value_of(static_cast<Half>(bits + 1)) : 65536.0;
    const float middle = static_cast<float>((below + above) / 2);
    const Half even = static_cast<Half>(bits + (bits & 1));
    const float smaller = std::nextafter(middle, 0.0f);
    const float larger = std::nextafter(middle, 1e9f);
    ASSERT_EQ(float_to_half(middle), even) << bits;
    ASSERT_EQ(float_to_half(smaller), bits) << bits;
    ASSERT_EQ(float_to_half(larger), bits + 1) << bits;
    ASSERT_EQ(float_to_half(-middle), even | 0x8000) << bits;
  }
}

TEST(Half, OverflowsToInfinityAndKeepsNan) {
  EXPECT_EQ(float_to_half(65520.0f), 0x7c00);
  EXPECT_EQ(float_to_half(-std::numeric_limits<float>::max()), 0xfc00);
  EXPECT_EQ(float_to_half(std::numeric_limits<float>::infinity()), 0x7c00);
  // A payload in the low bits only must not turn into infinity.
  EXPECT_EQ(float_to_half(std::bit_cast<float>(0x7f800001u)), 0x7e00);
  EXPECT_EQ(float_to_half(0x1p-149f), 0);
  EXPECT_EQ(float_to_half(-0x1p-149f), 0x8000);
}

TEST(Bfloat, IsTheUpperHalfRoundedToEven) {
  Random random(9);
  for (int i = 0; i < 200000; ++i) {
    const std::uint32_t bits = static_cast<std::uint32_t>(random.next());
    const float value = std::bit_cast<float>(bits);
    if (std::isnan(value)) {
      ASSERT_TRUE(std::isnan(inference::bf16_to_float(float_to_bf16(value)))) << bits;
      continue;
    }
    const std::uint32_t below = bits >> 16;
    const std::uint32_t rest = bits & 0xffff;
    const bool up = rest > 0x8000 || (rest == 0x8000 && (below & 1) != 0);
    ASSERT_EQ(float_to_bf16(value), below + (up ? 1 : 0)) << bits;
  }
  EXPECT_EQ(inference::bf16_to_float(0x3f80), 1.0f);
}

}  // namespace
}  // namespace kernels_test
