// Our elementary functions against the system's, within the errors the header promises.

#include <gtest/gtest.h>

#include <cmath>

#include "inference/kernels/math.h"
#include "tests/inference/kernels_inputs.h"

namespace kernels_test {
namespace {

namespace math = inference::math;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// The distance of doubles in units of the last place of `expected`.
double ulps(double expected, double actual) {
  if (expected == actual) return 0;
  const double unit = std::nextafter(std::abs(expected), kInfinity) - std::abs(expected);
  return std::abs(expected - actual) / unit;
}

TEST(MathExpFloat, IsWithinOneUlpOverAllMagnitudes) {
  double worst = 0;
  for (std::uint32_t bits = 0; bits < 0x43000000u; bits += 1009) {  // up to 128
    for (const std::uint32_t sign : {0u, 0x80000000u}) {
      const float x = std::bit_cast<float>(bits | sign);
      const double expected = std::exp(static_cast<double>(x));
      const float actual = math::exp(x);
      if (expected > 0x1.ffffffp+127) {
        ASSERT_EQ(actual, std::numeric_limits<float>::infinity()) << x;
        continue;
      }
      const double unit = std::ldexp(1.0, std::max(std::ilogb(expected), -126) - 23);
      worst = std::max(worst, std::abs(static_cast<double>(actual) - expected) / unit);
    }
  }
  EXPECT_LE(worst, 1.0);
}

TEST(MathExpFloat, KnowsItsEdges) {
  constexpr float kFloatInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(math::exp(0.0f), 1.0f);
  EXPECT_EQ(math::exp(-0.0f), 1.0f);
  EXPECT_EQ(math::exp(kFloatInfinity), kFloatInfinity);
  EXPECT_EQ(math::exp(-kFloatInfinity), 0.0f);
  EXPECT_LT(math::exp(88.72283f), kFloatInfinity);
  EXPECT_EQ(math::exp(88.72284f), kFloatInfinity);
  EXPECT_EQ(math::exp(-103.0f), 0x1p-149f);
  EXPECT_EQ(math::exp(-103.98f), 0.0f);
  EXPECT_TRUE(std::isnan(math::exp(std::numeric_limits<float>::quiet_NaN())));
}

TEST(MathSinCos, AreRightForAnglesOfAMillionPositions) {
  Random random(1);
  double worst = 0;
  for (int i = 0; i < 300000; ++i) {
    const double range = std::pow(10.0, 6.0 * random.uniform());
    const double x = range * (2 * random.uniform() - 1);
    worst = std::max(worst, ulps(std::sin(x), math::sin(x)));
    worst = std::max(worst, ulps(std::cos(x), math::cos(x)));
  }
  EXPECT_LE(worst, 2.0);
}

TEST(MathSinCos, KeepTheirPrecisionNearMultiplesOfHalfPi) {
  double worst = 0;
  for (int k = 1; k < 600000; k += 7) {
    const double x = k * 0x1.921fb54442d18p+0;
    worst = std::max(worst, ulps(std::sin(x), math::sin(x)));
    worst = std::max(worst, ulps(std::cos(x), math::cos(x)));
  }
  EXPECT_LE(worst, 2.0);
}

TEST(MathSinCos, KnowTheirEdges) {
  EXPECT_EQ(math::sin(0.0), 0.0);
  EXPECT_EQ(math::cos(0.0), 1.0);
  EXPECT_EQ(math::sin(0x1p-1022), 0x1p-1022);
  for (const double bad : {0x1p31, -0x1p31, 1e300, kInfinity, -kInfinity, std::nan("")}) {
    EXPECT_TRUE(std::isnan(math::sin(bad))) << bad;
    EXPECT_TRUE(std::isnan(math::cos(bad))) << bad;
  }
}

TEST(MathExpLogPow, AreWithinTheirErrors) {
  Random random(2);
  double worst_exp = 0;
  double worst_log = 0;
  double worst_pow = 0;
  for (int i = 0; i < 200000; ++i) {
    const double x = 1400 * (random.uniform() - 0.5);
    worst_exp = std::max(worst_exp, ulps(std::exp(x), math::exp(x)));
    const double near_one = 1 + (random.uniform() - 0.5) * std::pow(10.0, -8 * random.uniform());
    const double y = i % 2 == 0 ? std::exp(x / 2) : near_one;
    worst_log = std::max(worst_log, ulps(std::log(y), math::log(y)));
    const double base = std::pow(10.0, 3 + 3 * random.uniform());
    const double power = -random.uniform();
    const double size = 1 + std::abs(power * std::log(base));
    worst_pow = std::max(worst_pow, ulps(std::pow(base, power), math::pow(base, power)) / size);
  }
  EXPECT_LE(worst_exp, 2.0);
  EXPECT_LE(worst_log, 2.0);
  EXPECT_LE(worst_pow, 2.0);
}

TEST(MathExpLogPow, KnowTheirEdges) {
  EXPECT_EQ(math::exp(0.0), 1.0);
  EXPECT_EQ(math::exp(709.9), kInfinity);
  EXPECT_EQ(math::exp(-745.0), 0x1p-1074);
  EXPECT_EQ(math::exp(-746.0), 0.0);
  EXPECT_TRUE(std::isnan(math::exp(std::nan(""))));
  EXPECT_EQ(math::log(1.0), 0.0);
  EXPECT_EQ(math::log(0.0), -kInfinity);
  EXPECT_EQ(math::log(kInfinity), kInfinity);
  EXPECT_NEAR(math::log(0x1p-1074), -744.4400719213812, 1e-12);
  EXPECT_TRUE(std::isnan(math::log(-1.0)));
  EXPECT_TRUE(std::isnan(math::log(std::nan(""))));
  EXPECT_EQ(math::pow(10000.0, 0.0), 1.0);
}

}  // namespace
}  // namespace kernels_test
