// Nearly every bit of a quantised block may be random: quants, and for the K-types the packed
// scales and minima too. Only the fp16 scales decide how large the values are. With quants uniform
// over their range, the deviation of a value for a block scale of 1 is the constant below; the
// block scale is the wanted deviation over that constant, times a factor in [0.5, 1.5).
//
//   Q4_0  d*(q-8)            sd of q, 0..15: sqrt((16^2-1)/12) = 4.61
//   Q5_0  d*(q-16)           sd of q, 0..31: 9.23
//   Q8_0  d*q                sd of q, -127..127: 73.6
//   Q4_1  d*q+m, m=-7.5d     as Q4_0;  Q5_1: m=-15.5d, as Q5_0
//   Q4_K  d*sc*q-dmin*mn, sc and mn uniform 0..63, dmin=7.5d:   sqrt(168^2+196^2) = 258
//   Q5_K  the same with q 0..31, dmin=15.5d:                   sqrt(337^2+405^2) = 527
//   Q6_K  d*sc*(q-32), sc -128..127, q 0..63:                  74*18.5 = 1367

#include "tests/support/random_weights.h"

#include <bit>
#include <cstring>

namespace test_support {
namespace {

using inference::QuantType;

void put16(std::byte* out, std::uint16_t bits) { std::memcpy(out, &bits, sizeof bits); }

// Where the fp16 scales of a block lie, and how its values spread.
struct Layout {
  float deviation;       // of a value, for a scale of 1
  std::size_t scale_at;  // offset of the scale
  std::size_t minimum_at;
  float minimum;  // the second fp16 as a multiple of the scale; 0: there is none
};

Layout layout(QuantType type) {
  switch (type) {
    case QuantType::Q4_0:
      return {4.61F, 0, 0, 0};
    case QuantType::Q4_1:
      return {4.61F, 0, 2, -7.5F};
    case QuantType::Q5_0:
      return {9.23F, 0, 0, 0};
    case QuantType::Q5_1:
      return {9.23F, 0, 2, -15.5F};
    case QuantType::Q8_0:
      return {73.6F, 0, 0, 0};
    case QuantType::Q4_K:
      return {258, 0, 2, 7.5F};
    case QuantType::Q5_K:
      return {527, 0, 2, 15.5F};
    case QuantType::Q6_K:
      return {1367, 208, 0, 0};
    default:
      return {1, 0, 0, 0};
  }
}

void fill_blocks(QuantType type, float deviation, Random& random, std::span<std::byte> out) {
  const Layout form = layout(type);
  const std::size_t block_bytes = inference::geometry(type).block_bytes;
  random.fill(out);
  for (; !out.empty(); out = out.subspan(block_bytes)) {
    const float scale = deviation / form.deviation * random.uniform(0.5F, 1.5F);
    put16(out.data() + form.scale_at, half_bits(scale));
    if (form.minimum != 0) put16(out.data() + form.minimum_at, half_bits(scale * form.minimum));
    if (type == QuantType::Q8_0) {
      // No quantiser writes -128, and products of two signed bytes may rely on that.
      for (std::byte& quant : out.subspan(2, block_bytes - 2)) {
        if (quant == std::byte{0x80}) quant = std::byte{0x81};
      }
    }
  }
}

}  // namespace

std::uint16_t bfloat_bits(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return static_cast<std::uint16_t>((bits >> 16) | 0x40U);
  return static_cast<std::uint16_t>((bits + 0x7fffU + ((bits >> 16) & 1U)) >> 16);
}

std::uint16_t half_bits(float value) {
  const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
  const std::uint32_t sign = (bits >> 16) & 0x8000U;
  const std::uint32_t magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return static_cast<std::uint16_t>(sign | 0x7e00U);   // NaN
  if (magnitude >= 0x477ff000U) return static_cast<std::uint16_t>(sign | 0x7c00U);  // over 65519
  if (magnitude >= 0x38800000U) {
    // Normal: drop 13 bits of the fraction; a carry moves into the exponent as it should.
    const std::uint32_t rounded = magnitude + 0xfffU + ((magnitude >> 13) & 1U);
    return static_cast<std::uint16_t>(sign | ((rounded - 0x38000000U) >> 13));
  }
  // Subnormal: adding 0.5 leaves value / 2^-24, rounded to nearest even, in the low bits.
  const float shifted = std::bit_cast<float>(magnitude) + 0.5F;
  return static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000U));
}

void fill_row(QuantType type, float deviation, Random& random, std::span<std::byte> out) {
  switch (type) {
    case QuantType::F32:
      for (std::size_t i = 0; i < out.size(); i += 4) {
        const float value = deviation * random.normal();
        std::memcpy(out.data() + i, &value, sizeof value);
      }
      return;
    case QuantType::F16:
      for (std::size_t i = 0; i < out.size(); i += 2) {
        put16(out.data() + i, half_bits(deviation * random.normal()));
      }
      return;
    case QuantType::BF16:
      for (std::size_t i = 0; i < out.size(); i += 2) {
        put16(out.data() + i, bfloat_bits(deviation * random.normal()));
      }
      return;
    default:
      fill_blocks(type, deviation, random, out);
  }
}

}  // namespace test_support
