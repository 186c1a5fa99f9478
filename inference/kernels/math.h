#pragma once

// Our own elementary functions: only IEEE additions, multiplications, divisions and operations on
// bits, in a fixed order, so that every CPU and compiler gives the same result. The mathematical
// library of the system gives different last bits from one version to the next.
// The single-precision exponential serves kernels, the double-precision functions the tables that
// are made at load time.
// Thread safety: pure functions.

#include <bit>
#include <cstdint>

namespace inference::math {

// Constants of exp, shared with the vector versions, which must do the same operations.
// exp(x) = 2^n * exp(r), n = round(x / ln 2), r = x - n ln 2, |r| <= 0.347;
// exp(r) = 1 + (r + r^2 (c0 + c1 r + ... + c4 r^4)), a minimax fit with an error of 0.05 ulp.
inline constexpr float kExpMin = -104.0f;  // exp of this and less is 0
inline constexpr float kExpMax = 89.0f;    // exp of this and more is infinity
inline constexpr float kExpInverseLn2 = 0x1.715476p+0f;
inline constexpr float kExpRounder = 0x1.8p+23f;       // added and subtracted: rounds to an integer
inline constexpr float kExpLn2High = 0x1.63p-1f;       // few bits, so that n * high is exact
inline constexpr float kExpLn2Low = -0x1.bd0106p-13f;  // ln 2 - high
inline constexpr float kExpC0 = 0x1.fffffcp-2f;
inline constexpr float kExpC1 = 0x1.55549p-3f;
inline constexpr float kExpC2 = 0x1.5558f4p-5f;
inline constexpr float kExpC3 = 0x1.123a44p-7f;
inline constexpr float kExpC4 = 0x1.6a2392p-10f;

// e^x within 1 ulp; subnormal results too. exp(NaN) is NaN.
inline float exp(float x) {
  // Comparisons, not min and max, so that NaN passes through.
  x = x > kExpMax ? kExpMax : x;
  x = x < kExpMin ? kExpMin : x;
  const float shifted = x * kExpInverseLn2 + kExpRounder;
  const float n = shifted - kExpRounder;
  const float r = (x - n * kExpLn2High) - n * kExpLn2Low;
  float q = kExpC4;
  q = q * r + kExpC3;
  q = q * r + kExpC2;
  q = q * r + kExpC1;
  q = q * r + kExpC0;
  const float y = (r * r * q + r) + 1.0f;
  // 2^n in two factors: the first product is exact, the second rounds once, to a subnormal, or
  // overflows to infinity. For NaN the exponent is garbage, and the product still NaN.
  const std::uint32_t exponent =
      std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(kExpRounder);
  const std::uint32_t first = static_cast<std::uint32_t>(static_cast<std::int32_t>(exponent) >> 1);
  const std::uint32_t second = exponent - first;
  return y * std::bit_cast<float>((first + 127u) << 23) *
         std::bit_cast<float>((second + 127u) << 23);
}

// Sine and cosine within 2 ulp or 1e-16, whichever is larger, for |x| < 10^6; for larger |x| the
// error grows to a few ulp of x. NaN for |x| >= 2^31 and for what is not finite.
double sin(double x);
double cos(double x);

// e^x within 2 ulp where the result is normal; 0 below -745.2 and infinity above 709.8.
double exp(double x);

// Natural logarithm within 2 ulp. log(0) is -infinity, of a negative number NaN.
double log(double x);

// x^y = exp(y log x). The relative error is about 2^-52 (1 + |y log x|).
// REQUIRES: x > 0.
double pow(double x, double y);

}  // namespace inference::math
