#include "inference/kernels/math.h"

// The double-precision functions follow the classical scheme: reduce the argument to a small
// interval with constants split into parts whose products are exact (Cody and Waite), evaluate a
// series there, put the result together by exact scaling. Speed does not matter here, tables are
// made once; so the series are Taylor's, long enough for the interval.

#include <cstddef>
#include <limits>

namespace inference::math {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kRounder = 0x1.8p+52;  // added and subtracted: rounds to an integer, |x| < 2^51

// pi / 2 = high + middle + low; high and middle have 33 bits, so n * high is exact for n < 2^20.
constexpr double kHalfPiHigh = 0x1.921fb544p+0;
constexpr double kHalfPiMiddle = 0x1.0b4611a6p-34;
constexpr double kHalfPiLow = 0x1.3198a2e037073p-69;
constexpr double kTwoOverPi = 0x1.45f306dc9c883p-1;

// ln 2 = high + low; high has 32 bits.
constexpr double kLn2High = 0x1.62e42feep-1;
constexpr double kLn2Low = 0x1.a39ef35793c76p-33;
constexpr double kInverseLn2 = 0x1.71547652b82fep+0;

double from_bits(std::uint64_t bits) { return std::bit_cast<double>(bits); }
std::uint64_t to_bits(double value) { return std::bit_cast<std::uint64_t>(value); }

// x = quadrant * pi / 2 + (r + tail), |r| <= pi / 4 and a bit.
struct Reduced {
  unsigned quadrant;  // modulo 4
  double r;
  double tail;  // what rounding r lost
};

Reduced reduce(double x) {
  const double shifted = x * kTwoOverPi + kRounder;
  const double n = shifted - kRounder;
  const double first = x - n * kHalfPiHigh;
  const double second = -(n * kHalfPiMiddle);
  const double difference = first + second;
  const double back = difference - first;
  const double lost = (first - (difference - back)) + (second - back);  // exact (Knuth)
  const double low = lost - n * kHalfPiLow;
  const double r = difference + low;
  return {static_cast<unsigned>(to_bits(shifted) & 3u), r, (difference - r) + low};
}

// sin(r + tail) = r - r^3/3! + ... + tail cos r
double sine_series(double r, double tail) {
  const double z = r * r;
  double sum = 0;
  for (int k = 19; k >= 3; k -= 2) sum = (1.0 - sum * z) / static_cast<double>(k * (k - 1));
  return r + (tail * (1.0 - 0.5 * z) - r * (z * sum));
}

// cos(r + tail) = 1 - r^2/2! + ... - tail sin r
double cosine_series(double r, double tail) {
  const double z = r * r;
  double sum = 0;
  for (int k = 20; k >= 4; k -= 2) sum = (1.0 - sum * z) / static_cast<double>(k * (k - 1));
  const double half = 0.5 * z;
  const double head = 1.0 - half;
  return head + (((1.0 - head) - half) + (z * (half * sum) - r * tail));
}

bool reducible(double x) { return x > -0x1p31 && x < 0x1p31; }

}  // namespace

double sin(double x) {
  if (!reducible(x)) return kNan;
  const Reduced reduced = reduce(x);
  const double value = (reduced.quadrant & 1u) != 0 ? cosine_series(reduced.r, reduced.tail)
                                                    : sine_series(reduced.r, reduced.tail);
  return (reduced.quadrant & 2u) != 0 ? -value : value;
}

double cos(double x) {
  if (!reducible(x)) return kNan;
  const Reduced reduced = reduce(x);
  const double value = (reduced.quadrant & 1u) != 0 ? sine_series(reduced.r, reduced.tail)
                                                    : cosine_series(reduced.r, reduced.tail);
  return ((reduced.quadrant + 1u) & 2u) != 0 ? -value : value;
}

double exp(double x) {
  if (x > 709.8) return kInfinity;
  if (x < -745.2) return 0;
  if (x != x) return x;
  const double shifted = x * kInverseLn2 + kRounder;
  const double n = shifted - kRounder;
  const double high = x - n * kLn2High;
  const double low = n * kLn2Low;
  const double r = high - low;
  const double tail = (high - r) - low;
  // e^r = 1 + r (1 + r/2 (1 + r/3 (...)))
  double sum = 1.0;
  for (int k = 15; k >= 3; --k) sum = 1.0 + sum * r / static_cast<double>(k);
  const double y = 1.0 + (r + (tail + 0.5 * r * r * sum));
  // 2^n in two factors, so that the last product rounds once to a subnormal or to infinity.
  const std::uint64_t exponent = to_bits(shifted) - to_bits(kRounder);
  const std::uint64_t first = static_cast<std::uint64_t>(static_cast<std::int64_t>(exponent) >> 1);
  const std::uint64_t second = exponent - first;
  return y * from_bits((first + 1023u) << 52) * from_bits((second + 1023u) << 52);
}

double log(double x) {
  if (x != x || x == kInfinity) return x;
  if (x < 0) return kNan;
  if (x == 0) return -kInfinity;
  int exponent = 0;
  if (x < 0x1p-1022) {
    x *= 0x1p54;
    exponent = -54;
  }
  // x = 2^exponent * m, m in [sqrt(1/2), sqrt(2)).
  std::uint64_t bits = to_bits(x);
  constexpr std::uint64_t kSqrtHalf = 0x3fe6a09e667f3bcdu;
  const std::uint64_t distance = bits - kSqrtHalf;
  const int steps = static_cast<int>(static_cast<std::int64_t>(distance) >> 52);
  exponent += steps;
  bits -= static_cast<std::uint64_t>(static_cast<std::int64_t>(steps)) << 52;
  const double m = from_bits(bits);
  // log m = 2 atanh(s) = 2 s + 2 s^3/3 + ..., s = f / (2 + f), f = m - 1. The leading term is
  // written as f - f^2/2 + s (f^2/2 + ...), which keeps f, an exact number, apart.
  const double f = m - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double sum = 0;
  for (int k = 25; k >= 3; k -= 2) sum = (sum + 2.0 / static_cast<double>(k)) * z;
  const double half_square = 0.5 * f * f;
  const double n = static_cast<double>(exponent);
  return n * kLn2High - ((half_square - (s * (half_square + sum) + n * kLn2Low)) - f);
}

double pow(double x, double y) { return exp(y * log(x)); }

}  // namespace inference::math
