#pragma once

// binary16 and bfloat16 from and to float, by integer arithmetic on the bits, so that every CPU
// gives the same result whatever instructions it has. Both directions agree bit for bit, NaN
// included, with the conversion instructions of x86 (F16C) and ARM.
// Thread safety: pure functions.

#include <bit>
#include <cstdint>

namespace inference {

using Half = std::uint16_t;  // IEEE binary16 bits: sign 1, exponent 5 (bias 15), fraction 10

// Exact. A signalling NaN becomes quiet; sign and payload stay. All three cases are computed and
// one is chosen, so that a loop over many halves has no branches.
inline float half_to_float(Half half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = half & 0x7c00u;
  const std::uint32_t magnitude = static_cast<std::uint32_t>(half & 0x7fffu) << 13;
  const std::uint32_t normal = magnitude + ((127u - 15u) << 23);
  const std::uint32_t quiet = (half & 0x03ffu) != 0 ? 0x00400000u : 0u;
  const std::uint32_t special = 0x7f800000u | magnitude | quiet;
  // Zero or subnormal: fraction * 2^-24. The fraction becomes that of a float in [2^-14, 2^-13),
  // and the implicit leading one is subtracted again; both steps are exact.
  constexpr std::uint32_t kSmallestNormal = (127u - 14u) << 23;
  const std::uint32_t subnormal = std::bit_cast<std::uint32_t>(
      std::bit_cast<float>(kSmallestNormal | magnitude) - std::bit_cast<float>(kSmallestNormal));
  std::uint32_t bits = exponent == 0 ? subnormal : normal;
  bits = exponent == 0x7c00u ? special : bits;
  return std::bit_cast<float>(sign | bits);
}

// Rounds to nearest, ties to even; beyond 65519.99 to infinity. NaN stays NaN (quiet).
inline Half float_to_half(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000u;
  const std::uint32_t magnitude = bits & 0x7fffffffu;
  std::uint32_t result = 0;
  if (magnitude > 0x7f800000u) {
    result = 0x7e00u | ((magnitude >> 13) & 0x03ffu);
  } else if (magnitude >= 0x47800000u) {  // 2^16 and more, infinity
    result = 0x7c00u;
  } else if (magnitude >= 0x38800000u) {  // 2^-14 and more: normal
    // Half a unit less one, plus the last bit kept, carries exactly when rounding goes up. A carry
    // out of the fraction raises the exponent, up to infinity, as it should.
    const std::uint32_t rebiased = magnitude - ((127u - 15u) << 23);
    result = (rebiased + 0x0fffu + ((rebiased >> 13) & 1u)) >> 13;
  } else if (magnitude > 0x33000000u) {  // above 2^-25: subnormal, in units of 2^-24
    const std::uint32_t fraction = (magnitude & 0x007fffffu) | 0x00800000u;
    const std::uint32_t shift = 126u - (magnitude >> 23);  // 14 to 24
    const std::uint32_t half_unit = 1u << (shift - 1u);
    result = (fraction + half_unit - 1u + ((fraction >> shift) & 1u)) >> shift;
  }
  return static_cast<Half>(sign | result);
}

// bfloat16 is the upper half of a float.
inline float bf16_to_float(std::uint16_t bf16) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bf16) << 16);
}

// Rounds to nearest, ties to even. NaN stays NaN (quiet).
inline std::uint16_t float_to_bf16(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return static_cast<std::uint16_t>((bits >> 16) | 0x0040u);
  }
  return static_cast<std::uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

}  // namespace inference
